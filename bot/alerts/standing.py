"""How an alert stands, as remembered and as people see it. Pure, and light."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """Whether an alert goes on."""

    FIRING = "firing"
    RESOLVED = "resolved"
    """What was told holds no longer, by finished data."""
    CLOSED = "closed"
    """Nothing more can come of it: its period is over and settled, or its rule is gone."""


class State(StrEnum):
    """An alert as people see it."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    CLOSED = "closed"


def silent(snoozed_until: datetime | None, now: datetime) -> bool:
    """Whether an alert that was snoozed until then is still to be silent."""
    return snoozed_until is not None and now < snoozed_until


def shown_state(
    standing: Standing, snoozed_until: datetime | None, acked_at: datetime | None, now: datetime
) -> State:
    """What people see of an alert at `now`."""
    if standing is not Standing.FIRING:
        return State(standing.value)
    if silent(snoozed_until, now):
        return State.SNOOZED
    return State.ACKNOWLEDGED if acked_at else State.FIRING
