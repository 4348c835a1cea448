"""A spike is a day far above its usual; everything that is not certain stays silent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.alerts.model import Measure, Skipped
from bot.kinds.spike import Spike
from bot.spend.calendar import ONE_DAY, DayState
from bot.spend.currency import USD
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive
from tests.build import (
    TODAY,
    YESTERDAY,
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
    weeks,
)

WEEK = (30, 32, 33, 34, 31, 4, 3)
"""Dollars from Monday to Sunday; Thursday's is 34."""
USUAL = weeks(WEEK, 12, project="search")


def spike(**options: Any) -> Spike:
    made = rule("spike", **options)
    assert isinstance(made, Spike)
    return made


PER_PROJECT = spike(per="project")


def with_day(day: str, dollars: float, **options: Any) -> Ledger:
    """The usual weeks, with another total on that day."""
    kept = [entry for entry in USUAL if entry.day != on(day)]
    return ledger(kept, spend({day: dollars}, project="search"), **options)


def limit_of_yesterday(book: Ledger, one: Spike = PER_PROJECT) -> float:
    """The dollars that would still have been fine; the day must be a spike."""
    (found,) = findings(one, book, "11-19")
    assert found.limit is not None
    return found.limit / 1e9


def test_four_times_the_usual_is_found() -> None:
    (found,) = findings(PER_PROJECT, with_day("11-19", 136))
    assert (found.observed, found.expected) == (136 * 10**9, 33_129_109_860)
    assert str(found.period) == "Thu 19 Nov 2026"
    assert found.key == "spike/project=search/day:2026-11-19"


@pytest.mark.parametrize("dollars", [0, 20, 34, 45, 49.69])
def test_a_day_within_its_swing_is_not(dollars: float) -> None:
    assert judged(PER_PROJECT, with_day("11-19", dollars)) == []


def test_quiet_weekends_and_busy_mondays_are_usual() -> None:
    days = [str(YESTERDAY - timedelta(days=n)) for n in range(28)]
    assert findings(PER_PROJECT, ledger(USUAL), *days) == []


def test_what_is_little_on_a_weekday_is_much_on_a_sunday() -> None:
    (found,) = findings(PER_PROJECT, with_day("11-15", 34), "11-15")
    assert found.headline == "search cost $34.00 on Sun 15 Nov, 11× its usual Sunday"


def test_a_finished_day_in_words() -> None:
    (found,) = findings(PER_PROJECT, with_day("11-19", 412))
    assert found.headline == "search cost $412.00 on Thu 19 Nov, 12× its usual Thursday"
    assert found.why == (
        "search cost $412.00 on Thu 19 Nov 2026, 12× its usual Thursday ($33.13). Over the last 8 "
        "weeks it normally swings about +9% around the usual; anything up to $49.69 would have "
        "been fine."
    )
    assert found.facts == (
        ("That day", "$412.00"),
        ("Usual Thursday", "$33.13"),
        ("Above it by", "$378.87"),
        ("Fine up to", "$49.69"),
        ("Normal swing", "+9%"),
    )
    assert (found.kind, found.metric, found.measure) == ("spike", "cost", Measure.money(USD))


def test_an_open_day_in_words() -> None:
    (found,) = findings(PER_PROJECT, with_day("11-20", 300))
    assert found.headline == "search cost $300.00 so far on Fri 20 Nov, 9.6× its usual Friday"
    assert found.why == (
        "search cost $300.00 on Fri 20 Nov 2026 so far, in a day that is not over, 9.6× its usual "
        "Friday ($31.19). Over the last 8 weeks it normally swings about +9% around the usual; "
        "anything up to $46.79 would have been fine."
    )
    assert found.facts[0] == ("So far", "$300.00")


def test_a_young_series_in_words() -> None:
    young = daily([10, 11, 12, 9, 10, 11, 13, 12, 10, 60], project="search")
    (found,) = findings(PER_PROJECT, ledger(young))
    assert found.headline == "search cost $60.00 on Thu 19 Nov, 4.6× its highest day so far"
    assert found.why == (
        "search cost $60.00 on Thu 19 Nov 2026, 4.6× its highest day so far ($13.00). It has only "
        "8 settled days of history, so its highest day sets the limit: anything up to $26.00 "
        "would have been fine."
    )
    assert found.facts == (
        ("That day", "$60.00"),
        ("Highest day so far", "$13.00"),
        ("Above it by", "$47.00"),
        ("Fine up to", "$26.00"),
    )


