"""Colours: what each means, and which subject has which.

The subjects' colours were searched for so that any two, and the grey of the others, lie at least
19 CIELAB units apart also for the colour-blind (a test measures it), and twice as dark as paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from types import MappingProxyType

PAPER = "#FDFDFC"
INK = "#1D1C1D"
MUTED = "#5C5F66"
RULE = "#E4E4E1"
BAND = "#F0EFEC"
OTHER = "#A9ADB5"
ALARM = "#B3261E"
MAIN = "#3F5BD0"
SECOND = "#F2A51E"

SUBJECTS = (
    "#3F5BD0",  # blue
    "#C2561E",  # rust
    "#0B7A5B",  # green
    "#8A6AA6",  # mauve
    "#66B3F5",  # sky
    "#F2A51E",  # amber
    "#2E1760",  # aubergine
    "#6B1410",  # maroon
)
_NONE: Mapping[str, str] = MappingProxyType({})


def colours(ids: Iterable[str], chosen: Mapping[str, str] = _NONE) -> dict[str, str]:
    """A colour for each id: its own, by hash, in every chart and on every day.

    Where two ids want one colour, the later by hash takes a free one, so charts of the same
    subjects agree whatever their order. `chosen` colours are kept, e.g. those of another
    chart in the message, and given to nobody else. Who comes when all eight are taken is grey:
    two subjects never share a colour.
    """
    wanted = sorted(set(ids), key=_digest)
    given = {one: chosen[one] for one in wanted if one in chosen}
    free = [colour for colour in SUBJECTS if colour not in chosen.values()]
    for one in wanted:
        if one in given:
            continue
        if not free:
            given[one] = OTHER
            continue
        preferred = SUBJECTS[_digest(one) % len(SUBJECTS)]
        given[one] = preferred if preferred in free else free[_digest(one) % len(free)]
        free.remove(given[one])
    return given


def lighter(colour: str, amount: float) -> str:
    """The colour mixed with that much white, 0 to 1."""
    parts = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * amount):02X}" for part in parts)


def _digest(one: str) -> int:
    return int.from_bytes(blake2b(one.encode("utf-8", "replace"), digest_size=8).digest(), "big")
