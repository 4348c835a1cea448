"""Hours in which a rule holds its alerts back."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from bot.alerts.model import Severity

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*(([01]\d|2[0-3]):([0-5]\d)|24:00)")


class Weekday(StrEnum):
    """The local day on which quiet hours begin."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Quiet(BaseModel):
    """Local hours, `22:00-07:00`, on the days on which they begin (default: every day).

    Hours that end before they begin go on until the next morning; `00:00-24:00` is a whole day.
    `except` names a severity that passes, and with it every higher one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    hours: str = "00:00-24:00"
    days: Annotated[tuple[Weekday, ...], BeforeValidator(_as_tuple), Field(min_length=1)] = tuple(
        Weekday
    )
    passing: Severity | None = Field(default=None, alias="except")

    @field_validator("hours")
    @classmethod
    def _from_to(cls, hours: str) -> str:
        if not _HOURS.fullmatch(hours.strip()):
            raise ValueError('quiet hours are written "22:00-07:00"')
        return hours.strip()

    def holds(self, severity: Severity, local: datetime) -> bool:
        """Whether an alert of that severity is held back at that local time."""
        if self.passing is not None and severity.rank >= self.passing.rank:
            return False
        start, end = (_minutes(part) for part in self.hours.split("-"))
        at = local.hour * 60 + local.minute
        if start < end:
            return start <= at < end and self._begins(local)
        return (at >= start and self._begins(local)) or (
            at < end and self._begins(local - timedelta(days=1))
        )

    def _begins(self, local: datetime) -> bool:
        return tuple(Weekday)[local.weekday()] in self.days


def _minutes(text: str) -> int:
    hours, _, minutes = text.strip().partition(":")
    return int(hours) * 60 + int(minutes)


def quiet_hours(value: Any) -> Any:
    """The short form, hours alone, as the long one."""
    return {"hours": value} if isinstance(value, str) else value
