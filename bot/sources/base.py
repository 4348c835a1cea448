"""What every source of a bill offers, and how it says that a part could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.spend.calendar import Span
from bot.spend.rows import CostDay, Name, UsageDay

COSTS = "costs"
"""The name of the costs part in a FetchFailure; a usage part is called `usage/<kind>`."""
USAGE = "usage"
"""The name of a part that stands for all usage endpoints at once."""
NAMES = "names"
"""The name of the part that resolves ids to names."""


class Cause(StrEnum):
    """Why a part of the bill could not be read, as far as that decides when people hear of it."""

    ACCESS = "access"
    """The key was refused (401, 403): somebody has to do something."""
    CONTRACT = "contract"
    """The answer is not what OpenAI documents: the bot, or something in between, needs mending."""
    AWAY = "away"
    """The network, or a server that is down: it may come back by itself."""


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """A part of the bill that could not be read: its days keep what was known before.

    `part` is `costs`, `usage/<kind>` or `names`; `days` is the span that was not read (empty for
    names). `message` is one line without secrets; `hint` the way out.
    `optional`: the bot works without it (names, one usage kind); it is told, but is no exit 4.
    """

    part: str
    days: Span
    message: str
    hint: str | None = None
    optional: bool = False
    cause: Cause = Cause.CONTRACT


Fetched = CostDay | UsageDay | Name | FetchFailure


class Source(Protocol):
    """A bill that can be read day by day."""

    def fetch(self, days: Span) -> Iterator[Fetched]:
        """Everything known about the days, in any order; each day × dataset at most once.

        A day inside the span without spend comes as a CostDay without rows. Days that could not
        be read are named in FetchFailures; nothing is raised for them. Names come too.
        """

    def as_of(self) -> datetime | None:
        """The source's own instant (a recording's), or None where now is now."""
