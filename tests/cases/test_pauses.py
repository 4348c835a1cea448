"""A bot that stood still, or saw nothing, for longer than its window misses nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cases.stage import NOW, TODAY, Place, at
from tests.fakes import Fault

DAYS = 24
STEPS = "rules: [{name: cap, kind: cap, limit_usd: 200, steps: [80, 100]}]\n"
"""The small bill is at 60% of it on every finished day."""


def told(place: Place, hours: float, code: int = 0) -> list[str]:
    """The news of a check so much later."""
    place.openai.now = NOW + timedelta(hours=hours)
    messages = place.document("check", *at(hours), code=code)["messages"]
    return [m["key"] for m in messages if m["action"] != "update"]


@pytest.fixture
def began(place: Place) -> Place:
    """A bot that has told all there is."""
    place.write("rules.yaml", STEPS)
    assert told(place, 0) == []
    return place


def test_a_day_that_grew_after_the_last_check_before_a_pause_is_told(began: Place) -> None:
    began.spend(60, TODAY - timedelta(days=2))
    assert told(began, 8 * DAYS) == [f"cap/organization/day:{TODAY - timedelta(days=2)}#step-80"]


def test_an_alert_whose_day_was_restated_in_a_pause_is_resolved(began: Place) -> None:
    yesterday = TODAY - timedelta(days=1)
    began.spend(60, yesterday)
    assert told(began, 1) == [f"cap/organization/day:{yesterday}#step-80"]
    began.spend(-60, yesterday)
    assert told(began, 8 * DAYS) == [f"cap/organization/day:{yesterday}#resolved"]


def test_a_day_that_could_not_be_read_while_it_was_in_the_window_is_judged_when_it_can(
    began: Place,
) -> None:
    began.spend(140)
    began.openai.faults.add(Fault("status", "*/costs", times=None, status=400))
    for day in range(1, 7):
        told(began, day * DAYS, code=4)
    began.openai.faults.clear()
    assert f"cap/organization/day:{TODAY}#step-80" in told(began, 7 * DAYS)
    assert told(began, 8 * DAYS) == []


def test_an_alert_that_could_not_end_before_a_pause_ends_after_it(began: Place) -> None:
    """Its day had settled by then; that today could not be read kept it from ending."""
    day = TODAY - timedelta(days=3)
    began.spend(60, day)
    assert told(began, 1) == [f"cap/organization/day:{day}#step-80"]
    began.spend(-60, day)
    began.spend("many", TODAY)
    assert f"cap/organization/day:{day}#resolved" not in told(began, 2, code=4)
    began.openai.costs.pop()
    assert f"cap/organization/day:{day}#resolved" in told(began, 8 * DAYS)