def test_an_old_series_without_such_a_weekday_in_words() -> None:
    states = {str(YESTERDAY - timedelta(weeks=n)): DayState.MISSING for n in range(1, 9)}
    (found,) = findings(PER_PROJECT, with_day("11-19", 412, states=states))
    assert found.why == (
        "search cost $412.00 on Thu 19 Nov 2026, 12× its highest day so far ($34.00). No usual "
        "Thursday is known yet, so its highest day sets the limit: anything up to $68.00 would "
        "have been fine."
    )


def test_a_usual_of_nothing_in_words() -> None:
    idle_thursdays = weeks((20, 20, 20, 0, 20, 20, 20), 12, project="search")
    book = ledger(idle_thursdays, spend({"11-19": 50}, project="search"))
    (found,) = findings(PER_PROJECT, book)
    assert found.headline == "search cost $50.00 on Thu 19 Nov, where its usual Thursday is nothing"
    assert found.why == (
        "search cost $50.00 on Thu 19 Nov 2026, where its usual Thursday is nothing. Over the last "
        "8 weeks it normally swings about +9% around the usual; anything up to $5.00 would have "
        "been fine."
    )


def test_a_usual_of_next_to_nothing_is_not_told_in_millions() -> None:
    book = ledger(daily([0.0001] * 60 + [50], project="search"))
    (found,) = findings(PER_PROJECT, book)
    assert "over 1,000× its usual Thursday ($0.00010)" in found.why


def test_volume_in_words() -> None:
    entries = [
        *used(Additive.INPUT_TOKENS, {str(d.day): int(d.amount * 1e5) for d in USUAL}, model="o3"),
        *used(Additive.OUTPUT_TOKENS, {"11-19": 40_000_000}, model="o3"),
    ]
    (found,) = findings(spike(per="model", metric="tokens"), ledger(entries))
    assert found.why.startswith(
        "o3 used 43.4M tokens on Thu 19 Nov 2026, 13× its usual Thursday (3.31M tokens)."
    )
    assert found.measure == Measure.TOKENS


def test_no_sentence_ever_holds_a_nan() -> None:
    bills = [daily([5.0] * n + [400], project=f"p{n}") for n in range(40)]
    gaps = {str(YESTERDAY - timedelta(days=n)): DayState.MISSING for n in range(3, 60, 4)}
    for states in ({}, gaps):
        for found in findings(spike(per="project", min_usd=0), ledger(*bills, states=states)):
            words = f"{found.why} {found.headline} {found.facts}".casefold()
            assert "nan" not in words
            assert "inf" not in words
            assert found.limit is not None


@pytest.mark.parametrize(("part", "speaks"), [(4, False), (46.7, False), (46.9, True)])
def test_an_open_day_speaks_once_its_part_is_above_the_limit_of_a_whole_day(
    part: float, speaks: bool
) -> None:
    found = findings(PER_PROJECT, with_day("11-20", part))
    assert [(one.period.start, one.provisional) for one in found] == [(TODAY, True)] * speaks


@pytest.mark.parametrize(("day", "provisional"), [("11-19", True), ("11-10", False)])
def test_a_day_that_may_be_restated_is_provisional(day: str, provisional: bool) -> None:
    (found,) = findings(PER_PROJECT, with_day(day, 400), day)
    assert found.provisional is provisional


def test_a_spike_does_not_wait_for_the_grace_time() -> None:
    (found,) = findings(PER_PROJECT, with_day("11-19", 400, now=at("2026-11-20 00:01")), "11-19")
    assert found.provisional


def test_a_verdict_about_a_young_series_waits_for_the_grace_time() -> None:
    young = daily([10, 60], project="new")
    assert judged(PER_PROJECT, ledger(young, now=at("2026-11-20 05:59")), "11-19") == []
    assert len(judged(PER_PROJECT, ledger(young, now=at("2026-11-20 06:00")), "11-19")) == 1


