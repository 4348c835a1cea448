"""Whether a finding is news, by what was told of it and by the circumstances."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.decide import Circumstances, Verdict, after, decide, message_key, verdict
from bot.alerts.inhibit import inhibited
from bot.alerts.life import Alert
from bot.alerts.model import Finding, Reason, Severity
from bot.alerts.standing import Standing, State
from bot.spend.money import from_dollars
from tests.build import NOW, YESTERDAY, finding, on, project

KEY = "daily-cap/organization/day:2026-11-19"
STEPS = (50.0, 80.0, 100.0)
HOUR = timedelta(hours=1)


def around(hours: float = 0, **other: Any) -> Circumstances:
    return Circumstances(NOW + hours * HOUR, YESTERDAY, **{"steps": STEPS, **other})


def cost(usd: float, limit: float | None = 100, **other: Any) -> Finding:
    """A finding without steps: dollars against a limit."""
    nanos = None if limit is None else from_dollars(limit)
    return finding(kind="spike", observed=from_dollars(usd), limit=nanos, **other)


def told(*findings: Finding, **other: Any) -> Alert:
    """The alert after these findings were told at NOW, one after another."""
    alert: Alert | None = None
    for one in findings:
        alert = after(verdict(one, alert, around()), NOW)
    assert alert is not None
    return replace(alert, place=f"{alert.key}#first", **other)


NEVER = None
OPEN_80 = told(finding(step=80))
DOWN_TO_50 = replace(told(finding(step=80)), step=50)
RESOLVED = replace(OPEN_80, standing=Standing.RESOLVED)


@pytest.mark.parametrize(
    ("step", "alert", "reason", "news"),
    [
        (None, NEVER, Reason.FIRST, "first"),
        (80, NEVER, Reason.FIRST, "step-80"),
        (33.5, NEVER, Reason.FIRST, "step-33.5"),
        (80, OPEN_80, Reason.TOLD, ""),
        (100, OPEN_80, Reason.STEP, "step-100"),
        (99.9999999, OPEN_80, Reason.STEP, "step-99.9999999"),
        (50, OPEN_80, Reason.TOLD, ""),  # by data that may still change
        (80, DOWN_TO_50, Reason.RESTATED, "restated"),
        (100, DOWN_TO_50, Reason.STEP, "step-100"),
        (80, RESOLVED, Reason.RESTATED, "restated"),
        (100, RESOLVED, Reason.STEP, "step-100"),
    ],
)
def test_steps_are_told_once_in_order(
    step: float | None, alert: Alert | None, reason: Reason, news: str
) -> None:
    found = verdict(finding(step=step), alert, around())
    assert (found.reason, found.key) == (reason, f"{KEY}#{news}" if news else "")


def test_a_run_that_jumps_past_several_steps_tells_the_highest_and_names_the_others() -> None:
    first = verdict(finding(step=100), None, around())
    assert (first.key, first.passed) == (f"{KEY}#step-100", (50, 80))
    assert after(first, NOW) == replace(told(finding(step=100)), place=None)
    assert verdict(finding(step=100), told(finding(step=50)), around()).passed == (80,)


def test_a_lower_step_is_a_correction_once_its_days_are_finished() -> None:
    fell = verdict(finding(step=50), OPEN_80, around(is_sure=True))
    assert (fell.reason, fell.key) == (Reason.RESTATED, f"{KEY}#restated")
    again = after(fell, NOW)
    assert again is not None
    assert (again.step, again.top_step) == (50, 80)
    rose = verdict(finding(step=80), again, around())
    assert (rose.reason, rose.key) == (Reason.RESTATED, f"{KEY}#restated-2")


@pytest.mark.parametrize(
    ("step", "forecast", "alert", "reason", "news"),
    [
        (None, 100, NEVER, Reason.FIRST, "forecast-100"),
        (80, 100, NEVER, Reason.FIRST, "step-80"),
        (None, 100, told(finding(forecast_step=100)), Reason.TOLD, ""),
        (None, 120, told(finding(forecast_step=100)), Reason.STEP, "forecast-120"),
        (80, 100, OPEN_80, Reason.STEP, "forecast-100"),
        (80, 80, OPEN_80, Reason.TOLD, ""),
        (100, 100, told(finding(step=100)), Reason.TOLD, ""),
        (100, 100, told(finding(forecast_step=100)), Reason.STEP, "step-100"),
        (50, 100, told(finding(forecast_step=100)), Reason.STEP, "step-50"),
    ],
)
def test_a_forecast_is_news_once_and_never_after_the_step_itself(
    step: float | None, forecast: float, alert: Alert | None, reason: Reason, news: str
) -> None:
    found = verdict(finding(step=step, forecast_step=forecast), alert, around())
    assert (found.reason, found.key) == (reason, f"{KEY}#{news}" if news else "")


WARNED, LIMITLESS = told(cost(120)), told(cost(120, limit=None))
CRITICAL = Severity.CRITICAL


@pytest.mark.parametrize(
    ("now", "alert", "reason"),
    [
        (cost(129), WARNED, Reason.TOLD),
        (cost(130), WARNED, Reason.WORSE),  # the excess of $20 grew by half
        (cost(150), told(cost(120), cost(130)), Reason.TOLD),
        (cost(160), told(cost(120), cost(130)), Reason.WORSE),  # from then on it must double
        (cost(9_000), told(cost(120), cost(130), cost(160), cost(220)), Reason.TOLD),
        (cost(9_000, limit=None), LIMITLESS, Reason.TOLD),
        (cost(120, severity=CRITICAL), WARNED, Reason.WORSE),
        (cost(120, severity=CRITICAL), told(cost(120, severity=CRITICAL)), Reason.TOLD),
        (cost(120, severity=Severity.INFO), WARNED, Reason.TOLD),
        (cost(9_000, severity=Severity.WARNING), replace(WARNED, acked_at=NOW), Reason.TOLD),
        (cost(120, severity=CRITICAL), replace(WARNED, acked_at=NOW), Reason.WORSE),
    ],
)
def test_worse_is_a_higher_severity_or_an_excess_that_keeps_growing(
    now: Finding, alert: Alert, reason: Reason
) -> None:
    assert decide(now, alert, around()) is reason


@pytest.mark.parametrize(
    ("hours", "alert", "other", "reason"),
    [
        (5, WARNED, {"repeat_after": 6 * HOUR}, Reason.TOLD),
        (6, WARNED, {"repeat_after": 6 * HOUR}, Reason.REPEAT),
        (600, WARNED, {}, Reason.TOLD),
        (6, replace(WARNED, acked_at=NOW), {"repeat_after": 6 * HOUR}, Reason.TOLD),
    ],
)
def test_a_rule_may_repeat_what_nobody_acknowledged(
    hours: float, alert: Alert, other: dict[str, Any], reason: Reason
) -> None:
    assert decide(cost(120), alert, around(hours, **other)) is reason


@pytest.mark.parametrize(
    ("last_day", "until", "reason"),
    [
        ("11-19", None, Reason.REPEAT),
        ("11-20", None, Reason.TOLD),  # a day later the bill of the 19th is old news
        ("11-24", "11-24", Reason.REPEAT),  # a drop that lasts
    ],
)
def test_nothing_is_repeated_that_no_longer_goes_on(
    last_day: str, until: str | None, reason: Reason
) -> None:
    when = Circumstances(NOW + 9 * HOUR, on(last_day), repeat_after=6 * HOUR)
    one = cost(120, last_day=on(until) if until else None)
    assert decide(one, WARNED, when) is reason


SNOOZED = replace(OPEN_80, snoozed_until=NOW + 4 * HOUR)


@pytest.mark.parametrize(
    ("now", "hours", "reason"),
    [
        (finding(step=80), 3, Reason.SNOOZED),
        (finding(step=100, severity=CRITICAL), 3, Reason.SNOOZED),
        (finding(step=80), 4, Reason.REPEAT),
        (finding(step=100), 4, Reason.STEP),
        (finding(step=80, severity=CRITICAL), 4, Reason.WORSE),
    ],
)
def test_a_snooze_is_silent_and_its_end_names_what_happened(
    now: Finding, hours: float, reason: Reason
) -> None:
    found = verdict(now, SNOOZED, around(hours))
    assert found.reason is reason
    alert = after(found, NOW + hours * HOUR)
    assert alert is not None
    assert decide(now, alert, around(hours)) is (Reason.TOLD if reason.speaks else reason)


def test_an_acknowledged_alert_still_tells_a_new_step() -> None:
    alert = SNOOZED.acknowledged(NOW, "ann")
    assert alert.state(NOW) is State.ACKNOWLEDGED
    assert decide(finding(step=100), alert, around()) is Reason.STEP


@pytest.mark.parametrize("alert", [NEVER, OPEN_80])
def test_quiet_hours_hold_news_back_and_nothing_is_lost(alert: Alert | None) -> None:
    held = verdict(finding(step=100), alert, around(is_quiet=True))
    assert (held.reason, held.key) == (Reason.SNOOZED, "")
    kept = after(held, NOW)
    told_later = verdict(finding(step=100), kept, around(9))
    assert told_later.key == f"{KEY}#step-100"
    assert told_later.was_held is (alert is NEVER)
    assert decide(finding(step=80), OPEN_80, around(is_quiet=True)) is Reason.TOLD


def test_what_another_finding_tells_speaks_when_that_one_is_gone() -> None:
    one = finding()
    silent = verdict(one, None, around(is_inhibited=True))
    assert (silent.reason, after(silent, NOW)) == (Reason.INHIBITED, None)
    assert decide(one, None, around()) is Reason.FIRST
    assert decide(one, told(one), around(is_inhibited=True)) is Reason.TOLD


def test_only_a_finding_that_is_told_by_itself_inhibits_others() -> None:
    def by(name: str, teller: str | None) -> Finding:
        key = f"daily-cap/project={teller}/day:2026-11-19" if teller else None
        return finding(project(name), inhibited_by=key)

    def silent(*some: Finding) -> list[str]:
        keys = inhibited(some)
        return [one.subject.name for one in some if one.key in keys for _ in [0]]

    assert silent(by("a", None), by("b", "a"), by("c", "b")) == ["search", "search"]
    assert silent(by("b", "a")) == []
    assert silent(by("a", "b"), by("b", "a")) == []
    assert silent(by("a", "a")) == []
    assert silent(by("a", "b"), by("b", "a"), by("c", "a")) == []


@pytest.mark.parametrize(
    ("now", "before", "escalates"),
    [
        (cost(1, severity=CRITICAL), told(cost(1)), True),
        (finding(step=100, severity=CRITICAL), told(finding(step=80, severity=CRITICAL)), True),
        (finding(step=80, severity=CRITICAL), told(finding(step=50, severity=CRITICAL)), False),
        (finding(step=100), OPEN_80, False),
        (finding(step=100, severity=CRITICAL), None, False),  # a first message is in the channel
    ],
)
def test_only_becoming_critical_or_a_critical_cap_passed_escalates(
    now: Finding, before: Alert | None, escalates: bool
) -> None:
    assert verdict(now, before, around()).escalates is escalates


def test_news_that_may_come_more_than_once_is_numbered() -> None:
    one, alert = cost(120), replace(WARNED, worse=1, repeats=1, restatements=1, resolves=1)
    keys = [
        message_key(one, reason, known)
        for known in (WARNED, alert)
        for reason in (Reason.WORSE, Reason.REPEAT, Reason.RESTATED, Reason.RESOLVED)
    ]
    assert [key.removeprefix(f"{KEY}#") for key in keys] == [
        *("worse-1", "repeat-1", "restated", "resolved"),
        *("worse-2", "repeat-2", "restated-2", "resolved-2"),
    ]


def test_a_closed_alert_that_holds_again_is_open_and_silent() -> None:
    found = verdict(finding(step=80), replace(OPEN_80, standing=Standing.CLOSED), around())
    alert = after(found, NOW)
    assert found.reason is Reason.TOLD
    assert alert is not None
    assert alert.is_open


def test_how_long_it_held_as_told_is_remembered() -> None:
    later = NOW + HOUR
    alert = after(Verdict(finding(step=80), OPEN_80, Reason.TOLD), later)
    fallen = after(Verdict(finding(step=50), OPEN_80, Reason.TOLD), later)
    assert alert is not None
    assert fallen is not None
    assert (alert.held_at, fallen.held_at) == (later, NOW)


SEEN = st.tuples(
    st.sampled_from([None, *STEPS]),
    st.sampled_from([None, *STEPS]),
    st.sampled_from([Severity.WARNING, Severity.CRITICAL]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "ack", "snooze"]),
)


@given(st.lists(SEEN, max_size=14))
def test_no_history_tells_a_thing_twice_or_swallows_a_step(history: list[tuple[Any, ...]]) -> None:
    alert: Alert | None = None
    sent: list[str] = []
    steps: list[float] = []
    for n, (step, forecast, severity, is_sure, is_quiet, hand) in enumerate(history):
        one = finding(step=step, forecast_step=forecast, severity=severity)
        now = around(n, is_sure=is_sure, is_quiet=is_quiet)
        found = verdict(one, alert, now)
        alert = after(found, now.now)
        if found.reason.speaks:
            sent.append(found.key)
            if found.key.startswith(f"{KEY}#step-"):
                steps += [*found.passed, *([step] if step else [])]
        if alert and alert.told_at and hand:
            acked = alert.acknowledged(now.now, None)
            alert = acked if hand == "ack" else alert.snoozed(now.now + 2 * HOUR)
    assert len(sent) == len(set(sent))
    assert steps == sorted(set(steps))  # each once, in order
    if alert and alert.told_at and history:
        last = verdict(finding(step=100), alert, around(len(history) + 2))
        assert [*steps, *last.passed, *([100.0] if last.passed or 100 not in steps else [])] == [
            *STEPS
        ]


def test_a_new_period_is_another_alert() -> None:
    tomorrow = finding(step=80, day=date(2026, 11, 20))
    assert tomorrow.key != OPEN_80.key
