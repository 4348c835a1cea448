"""A table as lines of aligned text, for a block of fixed-width letters on a phone."""

from __future__ import annotations

from bot.messages.figures import columns, fit
from bot.messages.model import Align, Table
from bot.spend.names import visible

PHONE = 42
"""Letters on a line of preformatted text before a phone wraps it."""

_GAP = "  "
_NARROWEST = 8
_WIDEST_FIGURE = 24

Row = tuple[str, ...]


def aligned(table: Table, width: int = PHONE) -> list[str]:
    """The column titles (when there are any) and each row, columns lined up, no trailing spaces.

    When the whole is wider than `width` the text columns are cut, widest first, down to eight
    letters; figures (right-aligned cells) are not cut for room, since a cut figure lies.
    """
    aligns = [align for _, align in table.columns]
    titles = tuple(title for title, _ in table.columns)
    rows = [titles, *table.rows] if any(titles) else list(table.rows)
    cells = [_cells(row, aligns) for row in rows]
    widths = _widths(cells, aligns, width)
    return [_line(row, widths, aligns) for row in cells]


def _cells(row: Row, aligns: list[Align]) -> Row:
    """The row with exactly one visible cell per column."""
    full = [*row, *[""] * len(aligns)][: len(aligns)]
    return tuple(_cell(text, align) for text, align in zip(full, aligns, strict=True))


def _cell(text: str, align: Align) -> str:
    return fit(visible(text[:400]).strip(), _WIDEST_FIGURE if align is Align.RIGHT else 80)


def _widths(cells: list[Row], aligns: list[Align], width: int) -> list[int]:
    widths = [max((columns(row[n]) for row in cells), default=0) for n in range(len(aligns))]
    texts = [n for n, align in enumerate(aligns) if align is Align.LEFT]
    room = width - len(_GAP) * (len(aligns) - 1)
    while sum(widths) > room:
        widest = max(texts, key=lambda n: widths[n], default=None)
        if widest is None or widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return widths


def _line(row: Row, widths: list[int], aligns: list[Align]) -> str:
    padded = [_padded(*cell) for cell in zip(row, widths, aligns, strict=True)]
    return _GAP.join(padded).rstrip()


def _padded(text: str, width: int, align: Align) -> str:
    shown = fit(text, width)
    space = " " * (width - columns(shown))
    return space + shown if align is Align.RIGHT else shown + space