def test_a_series_of_under_seven_days_is_skipped_with_the_reason() -> None:
    book = ledger(daily([10, 11, 12, 60], project="search"))
    assert judged(PER_PROJECT, book) == [
        Skipped(
            "spike",
            "search",
            "2 settled days of history; a spike needs 7. Until then a cap can watch it.",
        )
    ]
    (one,) = skips(PER_PROJECT, ledger(daily([11, 12, 60], project="search")))
    assert one.why.startswith("1 settled day of history;")


def test_a_small_young_series_is_nobodys_concern() -> None:
    assert judged(PER_PROJECT, ledger(daily([1, 2, 4.99], project="search"))) == []


def test_a_missing_day_is_skipped_and_a_missing_today_is_not_yet_anything() -> None:
    gone = {"11-19": DayState.MISSING, "11-20": DayState.MISSING}
    assert judged(PER_PROJECT, with_day("11-19", 400, states=gone)) == [
        Skipped("spike", "every project", "Thu 19 Nov is missing: not fetched whole")
    ]


def test_days_outside_the_history_are_left_alone() -> None:
    assert judged(PER_PROJECT, with_day("11-19", 400, days=30), "01-01", "12-24") == []


@pytest.mark.parametrize("state", [DayState.SETTLING, DayState.OPEN, DayState.MISSING])
def test_a_day_that_is_not_settled_is_no_part_of_a_baseline(state: DayState) -> None:
    """Six Thursdays as high as the judged one would make it usual."""
    high = [YESTERDAY - timedelta(weeks=n) for n in range(1, 7)]
    kept: list[Entry] = [entry for entry in USUAL if entry.day not in (*high, YESTERDAY)]
    bill = (kept, [Entry(day, 150, {"project": "search"}) for day in (*high, YESTERDAY)])
    assert findings(PER_PROJECT, ledger(*bill), "11-19") == []
    unsettled = {str(day): state for day in high}
    assert len(findings(PER_PROJECT, ledger(*bill, states=unsettled), "11-19")) == 1


def test_a_planned_day_is_no_part_of_a_baseline() -> None:
    high = {"11-12": 300, "11-05": 300, "10-29": 300, "10-22": 300}
    kept = [entry for entry in USUAL if entry.day not in [on(d) for d in high]]
    kept = [entry for entry in kept if entry.day != YESTERDAY]
    bill = (kept, spend(high, project="search"), spend({"11-19": 150}, project="search"))
    assert findings(PER_PROJECT, ledger(*bill), "11-19") == []
    planned = [{"from": "2026-10-22", "until": "2026-11-12", "note": "evals"}]
    assert len(findings(spike(per="project", planned=planned), ledger(*bill), "11-19")) == 1


@pytest.mark.parametrize(("allowance", "found"), [(0, 1), (98, 1), (101, 0)])
def test_a_planned_day_may_cost_its_allowance_more(allowance: float, found: int) -> None:
    planned = [{"from": "2026-11-19", "until": "2026-11-19", "usd": allowance}]
    book = with_day("11-19", 150)
    assert len(findings(spike(per="project", planned=planned), book)) == found


def test_a_spike_says_how_much_of_what_was_fine_is_planned() -> None:
    planned = [{"from": "2026-11-19", "until": "2026-11-19", "usd": 9, "note": "evals"}]
    (found,) = findings(spike(per="project", planned=planned), with_day("11-19", 150))
    assert ", $9 of it planned (evals), would have been fine." in found.why


def test_without_a_smallest_excess_a_small_part_of_a_large_organisation_is_judged() -> None:
    large = daily([50_000.0] * 90, project="large")
    day = {"project": "search"}
    small = [*daily([10.0] * 88, until=YESTERDAY - ONE_DAY, **day), Entry(YESTERDAY, 30, day)]
    assert findings(spike(per="project"), ledger(large, small), "11-19") == []
    (found,) = findings(spike(per="project", min_usd=0), ledger(large, small), "11-19")
    assert found.subject.name == "search"


def test_todays_spend_never_moves_the_limit_of_today() -> None:
    limits = set()
    for dollars in (60, 600, 6000):
        (found,) = findings(PER_PROJECT, with_day("11-20", dollars))
        limits.add(found.limit)
    assert len(limits) == 1


