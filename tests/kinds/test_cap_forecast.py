"""A cap tells that a period is on the way past its limit, and when an open day would be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from bot.alerts.model import Finding, Measure, Skipped
from bot.kinds.cap import Cap
from bot.kinds.cap_words import about
from bot.messages.digest_series import about as in_its_digits
from bot.messages.digest_series import month_outlook
from bot.report import finding_json
from bot.spend.calendar import DayState, Unit, period_of
from bot.spend.currency import USD
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive
from bot.spend.money import from_dollars
from tests.build import (
    TODAY,
    Entry,
    at,
    daily,
    findings,
    judged,
    ledger,
    on,
    rule,
    skips,
    spend,
    used,
)

SETTLED = on("11-17")
MISSING = DayState.MISSING


def monthly(**options: Any) -> Cap:
    made = rule("cap", **{"period": "month", "forecast_steps": [100], **options})
    assert isinstance(made, Cap)
    return made


def bill(usd: float = 100, days: int = 88, **of: Any) -> list[Entry]:
    """So many dollars a day up to the last settled day, and on the two days since."""
    return daily([usd] * (days + 2), **of)


def only(one: Cap, *entries: Sequence[Entry], **options: Any) -> Finding:
    (found,) = findings(one, ledger(*entries, **options))
    return found


def test_a_month_on_the_way_past_its_cap_is_told_with_its_day() -> None:
    found = only(monthly(limit_usd=2500), bill())
    assert found.why == (
        "The organisation has spent $1,900.00 in November 2026 so far, 76% of its monthly cap of "
        "$2,500. At this pace November ends at $3,000, likely $2,974 to $3,027: 120% of the "
        "cap; the limit falls on Wed 25 Nov."
    )
    assert found.headline == (
        "The organisation is heading for 120% of its monthly cap: $3,000 of $2,500"
    )
    assert found.facts == (
        ("Spent so far", "$1,900.00"),
        ("Cap", "$2,500 (monthly)"),
        ("Of the cap", "76%"),
        ("At this pace", "$3,000 (likely $2,974 to $3,027)"),
        ("Limit falls on", "Wed 25 Nov"),
        ("Period", "November 2026"),
    )
    assert (found.step, found.forecast_step, found.provisional) == (None, 100, True)
    assert found.key == "cap/organization/month:2026-11-01"


def test_a_step_passed_and_one_foreseen_are_one_finding() -> None:
    found = only(monthly(limit_usd=2300, steps=[50, 80, 100]), bill())
    assert (found.step, found.forecast_step) == (80, 100)
    assert found.why.endswith("82% of its monthly cap of $2,300. At this pace November ends at "
                              "$3,000, likely $2,974 to $3,027: 130% of the cap; the limit falls "
                              "on Mon 23 Nov.")  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "steps", "foretold", "passed", "foreseen"),
    [
        (3100, [100], [90, 100], None, 90),
        (2000, [100], [100, 120], None, 120),
        (1800, [100], [100], 100, None),  # over it already: no forecast any more
        (1800, [100], [100, 150], 100, 150),
        (1800, [50], [100], 50, 100),  # over it, though no step says so
        (3000, [100], [100], None, None),  # exactly the limit is fine
        (5000, [30], [100], 30, None),
    ],
)
def test_the_highest_step_foreseen_is_above_what_is_passed(
    limit: int, steps: list[int], foretold: list[int], passed: int | None, foreseen: int | None
) -> None:
    one = monthly(limit_usd=limit, steps=steps, forecast_steps=foretold)
    told = [(f.step, f.forecast_step) for f in findings(one, ledger(bill()))]
    assert told == ([] if (passed, foreseen) == (None, None) else [(passed, foreseen)])


def test_a_forecast_barely_over_a_step_with_a_wide_range_is_not_told() -> None:
    restless = daily([20, 180] * 45)
    barely = ledger(restless)
    outlook = month_outlook(barely, period_of(TODAY, Unit.MONTH))
    assert outlook is not None
    limit = outlook.total / from_dollars(1) * 0.99
    assert outlook.low < from_dollars(limit) < outlook.total
    assert findings(monthly(limit_usd=round(limit, 2)), barely) == []


def test_nothing_is_foreseen_without_forecast_steps_or_for_a_month_that_is_over() -> None:
    assert findings(monthly(limit_usd=2500, forecast_steps=[]), ledger(bill())) == []
    assert findings(monthly(limit_usd=4000), ledger(bill()), "10-30") == []


@pytest.mark.parametrize(
    ("period", "why"),
    [
        ("week", "in week 47 of 2026 so far, 72% of its weekly cap of $550. At this pace week "
                 "47 ends at $700, likely $693 to $707: 127% of the cap; the limit falls on Sat "
                 "21 Nov."),
        ("quarter", None),
    ],
)  # fmt: skip
def test_a_week_is_foreseen_by_its_name_and_a_quarter_not_below_its_cap(
    period: str, why: str | None
) -> None:
    one = monthly(period=period, limit_usd=550 if period == "week" else 9500)
    found = findings(one, ledger(bill(), days=92))
    assert [f.why.partition("$400.00 ")[2] for f in found] == ([why] if why else [])


def test_a_day_has_nothing_to_foresee() -> None:
    with pytest.raises(ValidationError, match="`forecast_steps` need a `period` of week, month"):
        monthly(period="day", limit_usd=1)
    with pytest.raises(ValidationError, match="greater than 0"):
        monthly(limit_usd=1, forecast_steps=[0])


def test_a_young_history_gives_no_forecast_but_the_reason_once() -> None:
    book = ledger(bill(days=9), days=20)
    assert judged(monthly(limit_usd=1200), book) == [
        Skipped("cap", "the organisation", "no forecast of November 2026: only 9 usable days of "
                                           "history, a forecast needs 14")
    ]  # fmt: skip


def test_only_young_projects_that_look_dear_are_named() -> None:
    entries = (
        bill(project="old"),
        bill(days=5, project="dear"),
        bill(usd=1, days=5, project="cheap"),
        bill(usd=900, days=5, project="over already"),
    )
    one = monthly(per="project", limit_usd=1000)
    assert skips(one, ledger(*entries)) == [
        Skipped("cap", "dear", "no forecast of November 2026: only 5 usable days of history, a "
                               "forecast needs 14")
    ]  # fmt: skip
    both = skips(one, ledger(*entries, bill(days=6, project="dearer")))
    assert both[0].subject == "every project"
    assert both[0].why.startswith("no forecast of November 2026 for dear, dearer: only 5 usable")


def test_missing_days_are_estimated_and_said() -> None:
    gaps = {"11-05": MISSING, "11-06": MISSING}
    entries = [entry for entry in bill() if entry.day not in (on("11-05"), on("11-06"))]
    book = ledger(entries, states=gaps)
    (found,) = findings(monthly(limit_usd=2500), book)
    assert "ends at $3,000" in found.why
    assert found.why.endswith(" 2 missing days (Thu 5 Nov to Fri 6 Nov) are estimated.")


def test_missing_days_are_said_where_the_cap_is_passed_and_nothing_is_foreseen() -> None:
    entries = [entry for entry in bill() if entry.day != on("11-05")]
    (found,) = findings(monthly(limit_usd=900), ledger(entries, states={"11-05": MISSING}))
    assert found.why == (
        "The organisation has spent $1,800.00 in November 2026 so far, 200% of its monthly cap of "
        "$900. Thu 5 Nov is missing: this is the least it can be."
    )


def test_one_usable_day_is_one() -> None:
    (found,) = skips(monthly(limit_usd=3), ledger(bill(usd=1, days=1)))
    assert found.why == (
        "no forecast of November 2026: only 1 usable day of history, a forecast needs 14"
    )


def test_where_too_much_is_missing_one_sentence_says_so() -> None:
    book = ledger(bill(), days=90)
    assert judged(monthly(period="year", limit_usd=50_000), book) == [
        Skipped("cap", "the organisation", "234 days of 2026 are missing (Thu 1 Jan to Sat 22 "
                                           "Aug), so what is not over its cap may still be, and "
                                           "its end cannot be foreseen")
    ]  # fmt: skip


def test_planned_money_raises_the_limit_and_the_forecast_alike() -> None:
    window = [{"from": "2026-11-24", "until": "2026-11-25", "usd": 400}]
    found = only(monthly(limit_usd=2500, planned=window), bill())
    assert found.limit == from_dollars(2900)
    assert found.foreseen is not None
    assert found.foreseen.total == pytest.approx(from_dollars(3400), rel=1e-6)
    assert "117% of the cap; the limit falls on Wed 25 Nov" in found.why


def test_planned_days_are_no_history() -> None:
    window = [{"from": "2026-11-10", "until": "2026-11-12", "usd": 6000}]
    burst = spend({"11-10": 2000, "11-11": 2000, "11-12": 2000})
    found = only(monthly(limit_usd=2500, planned=window), bill(), burst)
    assert found.foreseen is not None
    assert found.foreseen.total == pytest.approx(from_dollars(9000), rel=1e-6)


def test_of_many_projects_planned_money_raises_limits_only() -> None:
    window = [{"from": "2026-11-24", "until": "2026-11-25", "usd": 400}]
    one = monthly(per="project", limit_usd=2900, planned=window)
    assert findings(one, ledger(bill(project="a"))) == []


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"default": 5000, "search*": 2500}, ["search × gpt-5"]),
        ({"default": 2500, "search × gpt-5": 5000}, ["chat × gpt-5"]),
        ({"gpt-*": 5000}, []),
    ],
)
def test_limits_by_glob_hold_for_forecasts_of_pairs(
    limits: dict[str, float], told: list[str]
) -> None:
    book = ledger(bill(project="search", model="gpt-5"), bill(project="chat", model="gpt-5"))
    one = monthly(per=["project", "model"], limit_usd=limits)
    assert [f.subject.name for f in findings(one, book)] == told


@pytest.mark.parametrize(
    ("metric", "limit", "why"),
    [
        ("requests", 2500, "has used 1,900 requests in November 2026 so far, 76% of its monthly "
                           "cap of 2,500 requests. At this pace November ends at 3,000 requests, "
                           "likely 2,974 to 3,027 requests: 120% of the cap; the limit "
                           "falls on Wed 25 Nov."),
    ],
)  # fmt: skip
def test_volume_is_foreseen_too(metric: str, limit: int, why: str) -> None:
    days = {f"{entry.day.isoformat()}": 100 for entry in bill()}
    found = only(monthly(metric=metric, limit=limit), used(Additive.REQUESTS, days, model="m"))
    assert found.why == f"The organisation {why}"


def test_the_digest_and_the_cap_foresee_the_same() -> None:
    book = ledger(daily([90, 110, 70, 130, 100, 20, 30] * 12, project="a"), bill(project="b"))
    (found,) = findings(monthly(limit_usd=4000), book)
    outlook = month_outlook(book, period_of(TODAY, Unit.MONTH))
    assert outlook is not None
    assert found.foreseen is not None
    ends = (found.foreseen.low, found.foreseen.total, found.foreseen.high)
    assert ends == (round(outlook.low), round(outlook.total), round(outlook.high))
    in_words = [
        USD.rounded(end) for end in (in_its_digits(outlook).low, in_its_digits(outlook).high)
    ]
    assert f"likely {in_words[0]} to {in_words[1]}" in found.why
    assert f"cap: {USD.rounded(in_its_digits(outlook).total)} of" in found.headline


def test_the_forecast_is_in_the_json_with_exact_names() -> None:
    told = finding_json(only(monthly(limit_usd=2500), bill()))
    forecast = told["forecast"]
    assert (forecast["step"], forecast["limit_falls_on"]) == (100, "2026-11-25")
    assert float(forecast["low"]) < float(forecast["total"]) == 3000 < float(forecast["high"])
    (passed,) = findings(monthly(limit_usd=100), ledger(bill()))
    assert finding_json(passed)["forecast"] is None


def open_day(spent: float, time: str, **options: Any) -> Ledger:
    return ledger(spend({"11-20": spent}), now=at(f"2026-11-20 {time}"), **options)


@pytest.mark.parametrize(
    ("spent", "time", "at_about"),
    [
        (110, "09:00", "16:00"),
        (190, "12:00", "13:00"),
        (110, "05:59", None),  # too early to tell
        (101, "12:01", None),  # not today
        (199, "12:00", None),  # any moment
        (201, "12:00", None),  # it is over
    ],
)
def test_an_open_day_says_when_it_would_pass_its_cap(
    spent: float, time: str, at_about: str | None
) -> None:
    one = rule("cap", limit_usd=200, steps=[50, 100])
    (found,) = findings(one, open_day(spent, time), "11-20")
    assert dict(found.facts).get("At this pace") == (
        f"past the cap at about {at_about} UTC" if at_about else None
    )
    assert found.why.endswith(
        f" At this pace, a rough and linear one, it passes $200 at about {at_about} UTC, or "
        "sooner as costs arrive late."
        if at_about
        else "of its daily cap of $200."
    )


def test_a_day_that_is_over_has_no_pace() -> None:
    one = rule("cap", limit_usd=200, steps=[50, 100])
    (found,) = findings(one, ledger(spend({"11-19": 150})), "11-19")
    assert "pace" not in found.why


@pytest.mark.parametrize(
    ("dollars", "spread", "said"),
    [(5312.4, 812, "$5,310"), (98_765, 30_000, "$98,800"), (4003, 8, "$4,003"),
     (41.237, 3, "$41.20"), (0, 0, "$0.00"), (4003, 0, "$4,003")],
)  # fmt: skip
def test_a_foreseen_amount_has_the_digits_its_range_leaves_it(
    dollars: float, spread: float, said: str
) -> None:
    assert about(from_dollars(dollars), from_dollars(spread), Measure.money(USD)) == said
