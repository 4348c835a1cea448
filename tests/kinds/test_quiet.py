"""Quiet hours hold alerts back by local time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from bot.alerts.model import Severity
from tests.build import rule

NIGHT = "22:00-07:00"
WEEKEND = {"days": ["saturday", "sunday"]}


def is_quiet(quiet: Any, local: str, severity: Severity = Severity.WARNING) -> bool:
    return rule("cap", limit_usd=1, quiet=quiet).is_quiet(severity, datetime.fromisoformat(local))


@pytest.mark.parametrize(
    ("quiet", "local", "holds"),
    [
        (None, "2026-11-20 23:00", False),
        (NIGHT, "2026-11-20 21:59", False),
        (NIGHT, "2026-11-20 22:00", True),
        (NIGHT, "2026-11-20 06:59", True),
        (NIGHT, "2026-11-20 07:00", False),
        ("12:00-13:00", "2026-11-20 12:59", True),
        ("12:00-13:00", "2026-11-20 13:00", False),
        ({"hours": NIGHT, "days": "friday"}, "2026-11-21 06:00", True),  # Friday's night
        ({"hours": NIGHT, "days": "friday"}, "2026-11-20 06:00", False),
        (WEEKEND, "2026-11-20 23:59", False),
        (WEEKEND, "2026-11-21 00:00", True),
        (WEEKEND, "2026-11-22 23:59", True),
        (WEEKEND, "2026-11-23 00:00", False),
    ],
)
def test_hours_hold_on_the_days_on_which_they_begin(quiet: Any, local: str, holds: bool) -> None:
    assert is_quiet(quiet, local) is holds


@pytest.mark.parametrize(
    ("severity", "holds"),
    [(Severity.INFO, True), (Severity.WARNING, True), (Severity.CRITICAL, False)],
)
def test_a_severity_may_pass(severity: Severity, holds: bool) -> None:
    assert is_quiet({"hours": NIGHT, "except": "critical"}, "2026-11-20 23:00", severity) is holds


def test_quiet_hours_follow_the_clock_on_the_wall_through_a_change_of_it() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    one = rule("cap", limit_usd=1, quiet=NIGHT)
    for utc, holds in (("2026-10-25 05:59", True), ("2026-10-25 06:00", False)):
        local = datetime.fromisoformat(utc).replace(tzinfo=UTC).astimezone(berlin)
        assert one.is_quiet(Severity.WARNING, local) is holds


@pytest.mark.parametrize("wrong", ["22-7", "25:00-07:00", {"days": ["funday"]}, {"days": []}, 22])
def test_hours_that_are_none_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        rule("cap", limit_usd=1, quiet=wrong)
