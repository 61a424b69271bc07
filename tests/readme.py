"""Fills the tables of README from the code: `python -m tests.readme`."""

from pathlib import Path

from backends.settings import settings_table
from explorers import load_all

README = Path(__file__).parents[1] / "README.md"


def explorer_table() -> str:
    """The table of explorers, as Markdown, from their own attributes."""
    rows = [
        f"| **{kind.title}** | `?tab={kind.id}` | [{kind.paper.title}]({kind.paper.url}), {kind.paper.authors}, "
        f"{kind.paper.year} |"
        for kind in load_all()
    ]
    return "\n".join(["| Explorer | Link | Paper |", "|---|---|---|", *rows])


def filled(text: str) -> str:
    """`text` with each table between `<!-- NAME -->` and `<!-- end -->` as the code has it now."""
    for name, table in {"explorers": explorer_table(), "settings": settings_table()}.items():
        start, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, rest = text.partition(start)
        text = before + start + table + "\n" + end + rest.partition(end)[2]
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
