"""What charts are given: subjects with numbers, folded to the few that can be told apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from bot.messages.charts.palette import OTHER, colours
from bot.spend.names import clean

OTHER_ID = "\x00other"
"""The id of what was folded together; no subject of an API has it."""


@dataclass(frozen=True, slots=True)
class Series:
    """A subject and its numbers, in the chart's order (days, models).

    `id` chooses the colour and stands in for a name that cannot be drawn; it may be empty
    (money without a project). Money is in nanos, counts are plain. Negative is allowed.
    """

    id: str
    name: str
    values: tuple[int, ...]
    members: int = 1
    """How many subjects it stands for: more than one where some were folded before."""

    @property
    def total(self) -> int:
        return sum(self.values)


class Part(NamedTuple):
    """A subject and one number of its own."""

    id: str
    name: str
    value: int


def fold(found: Iterable[Series], most: int) -> list[Series]:
    """The `most` largest by total, largest first, and the others as one `N others` at the end.

    Subjects that are zero throughout are left out. One subject too many is not folded alone.
    """
    there = [one for one in found if any(one.values)]
    folded = [one for one in there if one.id == OTHER_ID]
    ranked = sorted((one for one in there if one.id != OTHER_ID), key=_by_size)
    if len(ranked) + len(folded) <= most + 1:
        return [*ranked, *folded]
    rest = [*ranked[most:], *folded]
    values = tuple(map(sum, zip(*(one.values for one in rest), strict=True)))
    members = members_of(rest)
    return [*ranked[:most], Series(OTHER_ID, f"{members:,} others", values, members)]


def members_of(found: Iterable[Series]) -> int:
    """How many subjects the series stand for."""
    return sum(one.members for one in found)


def _by_size(one: Series) -> tuple[int, str]:
    return -sum(map(abs, one.values)), one.id


def short(found: Sequence[Series]) -> list[Series]:
    """The series with names fit for a sentence."""
    return [replace(one, name=clean(one.name)) for one in found]


def colour_of(found: Iterable[Series | Part], chosen: Mapping[str, str]) -> dict[str, str]:
    """The colour of each subject by id; what is folded is grey."""
    return {**colours((one.id for one in found if one.id != OTHER_ID), chosen), OTHER_ID: OTHER}
