"""A drop is a finished day far below a weekday that is never idle; a missing day is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.alerts.model import Skipped
from bot.config.rulebook import load_rulebook
from bot.kinds.drop import Drop
from bot.spend.calendar import DayState
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive
from tests.build import at, daily, findings, judged, keys, ledger, on, rule, spend, used, weeks

WEEK = (30, 32, 33, 34, 31, 0, 0)
"""Dollars from Monday to Sunday; Thursday's is 34."""
USUAL = weeks(WEEK, 12, project="search")
OTHER = daily([10] * 89, project="other")


def drop(**options: Any) -> Drop:
    made = rule("drop", **{"per": "project", **options})
    assert isinstance(made, Drop)
    return made


def book(amounts: dict[str, float], **options: Any) -> Ledger:
    """The usual weeks of search with other totals on some days, and a project that goes on."""
    kept = [entry for entry in USUAL if entry.day not in [on(day) for day in amounts]]
    return ledger(kept, spend(amounts, project="search"), OTHER, **options)


def test_a_stop_in_words() -> None:
    (found,) = findings(drop(), book({"11-19": 0}), "11-18", "11-19", "11-20")
    assert found.key == "drop/project=search/day:2026-11-19"
    assert found.headline == "search stopped on Thu 19 Nov: its usual Thursday is $34.00"
    assert found.why == (
        "search cost $0.00 on Thu 19 Nov 2026, 0% of its usual Thursday ($34.00, the median of 6 "
        "weeks)."
    )
    assert found.facts == (
        ("That day", "$0.00"),
        ("Usual Thursday", "$34.00"),
        ("Of the usual", "0%"),
        ("Low since", "Thu 19 Nov 2026"),
    )
    assert (found.observed, found.expected, found.limit) == (0, 34 * 10**9, 6_800_000_000)


@pytest.mark.parametrize(
    ("dollars", "options", "told"),
    [
        (6.8, {}, True),
        (6.81, {}, False),
        (0.01, {"below": 0}, False),
        (0, {"below": 0}, True),
        (-5, {"below": 0}, True),
        (0, {"min_usd": 34}, True),
        (0, {"min_usd": 34.01}, False),
        (0, {"planned": [{"from": "2026-11-19", "until": "2026-11-19"}]}, False),
    ],
)
def test_how_low_is_a_drop(dollars: float, options: dict[str, Any], told: bool) -> None:
    assert bool(findings(drop(**options), book({"11-19": dollars}), "11-19")) is told


def test_a_fall_is_said_with_its_amount() -> None:
    (found,) = findings(drop(), book({"11-19": 3.4}))
    assert found.headline == "search fell to $3.40 on Thu 19 Nov: its usual Thursday is $34.00"


def test_a_day_is_judged_once_it_is_finished_and_its_grace_is_over() -> None:
    assert not findings(drop(), book({"11-19": 0}, now=at("2026-11-20 05:59")), "11-19")
    assert findings(drop(), book({"11-19": 0}, now=at("2026-11-20 06:00")), "11-19")
    assert not findings(drop(), book({}), "11-20")


def test_a_missing_day_is_no_drop() -> None:
    missing = book({"11-19": 0}, states={"11-19": DayState.MISSING})
    assert judged(drop(), missing, "11-19") == [
        Skipped("drop", "every project", "Thu 19 Nov is missing: not fetched whole")
    ]


@pytest.mark.parametrize(("idle", "told"), [("11-05", 0), ("10-08", 0), ("10-01", 1)])
def test_who_was_idle_on_that_weekday_in_six_weeks_is_not_regular(idle: str, told: int) -> None:
    assert len(findings(drop(), book({idle: 0, "11-19": 0}), "11-19")) == told


def test_a_long_drop_is_one_alert_and_becomes_usual() -> None:
    gone = book({entry.day.isoformat(): 0 for entry in USUAL if entry.day >= on("10-12")})
    days = [f"{day:%m-%d}" for day in gone.span if day >= on("10-12")]
    assert keys(findings(drop(), gone, *days)) == ["drop/project=search/day:2026-10-12"]
    (third_week,) = findings(drop(), gone, "10-29")
    assert third_week.facts[-1] == ("Low since", "Mon 12 Oct 2026")
    assert not findings(drop(), gone, "11-12", "11-13", "11-16", "11-17", "11-18", "11-19")