@pytest.mark.parametrize(("min_usd", "found"), [(5, 1), (7.99, 1), (8, 0)])
def test_an_excess_below_the_floor_is_not_told(min_usd: float, found: int) -> None:
    book = ledger(
        weeks((1, 1, 1, 1, 1, 1, 1), 12, project="tiny"), spend({"11-19": 8}, project="tiny")
    )
    assert len(findings(spike(per="project", min_usd=min_usd), book)) == found


@pytest.mark.parametrize(("organisation", "found"), [(1590, 1), (1610, 0)])
def test_an_excess_of_under_half_a_percent_of_the_organisation_is_not_told(
    organisation: float, found: int
) -> None:
    rest = weeks((organisation,) * 7, 12, project="rest")
    tiny = weeks((1, 1, 1, 1, 1, 1, 1), 12, project="tiny")
    assert (
        len(findings(PER_PROJECT, ledger(rest, tiny, spend({"11-19": 8}, project="tiny")))) == found
    )


def test_the_floor_of_a_volume_is_a_share_of_the_volume() -> None:
    requests = {str(entry.day): int(entry.amount) for entry in USUAL}
    small = used(Additive.REQUESTS, {**requests, "11-19": 90}, project="small")
    large = used(Additive.REQUESTS, dict.fromkeys(requests, 20_000), project="large")
    one = spike(per="project", metric="requests")
    assert len(findings(one, ledger(small))) == 1
    assert findings(one, ledger(small, large)) == []


def test_a_higher_sensitivity_is_a_lower_limit() -> None:
    wild = weeks((20, 60, 30, 50, 25, 70, 15), 12, project="w")
    noise = (0.6, 1.5, 1.0, 0.8, 1.3)
    bill = [Entry(e.day, e.amount * noise[n % 5], e.of) for n, e in enumerate(wild)]
    book = ledger(bill, spend({"11-19": 2000}, project="w"))
    limits = [limit_of_yesterday(book, spike(per="project", sensitivity=how)) for how in
              ("high", "normal", "low")]  # fmt: skip
    assert limits == sorted(limits)
    assert len(set(limits)) == 3


def test_a_pair_has_a_usual_of_its_own() -> None:
    steady = weeks((100,) * 7, 12, project="search", model="gpt-5")
    other = weeks((10,) * 7, 12, project="search", model="o3")
    book = ledger(steady, other, spend({"11-19": 40}, project="search", model="o3"))
    (found,) = findings(spike(per=["project", "model"]), book)
    assert found.subject.name == "search × o3"
    assert findings(PER_PROJECT, book) == []


def test_a_match_looks_at_a_part_only() -> None:
    book = ledger(
        weeks((100,) * 7, 12, project="search", model="gpt-5"),
        weeks((10,) * 7, 12, project="search", model="o3"),
        spend({"11-19": 40}, project="search", model="o3"),
    )
    (found,) = findings(spike(match={"model": "o*"}), book)
    assert found.headline == (
        "The organisation (model o*) cost $50.00 on Thu 19 Nov, 5.0× its usual Thursday"
    )


def test_credits_are_idle_days() -> None:
    book = ledger(USUAL, spend({"11-12": -500, "11-19": 400}, project="search"))
    assert len(findings(PER_PROJECT, book, "11-19")) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"direction": "down"}, "`direction: down` needs a ratio, not `cost`: use `drop`"),
        ({"sensitivity": "extreme"}, "'low', 'normal' or 'high'"),
        ({"min_usd": -1}, "greater than or equal to 0"),
        ({"min_usd": 10**10}, "less than or equal to 1000000000"),
    ],
)
def test_a_spike_that_makes_no_sense_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        spike(**options)
    assert said in str(refused.value)


def test_a_thousand_projects_are_judged_at_once() -> None:
    book = ledger(*[daily([10 + n % 7] * 89 + [70], project=f"p{n}") for n in range(1000)])
    for per in (("project",), ("organization",)):
        book.sums(Additive.COST, per)
    found = findings(PER_PROJECT, book, "11-17", "11-18", "11-19", "11-20")
    assert found == []  # none stands out of 1,000 by 0.5 % of all of them


# --- ratios


