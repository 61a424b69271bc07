"""The base class of all explorers: what a research method must say of itself to become a tab of the page."""

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from gradio.components import Component

_LONGEST_TITLE = 16  # characters: on a phone of 390 px two such tabs still stand side by side


@dataclass(frozen=True, slots=True)
class Paper:
    """The publication that an explorer shows: title, authors as one line, year, and the address to read it at."""

    title: str
    authors: str
    year: int
    url: str


class Explorer(ABC):
    """One research method as one tab.

    The docstring of a subclass is Markdown, and is the text shown under "What am I looking at?".

    Class attributes:
        id: names the tab in links (`?tab=<id>`), and starts the names of its endpoints.
        title: the tab's label, at most 16 characters.
        paper: the publication it shows.
        backend: the module under `backends/` that computes for it. It is imported on the first request, not with
            the page, except where a ZeroGPU Space needs the models in place at the start.
        showcase: the link parameters of the state that README's pictures show; none for the opening.

    Attributes:
        restored: the components that a link can set, in the order of `restore`'s updates; `build` assigns it.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[Paper]
    backend: ClassVar[str]
    showcase: ClassVar[Mapping[str, str]] = MappingProxyType({})
    restored: Sequence[Component] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if inspect.isabstract(cls):
            return
        for name in ("id", "title", "paper", "backend"):
            if not hasattr(cls, name):
                raise TypeError(f"{cls.__name__} needs the class attribute {name!r}")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", cls.id):
            raise TypeError(f"{cls.__name__}.id must be lower-case letters, digits and '_', got {cls.id!r}")
        if not 0 < len(cls.title) <= _LONGEST_TITLE:
            raise TypeError(f"{cls.__name__}.title must have 1 to {_LONGEST_TITLE} characters, got {cls.title!r}")
        if not cls.__doc__:
            raise TypeError(f"{cls.__name__} needs a docstring: it is shown on the page")

    @abstractmethod
    def build(self) -> None:
        """Lay out the tab and wire its events, inside the tab that the page has opened for it."""

    def restore(self, query: Mapping[str, str]) -> Sequence[Any]:
        """The updates, one per component of `restored`, that bring back what the link's `query` describes.

        A value in `query` comes from whoever wrote the link: what is not known is ignored, never an error.
        """
        if self.restored:
            raise NotImplementedError(f"{type(self).__name__} has components to restore and no restore()")
        return ()

    @classmethod
    def about(cls) -> str:
        """The text under "What am I looking at?", as Markdown: the docstring and the paper."""
        paper = cls.paper
        return f"{inspect.getdoc(cls)}\n\n*[{paper.title}]({paper.url})*, {paper.authors}, {paper.year}."
