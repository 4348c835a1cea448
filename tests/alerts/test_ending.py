"""An alert resolves by finished data only; else it goes on, or is closed without a word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.decide import Circumstances, after, verdict
from bot.alerts.ending import Ending, View, end, ended
from bot.alerts.life import Alert
from bot.alerts.model import Finding, Skipped
from bot.alerts.standing import Standing
from bot.spend.calendar import DayState, Span, Unit
from bot.spend.ledger import trailing
from tests.build import NOW, TODAY, at, finding, ledger, on, project

When = dict[str, Any]
RULES = {"daily cap": "every project"}
BY_DAY: When = {"day": on("11-19")}
MONTH: When = {"day": on("11-15"), "unit": Unit.MONTH}


def told(one: Finding, when: datetime = NOW) -> Alert:
    alert = after(verdict(one, None, Circumstances(when, TODAY)), when)
    assert alert is not None
    return alert


def view(
    now: datetime = NOW,
    states: dict[str, DayState] | None = None,
    skipped: tuple[Skipped, ...] = (),
    days: int = 4,
) -> View:
    return View(ledger(now=now, states=states), list(trailing(now.date(), days)), RULES, skipped)


@pytest.mark.parametrize(
    ("when", "told_at", "now", "ending"),
    [
        (BY_DAY, "11-20 07:00", "11-20 09:00", Ending.RESOLVED),
        (BY_DAY, "11-19 20:00", "11-19 21:00", Ending.UNFINISHED),  # the day is open
        (BY_DAY, "11-19 20:00", "11-20 05:00", Ending.UNFINISHED),  # before its grace time
        (BY_DAY, "11-19 20:00", "11-20 06:00", Ending.RESOLVED),
        (BY_DAY, "11-20 07:00", "11-22 07:00", Ending.RESOLVED),
        (BY_DAY, "11-20 07:00", "11-23 07:00", Ending.OVER),  # judged no more
        (MONTH, "11-20 08:00", "11-20 09:00", Ending.UNFINISHED),  # it may be today's data
        (MONTH, "11-19 08:00", "11-20 09:00", Ending.RESOLVED),
        (MONTH, "11-20 08:00", "11-21 07:00", Ending.RESOLVED),
    ],
)
def test_it_resolves_when_the_days_that_told_it_are_finished(
    when: When, told_at: str, now: str, ending: Ending
) -> None:
    alert = told(finding(**when), at(f"2026-{told_at}"))
    assert end(alert, view(at(f"2026-{now}"))) is ending


def test_a_run_that_stood_still_while_a_later_one_judged_resolves_nothing() -> None:
    alert = replace(told(finding(**BY_DAY)), updated_at=NOW + timedelta(hours=1))
    assert end(alert, view(NOW)) is Ending.UNFINISHED
    assert not view(NOW).is_sure(alert)
    assert end(alert, view(NOW + timedelta(hours=1))) is Ending.RESOLVED


@pytest.mark.parametrize("when", [BY_DAY, MONTH])
def test_a_clock_set_back_days_closes_no_alert_that_is_still_to_come(when: When) -> None:
    alert = told(finding(**when))
    past = NOW - timedelta(days=3)
    assert end(alert, view(past)).goes_on


@pytest.mark.parametrize("missing", ["11-19", "11-18", "11-17"])
def test_a_missing_day_of_the_window_resolves_nothing(missing: str) -> None:
    alert = told(finding(**BY_DAY))
    assert end(alert, view(states={missing: DayState.MISSING})) is Ending.UNSEEN


@given(st.sets(st.integers(1, 19)), st.integers(15, 20), st.integers(0, 23))
def test_no_month_resolves_while_one_of_its_days_is_missing(
    missing: set[int], told_on: int, hour: int
) -> None:
    states = {f"11-{day:02}": DayState.MISSING for day in missing}
    alert = told(finding(**MONTH), at(f"2026-11-{told_on} {hour:02}:00"))
    found = end(alert, view(at("2026-11-20 23:00"), states))
    assert (found is Ending.RESOLVED) == (not missing and told_on < 20)


@pytest.mark.parametrize(
    ("skipped", "ending"),
    [
        (Skipped("daily cap", "every project", "no data"), Ending.UNSEEN),
        (Skipped("daily cap", "search", "no data"), Ending.UNSEEN),
        (Skipped("daily cap", "other", "too young"), Ending.RESOLVED),
        (Skipped("other rule", "every project", "no data"), Ending.RESOLVED),
    ],
)
def test_a_rule_that_could_not_judge_resolves_nothing(skipped: Skipped, ending: Ending) -> None:
    assert end(told(finding(project())), view(skipped=(skipped,))) is ending


def test_a_day_that_is_judged_no_more_but_not_settled_keeps_its_alert() -> None:
    alert = told(finding(day=on("11-16")))
    unsettled = view(states={"11-16": DayState.MISSING})
    assert end(alert, unsettled) is Ending.UNFINISHED
    assert end(alert, view()) is Ending.OVER


def test_a_drop_that_lasted_beyond_its_first_day_resolves_after_it_left_the_window() -> None:
    lasting = told(finding(day=on("11-10"), last_day=on("11-15")), at("2026-11-18 08:00"))
    assert end(lasting, view()) is Ending.RESOLVED
    one_day = told(finding(day=on("11-10"), last_day=on("11-10")), at("2026-11-13 08:00"))
    assert end(one_day, view()) is Ending.OVER


def test_what_was_only_foreseen_is_averted_without_a_word() -> None:
    assert end(told(finding(forecast_step=100, **MONTH)), view()) is Ending.AVERTED


def test_a_rule_that_is_gone_closes_its_alerts() -> None:
    assert end(told(finding(rule="old")), view()) is Ending.REMOVED


@pytest.mark.parametrize(
    ("ending", "standing"),
    [
        (Ending.RESOLVED, Standing.RESOLVED),
        (Ending.OVER, Standing.CLOSED),
        (Ending.REMOVED, Standing.CLOSED),
        (Ending.AVERTED, Standing.CLOSED),
        (Ending.UNSEEN, Standing.FIRING),
        (Ending.UNFINISHED, Standing.FIRING),
    ],
)
def test_an_end_is_remembered(ending: Ending, standing: Standing) -> None:
    alert = replace(told(finding()), snoozed_until=NOW)
    over = ended(alert, ending, NOW, is_told=ending is Ending.RESOLVED)
    assert over.standing is standing
    assert (over == alert) is ending.goes_on
    assert over.resolves == (ending is Ending.RESOLVED)


def test_the_last_judgeable_day_is_over_since_the_grace_time() -> None:
    assert view(at("2026-11-20 05:59")).last_day == on("11-18")
    assert view(at("2026-11-20 06:00")).last_day == on("11-19")
    assert len(Span(on("11-17"), TODAY + timedelta(days=1))) == 4
