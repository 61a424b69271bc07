"""What people see: the ordered registry of explorers. Each is one tab, and imported only when it is asked for."""

from importlib import import_module

from explorers.explorer import Explorer

__version__ = "0.1.0"

REGISTRY: dict[str, str] = {
    "concepts": "explorers.concepts:ConceptsExplorer",
    "text_image": "explorers.text_image:TextImageExplorer",
    "attention_rules": "explorers.attention_rules:RulesExplorer",
    "visual_patterns": "explorers.visual_patterns:PatternsExplorer",
}
"""Explorer id -> "module:Class", in the order of the tabs. To add an explorer is to add a line."""


def load(explorer_id: str) -> type[Explorer]:
    """Import the explorer called `explorer_id` and return its class.

    Raises:
        KeyError: if there is no such explorer; the message lists those there are.
        TypeError: if the registry's line names something else than an `Explorer` with that id.
    """
    if explorer_id not in REGISTRY:
        raise KeyError(f"no explorer {explorer_id!r}; there are: {', '.join(REGISTRY)}")
    module, _, name = REGISTRY[explorer_id].partition(":")
    found = getattr(import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, Explorer) and found.id == explorer_id):
        raise TypeError(f"{REGISTRY[explorer_id]} is not the Explorer with the id {explorer_id!r}")
    return found


def load_all() -> list[type[Explorer]]:
    """The classes of all explorers, in the order of the tabs."""
    return [load(explorer_id) for explorer_id in REGISTRY]
