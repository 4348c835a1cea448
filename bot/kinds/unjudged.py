"""Whom the spike rule cannot judge by its days, and what can watch them instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.alerts.model import Skipped
from bot.kinds.base import Rule
from bot.spend.baseline import BURSTY_FROM, FULL_RULE_FROM, YOUNG_RULE_FROM
from bot.spend.ledger import Ids, Ledger
from bot.spend.weekdays import Floats

MOST_NAMED = 5
"""More subjects than this that cannot be judged are told as one."""


def unjudged(
    rule: Rule, ledger: Ledger, ids: Sequence[Ids], known: NDArray[np.int64], idle: Floats
) -> Iterator[Skipped]:
    """The young and the bursty among the subjects, by how many days of each are known, and on
    which share of them it was idle."""
    young = {ids[int(n)]: _young(int(known[n])) for n in np.flatnonzero(known < YOUNG_RULE_FROM)}
    yield from _told(
        rule, ledger, young, f"have under {YOUNG_RULE_FROM} settled days of history", _UNTIL_THEN
    )
    days_are_no_guide = (known >= FULL_RULE_FROM) & (idle >= BURSTY_FROM) & (idle < 1)
    bursty = {ids[int(n)]: _bursty(float(idle[n])) for n in np.flatnonzero(days_are_no_guide)}
    yield from _told(
        rule, ledger, bursty, "are idle too often to be judged by their days", _INSTEAD
    )


_UNTIL_THEN = "Until then caps can watch them."
_INSTEAD = "Caps can watch them."


def _told(
    rule: Rule, ledger: Ledger, why: dict[Ids, str], they: str, way_out: str
) -> Iterator[Skipped]:
    if len(why) > MOST_NAMED:
        yield Skipped(rule.name, rule.everyone, f"{len(why)} of them {they}. {way_out}")
        return
    for ids, sentence in why.items():
        yield Skipped(rule.name, rule.subject(ledger, ids).name, sentence)


def _young(known: int) -> str:
    days = f"{known} settled {'day' if known == 1 else 'days'} of history"
    return f"{days}; a spike needs {YOUNG_RULE_FROM}. Until then a cap can watch it."


def _bursty(idle: float) -> str:
    return (
        f"idle on {idle:.0%} of its days: they are no guide, so only a day above twice the highest "
        "of 8 weeks is told. A cap can watch it."
    )