def test_a_weekend_is_no_drop_and_does_not_end_one() -> None:
    days = dict.fromkeys(("11-12", "11-13", "11-16", "11-17"), 0.0)
    low = book(days)
    found = findings(drop(), low, "11-13", "11-14", "11-15", "11-16", "11-17")
    assert keys(found) == ["drop/project=search/day:2026-11-12"]
    assert found[0].why == (
        "search cost $0.00 on Tue 17 Nov 2026, 0% of its usual Tuesday ($32.00, the median of 6 "
        "weeks). It has been low since Thu 12 Nov 2026."
    )


def test_a_day_that_recovers_ends_it() -> None:
    found = findings(drop(), book({"11-17": 0, "11-19": 0}), "11-17", "11-18", "11-19")
    assert keys(found) == [
        "drop/project=search/day:2026-11-17",
        "drop/project=search/day:2026-11-19",
    ]


def test_a_young_history_is_said() -> None:
    assert judged(drop(), book({"11-19": 0}, days=21), "11-19") == [
        Skipped("drop", "every project", "2 settled Thursdays of history; a drop needs 3.")
    ]


def test_an_organisation_without_anything_may_be_a_broken_fetch() -> None:
    silent = ledger([entry for entry in USUAL if entry.day != on("11-19")])
    (found,) = findings(drop(per="organization"), silent, "11-19")
    assert found.why == (
        "The organisation cost $0.00 on Thu 19 Nov 2026, 0% of its usual Thursday ($34.00, the "
        "median of 6 weeks). The whole organisation shows nothing for that day: this may be a "
        "broken fetch or a delay in billing."
    )


def test_a_credit_is_no_drop_and_a_stop_under_a_credit_is_one() -> None:
    credit = spend({"11-19": -34}, project="search", line_item="Promotional credit")
    usual = [replace(entry, of={**entry.of, "line_item": "o3, input"}) for entry in USUAL]
    assert not findings(drop(), ledger(usual, credit, OTHER), "11-19")
    stopped = [entry for entry in usual if entry.day != on("11-19")]
    (found,) = findings(drop(), ledger(stopped, credit, OTHER), "11-19")
    assert found.observed == 0


def test_a_restated_day_is_judged_as_it_is_now() -> None:
    assert keys(findings(drop(), book({"11-18": 0, "11-19": 0}), "11-18", "11-19")) == [
        "drop/project=search/day:2026-11-18"
    ]
    assert not findings(drop(), book({"11-18": 33, "11-19": 34}), "11-18", "11-19")


def test_missing_days_neither_begin_nor_end_a_drop() -> None:
    low = {"11-17": 0.0, "11-18": 0.0, "11-19": 0.0}
    hole = {"11-18": DayState.MISSING}
    assert keys(findings(drop(), book(low, states=hole), "11-17", "11-18", "11-19")) == [
        "drop/project=search/day:2026-11-17"
    ]
    first = {"11-17": DayState.MISSING, "11-18": DayState.MISSING}
    assert keys(findings(drop(), book(low, states=first), "11-17", "11-18", "11-19")) == [
        "drop/project=search/day:2026-11-19"
    ]


def test_requests_can_stop() -> None:
    days = {entry.day.isoformat(): 1200 for entry in USUAL if entry.day != on("11-19")}
    requests = used(Additive.REQUESTS, days, project="search")
    others = used(Additive.REQUESTS, {"11-19": 3}, project="other")
    (found,) = findings(drop(metric="requests"), ledger(requests, others), "11-19")
    assert found.headline == ("search stopped on Thu 19 Nov: its usual Thursday is 1,200 requests")


@pytest.mark.parametrize(
    ("options", "said"),
    [({"metric": "cached_share"}, "adds up"), ({"below": -1}, "greater than or equal to 0"),
     ({"below": 91}, "less than or equal to 90")],
)  # fmt: skip
def test_what_cannot_be_a_drop_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        drop(**options)


def test_the_examples_load() -> None:
    book = load_rulebook(Path(__file__).parents[2] / "rules" / "examples" / "drop.yaml")
    assert [one.kind for one in book.rules] == ["drop"] * 3
