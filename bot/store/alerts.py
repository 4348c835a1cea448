"""What is remembered of alerts, so that each is told once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.alerts.decide import Told
from bot.alerts.model import Finding, Severity
from bot.store.database import Database
from bot.store.instants import from_text, to_text
from bot.store.schema import alerts

FIRING = "firing"


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert as `bot status` shows it."""

    key: str
    rule: str
    severity: Severity
    headline: str
    step: float | None
    first_at: datetime
    updated_at: datetime


class AlertBook:
    """The lives of alerts, by their key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self, connection: Connection, keys: Iterable[str]) -> dict[str, Told]:
        """What was told of these alerts; keys never heard of are left out."""
        wanted = set(keys)
        query = sa.select(alerts.c.key, alerts.c.step, alerts.c.state)
        return {
            row.key: Told(row.step, row.state == FIRING)
            for row in connection.execute(query)
            if row.key in wanted
        }

    def days(self, connection: Connection) -> frozenset[date]:
        """The days of all alerts about one day."""
        keys = connection.execute(sa.select(alerts.c.key).where(alerts.c.key.contains("/day:")))
        return frozenset(date.fromisoformat(row.key.rpartition("/day:")[2]) for row in keys)

    def remember(self, connection: Connection, finding: Finding, now: datetime) -> None:
        """Note the finding as told: its step can only grow within its period."""
        values: dict[str, Any] = {
            "state": FIRING,
            "rule": finding.rule,
            "severity": finding.severity.value,
            "period_end": finding.period.end.isoformat(),
            "observed": float(finding.observed),
            "updated_at": to_text(now),
            "headline": finding.headline,
        }
        known = alerts.c.key == finding.key
        again = {**values, "step": _higher(finding.step)}
        if connection.execute(alerts.update().where(known).values(**again)).rowcount == 0:
            first = {"key": finding.key, "first_at": to_text(now), "step": finding.step}
            connection.execute(alerts.insert().values(**first, **values))

    def firing(self, today: date) -> list[AlertRecord]:
        """Alerts whose period is not over, or ended within a week; newest first."""
        query = sa.select(alerts).where(alerts.c.state == FIRING).order_by(alerts.c.first_at.desc())
        oldest = date.fromordinal(today.toordinal() - 7).isoformat()
        with self._database.reading() as connection:
            rows = connection.execute(query.where(alerts.c.period_end >= oldest)).all()
        return [
            AlertRecord(
                key=row.key,
                rule=row.rule,
                severity=Severity(row.severity),
                headline=row.headline,
                step=row.step,
                first_at=from_text(row.first_at),
                updated_at=from_text(row.updated_at),
            )
            for row in rows
        ]


def _higher(step: float | None) -> Any:
    """The step, or the one already told where that is higher."""
    return sa.case((alerts.c.step > step, alerts.c.step), else_=step) if step else alerts.c.step
