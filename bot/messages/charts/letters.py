"""Which letters the fonts of this machine can draw, and names made of those alone.

A letter no font has would be drawn as an empty box, with a warning. DejaVu Sans comes with
matplotlib; a font for Chinese, Japanese and Korean, or for emoji, is used where one is installed
(Debian: `fonts-droid-fallback` and `fonts-symbola`, which the container image brings).
"""

from __future__ import annotations

import logging
from functools import cache
from unicodedata import category, normalize

from matplotlib import font_manager as fonts

from bot.spend.names import UNNAMED, clean, cut

FONT = "DejaVu Sans"
# A font without a bold is no news: its letters are drawn regular.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
OTHER_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans JP",
    "Noto Sans SC",
    "Source Han Sans",
    "IPAexGothic",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "Malgun Gothic",
    "Droid Sans Fallback",
    "Hiragino Sans",
    "Yu Gothic",
    "Microsoft YaHei",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Tamil",
    "Noto Sans Thai",
    "Noto Emoji",
    "Symbola",
)


@cache
def families() -> tuple[str, ...]:
    """Font families in the order they are tried for a letter; all of them exist here."""
    here = {font.name for font in fonts.fontManager.ttflist}
    return (FONT, *(name for name in OTHER_FONTS if name in here))


@cache
def _letters() -> frozenset[int]:
    """Code points that can be drawn both in regular and in bold."""
    regular, bold = (_charmap(FONT, weight) for weight in ("regular", "bold"))
    others = (_charmap(name, "regular") for name in families()[1:])
    return frozenset((regular & bold).union(*others))


def _charmap(name: str, weight: str) -> set[int]:
    properties = fonts.FontProperties(family=name, weight=weight)
    return set(fonts.get_font(fonts.findfont(properties)).get_charmap())


def drawable(text: str) -> str:
    """The text with only letters that can be drawn: emoji dropped, other strangers as `?`."""
    return " ".join("".join(_drawn(char) for char in text).split())


def _drawn(char: str) -> str:
    if ord(char) in _letters():
        return char
    plainer = normalize("NFKC", char)
    if all(ord(part) in _letters() for part in plainer):
        return plainer
    return "?" if category(char)[0] in "LN" else ""


def label(name: str, subject: str = "", limit: int = 40) -> str:
    """A name for a chart; its id where most of the name's letters cannot be drawn."""
    shown = drawable(clean(name, limit))
    letters = sum(char.isalnum() for char in shown)
    if (subject and shown.count("?") > letters) or not shown:
        shown = drawable(clean(subject, limit)) or UNNAMED
    return cut(shown, limit)
