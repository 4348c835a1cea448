"""What is remembered of an alert, from its first finding to its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.alerts.model import Finding, Severity, period_in
from bot.alerts.standing import Standing, State, shown_state, silent
from bot.spend.calendar import Period


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert's memory. `severity`, `step`, `observed` and `limit` are those last told.

    `top_step` and `forecast_step` are the highest ever told, as crossed and as foreseen. The
    counters number the messages of their kind. `told_at` is None for an alert that was only held
    back so far; `held_at` is the last run in which it held as told. `place` is the key of the
    message that is its place in Slack, `channel` that message's channel. `finding` is the
    finding as last shown; None for alerts older than that memory.
    """

    key: str
    rule: str
    severity: Severity
    headline: str
    observed: float
    first_at: datetime
    updated_at: datetime
    standing: Standing = Standing.FIRING
    step: float | None = None
    top_step: float | None = None
    forecast_step: float | None = None
    limit: float | None = None
    worse: int = 0
    repeats: int = 0
    restatements: int = 0
    resolves: int = 0
    updates: int = 0
    told_at: datetime | None = None
    held_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    acked_at: datetime | None = None
    acked_by: str | None = None
    resolved_at: datetime | None = None
    place: str | None = None
    channel: str | None = None
    finding: Finding | None = None

    @property
    def period(self) -> Period:
        return period_in(self.key)

    @property
    def is_open(self) -> bool:
        return self.standing is Standing.FIRING

    @property
    def is_only_foreseen(self) -> bool:
        """Whether all that was told of it is a forecast."""
        return self.top_step is None and self.forecast_step is not None

    def is_snoozed(self, now: datetime) -> bool:
        return silent(self.snoozed_until, now)

    def acknowledged(self, now: datetime, by: str | None) -> Alert:
        """Somebody has it in hand: it is silent but for new steps and for becoming critical."""
        return replace(self, acked_at=now, acked_by=by, snoozed_until=None)

    def snoozed(self, until: datetime | None, by: str | None = None) -> Alert:
        """Silent until then, whatever happens; None ends the silence with nothing said."""
        return replace(self, snoozed_until=until, snoozed_by=by)

    def state(self, now: datetime) -> State:
        """What people see of it at `now`."""
        return shown_state(self.standing, self.snoozed_until, self.acked_at, now)