def asked(requests: int = 1000, **days: int) -> list[Entry]:
    """Requests of every day of the last 12 weeks, another number on some."""
    number = {str(YESTERDAY - timedelta(days=n)): requests for n in range(84)}
    return used(Additive.REQUESTS, {**number, **days}, project="search")


PER_REQUEST = spike(per="project", metric="cost_per_request")


def test_a_dearer_request_in_words() -> None:
    (found,) = findings(PER_REQUEST, ledger(daily([30] * 83 + [90], project="search"), asked()))
    assert found.headline == (
        "search's cost per request was $0.09 on Thu 19 Nov, 3.0× its usual Thursday"
    )
    assert found.why == (
        "search's cost per request was $0.09 on Thu 19 Nov 2026, 3.0× its usual Thursday ($0.03). "
        "Over the last 8 weeks it normally swings about +9% around the usual; anything up to "
        "$0.045 would have been fine."
    )
    assert (found.observed, found.measure) == (90_000_000.0, Measure.parse("usd_per_request"))


def test_a_cache_that_stops_working_in_words() -> None:
    thousands = {str(YESTERDAY - timedelta(days=n)): 1_000_000 for n in range(84)}
    cached = {**dict.fromkeys(thousands, 600_000), str(YESTERDAY): 100_000}
    book = ledger(
        daily([30] * 84, project="search"),
        asked(),
        used(Additive.INPUT_TOKENS, thousands, project="search"),
        used(Additive.CACHED_TOKENS, cached, project="search"),
    )
    one = spike(per="project", metric="cached_share", direction="down")
    (found,) = findings(one, book)
    assert found.why == (
        "search's cached share was 10% on Thu 19 Nov 2026, 17% of its usual Thursday (60%). Over "
        "the last 8 weeks it normally swings about -8% around the usual; anything down to 39.8% "
        "would have been fine."
    )
    assert found.facts[-3:] == (
        ("Below it by", "50%"),
        ("Fine down to", "39.8%"),
        ("Normal swing", "-8%"),
    )
    assert findings(spike(per="project", metric="cached_share"), book) == []


def test_a_ratio_of_few_requests_or_little_money_is_chance() -> None:
    dear = daily([30] * 83 + [90], project="search")
    few = asked(**{str(YESTERDAY): 19})
    assert findings(PER_REQUEST, ledger(dear, few)) == []
    assert len(findings(PER_REQUEST, ledger(dear, asked(**{str(YESTERDAY): 20})))) == 1
    assert findings(spike(**{"per": "project", "metric": "cost_per_request", "min_usd": 91}),
                    ledger(dear, asked())) == []  # fmt: skip


def test_a_ratio_waits_for_the_end_of_the_day() -> None:
    dear = (daily([30] * 83, project="search"), spend({"11-20": 90}, project="search"))
    book = ledger(*dear, asked(**{str(TODAY): 1000}))
    assert findings(PER_REQUEST, book, "11-20") == []


# --- series whose days are no guide


def test_a_bursty_series_is_skipped_with_a_way_out_and_only_a_great_day_told() -> None:
    bill = daily([0, 12, 0, 30, 0, 8] * 14 + [45], project="ana")
    assert judged(PER_PROJECT, ledger(bill), "11-19") == [
        Skipped(
            "spike",
            "ana",
            "idle on 51% of its days: they are no guide, so only a day above twice the highest of "
            "8 weeks is told. A cap can watch it.",
        )
    ]
    great = ledger(bill[:-1], spend({"11-19": 61}, project="ana"))
    (found,) = findings(PER_PROJECT, great, "11-19")
    assert found.why == (
        "ana cost $61.00 on Thu 19 Nov 2026, 2.0× its highest day of 8 weeks ($30.00). It is idle "
        "on too many days for them to be a guide, so its highest day sets the limit: anything up "
        "to $60.00 would have been fine."
    )


def test_many_bursty_series_are_told_as_one() -> None:
    bills = [daily(([0, 12, 0, 30, 0, 8] * 14) + [45], project=f"p{n}") for n in range(6)]
    (one,) = skips(PER_PROJECT, ledger(*bills), "11-19")
    assert (one.subject, one.why) == (
        "every project",
        "6 of them are idle too often to be judged by their days. Caps can watch them.",
    )
