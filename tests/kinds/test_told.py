"""What is news of an alert beside what was told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot.alerts.model import Finding
from bot.kinds.told import Novelty, Told
from bot.spend.calendar import Unit, period_of
from tests.build import finding

MONTH = period_of(date(2026, 11, 3), Unit.MONTH)


def passing(step: float | None, foreseen: float | None = None) -> Finding:
    return replace(finding(), period=MONTH, step=step, forecast_step=foreseen)


def heard(*findings: Finding) -> list[Novelty]:
    told = Told()
    return [told.note(one) for one in findings]


def test_the_same_again_is_no_news() -> None:
    assert heard(passing(80), passing(80)) == [Novelty.FIRST, Novelty.NONE]


def test_only_a_step_higher_than_any_before_is_news() -> None:
    steps = [50, 100, 80, 120]
    first, higher, none = Novelty.FIRST, Novelty.STEP, Novelty.NONE
    assert heard(*map(passing, steps)) == [first, higher, none, higher]


def test_a_step_is_foreseen_once_and_not_when_it_was_passed() -> None:
    found = heard(passing(50), passing(50, 100), passing(50, 100), passing(100), passing(100, 100))
    assert found == [
        Novelty.FIRST,
        Novelty.FORECAST,
        Novelty.NONE,
        Novelty.STEP,
        Novelty.NONE,
    ]


def test_another_period_is_another_alert() -> None:
    later = replace(passing(50), period=period_of(date(2026, 12, 3), Unit.MONTH))
    assert heard(passing(50), later) == [Novelty.FIRST, Novelty.FIRST]


def test_asking_tells_nothing() -> None:
    told, one = Told(), passing(80)
    about = one.rule, one.subject.ids, MONTH, 80.0
    assert [told.novelty(*about), told.novelty(*about)] == [Novelty.FIRST, Novelty.FIRST]
