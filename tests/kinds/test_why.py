"""An alert says what changed, by how much each, and who it was most; or that it cannot know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.model import Finding
from bot.kinds import Rule
from bot.kinds.why import Why, explained
from bot.spend.calendar import DayState, Unit
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive, Metric
from bot.spend.split import Split
from tests.build import (
    TODAY,
    YESTERDAY,
    DictReader,
    Entry,
    at,
    findings,
    ledger,
    on,
    rule,
    spend,
)
from tests.examples import examples

NAMES = {
    "project": {"p1": "search", "p2": "support"},
    "api_key": {"k1": "ci-key", "k2": "web"},
}
PRICES = {"gpt-5": (0.002, 0.0005, 0.01), "o3": (0.02, 0.005, 0.1)}
"""Dollars for a token of fresh input, cached input, output."""
ALL_DAYS = [TODAY - timedelta(days=back) for back in range(90)]


def used(
    days: Sequence[date],
    requests: int,
    *,
    model: str = "gpt-5",
    each: tuple[int, int, int] = (100, 60, 20),
    billed: bool = True,
    known: bool = True,
    **of: str,
) -> list[Entry]:
    """Use of a model in a project with a key, and its bill; `each` is input, cached, output."""
    of = {"project": "p1", "api_key": "k1", **of}
    total = [requests * tokens for tokens in each]
    money = (total[0] - total[1], total[1], total[2])
    items = (f"{model}, input", f"{model}, cached input", f"{model}, output")
    made = []
    for day in days:
        for item, tokens, price in zip(items, money, PRICES[model], strict=True):
            if billed:
                made.append(Entry(day, tokens * price, {**of, "line_item": item, "model": model}))
        for quantity, number in zip(_COUNTED, (requests, *total), strict=True):
            if known:
                place = {**of, "model": model, "kind": "completions"}
                made.append(Entry(day, number, place, quantity))
    return made


_COUNTED = (
    Additive.REQUESTS,
    Additive.INPUT_TOKENS,
    Additive.CACHED_TOKENS,
    Additive.OUTPUT_TOKENS,
)
_COST_OF_ONE = 40 * 0.002 + 60 * 0.0005 + 20 * 0.01  # $0.31 a request
USUAL = [day for day in ALL_DAYS if day < YESTERDAY]


def book(*entries: list[Entry], **options: Any) -> Ledger:
    return ledger(*entries, names=NAMES, **options)


def spike(**options: Any) -> Rule:
    return rule("spike", **{"per": "project", "min_usd": 1, **options})


def told(one: Rule, known: Ledger, day: str = "11-19") -> Finding:
    (found,) = findings(one, known, day)
    return explained(found, one, known)


def split_of(found: Finding) -> Split:
    assert found.split is not None
    if found.split.parts:
        assert sum(nanos for _, nanos in found.split.parts) == found.split.change
    return found.split


def parts(found: Finding) -> dict[str, int]:
    return {cause.value: nanos for cause, nanos in split_of(found).parts if nanos}


def test_more_requests_are_said_with_their_share_and_who_made_them() -> None:
    found = told(spike(), book(used(USUAL, 100), used([YESTERDAY], 250)))
    assert found.causes == (
        "+$46.50 against a usual Thursday: 150% more requests (+$46.50).",
        "Most of it: model gpt-5 +$46.50, key ci-key +$46.50.",
    )
    assert parts(found) == {"requests": 46_500_000_000}
    assert split_of(found).expected == found.expected


def test_a_fall_of_the_cached_share_is_said_with_both_shares() -> None:
    found = told(spike(), book(used(USUAL, 1000), used([YESTERDAY], 2000, each=(100, 10, 20))))
    assert found.causes[0] == (
        "+$460.00 against a usual Thursday: 100% more requests (+$347.50), cached share fell from "
        "60% to 10% (+$112.50)."
    )


def test_several_causes_are_said_largest_first_and_small_ones_together() -> None:
    extra = spend({"11-19": 5}, project="p1", line_item="web search tool calls")
    more = used([YESTERDAY], 171, each=(140, 84, 20))
    found = told(spike(), book(used(USUAL, 100), more, extra))
    assert found.causes == (
        "+$34.53 against a usual Thursday: 71% more requests (+$23.57), longer prompts (+$5.96); "
        "+$5.00 that usage does not explain (web search tool calls).",
        "Most of it: model gpt-5 +$29.53 (86%), key ci-key +$29.53 (86%).",
    )
    assert split_of(found).unexplained == ("web search tool calls",)


def test_the_organisation_is_told_which_project_and_model_it_is() -> None:
    calm = used(ALL_DAYS[1:], 100, project="p2", api_key="k2")
    known = book(used(USUAL, 100), used([YESTERDAY], 400), calm)
    found = told(spike(per="organization"), known)
    assert found.causes == (
        "+$93.00 against a usual Thursday: 300% more requests to gpt-5 in search (+$93.00).",
        "Most of it: project search +$93.00, model gpt-5 +$93.00, key ci-key +$93.00.",
    )


def test_a_switch_of_models_is_the_mix() -> None:
    known = book(used(USUAL, 100), used([YESTERDAY], 100, model="o3"))
    found = told(spike(), known)
    assert found.causes[0] == (
        "+$279.00 against a usual Thursday: requests moved from gpt-5 to o3 (+$279.00)."
    )
    assert parts(found) == {"model_mix": 279_000_000_000}


def test_without_usage_of_the_day_nothing_is_split() -> None:
    entries = used(USUAL, 100), used([YESTERDAY], 250, known=False)
    found = told(spike(), book(*entries))
    said = (
        "+$46.50 against a usual Thursday; usage of Thu 19 Nov is not there yet to say what "
        "caused it."
    )
    assert (found.causes[0], split_of(found).parts) == (said, ())
    known = book(*entries)
    known.usage_states = {**known.usage_states, YESTERDAY: DayState.MISSING}
    assert told(spike(), known).causes[0] == said


def test_an_open_day_is_not_split() -> None:
    found = told(spike(), book(used(ALL_DAYS[1:], 100), used([TODAY], 400)), "11-20")
    assert found.causes == (
        "+$93.00 so far against a whole usual Friday ($31.00); what caused it can be told when "
        "the day is over.",
        "Most of it: model gpt-5 +$93.00, key ci-key +$93.00.",
    )
    cap = rule("cap", limit_usd=20)
    found = told(cap, book(used(ALL_DAYS[1:], 100), used([TODAY], 80)), "11-20")
    assert found.causes == (
        "No more so far than a whole usual Friday costs ($31.00).",
        "Most of it: project search $24.80, model gpt-5 $24.80, key ci-key $24.80.",
    )


def test_a_cap_that_usual_spend_passes_says_so_and_names_the_spenders() -> None:
    calm = used(ALL_DAYS, 20, project="p2", api_key="k2")
    found = told(rule("cap", limit_usd=30), book(used(ALL_DAYS, 100), calm))
    assert found.causes == (
        "A usual Thursday ($37.20) is over this cap too.",
        "Most of it: project search $31.00 (83%), model gpt-5 $37.20, key ci-key $31.00 (83%).",
    )


def test_a_cap_just_passed_by_usual_spend_says_that_nothing_changed() -> None:
    found = told(rule("cap", limit_usd=31.5), book(used(USUAL, 100), used([YESTERDAY], 103)))
    assert found.causes[0] == "That is about a usual Thursday ($31.00): +$0.93."


def test_a_month_is_compared_by_its_finished_days() -> None:
    month = [day for day in ALL_DAYS if day >= on("11-01")]
    before = [day for day in ALL_DAYS if day < on("11-01")]
    monthly = rule("cap", period="month", limit_usd=500)
    known = book(used(before, 100), used(month, 200))
    found = told(monthly, known, "11-20")
    assert found.causes == (
        "+$589.00 in the 19 finished days against the same weekdays of the 4 weeks before "
        "($589.00): 100% more requests (+$589.00).",
        "Most of it: project search +$589.00, model gpt-5 +$589.00, key ci-key +$589.00.",
    )
    young = told(monthly, replace_days(known, 15), "11-20")
    assert young.causes[0] == "Nothing comparable is known before November 2026 to explain it with."
    assert young.split is None


def replace_days(known: Ledger, days: int) -> Ledger:
    assert isinstance(known.reader, DictReader)
    return ledger(known.reader.entries, names=NAMES, days=days)


def test_missing_planned_and_unsettled_days_are_nothing_to_compare_with() -> None:
    odd = {"11-12": 9000, "11-05": 9000}
    usual = [day for day in USUAL if day not in (on("11-12"), on("11-05"))]
    known = book(
        used(usual, 100), *(used([on(d)], n) for d, n in odd.items()), used([YESTERDAY], 300),
        states={"11-12": DayState.MISSING},
    )  # fmt: skip
    planned = rule("cap", limit_usd=50, planned=[{"from": "2026-11-05", "until": "2026-11-05"}])
    assert split_of(told(planned, known)).expected == 31_000_000_000


def test_a_highest_day_is_no_average_one() -> None:
    """Of a young history the alert names the highest day; what changed is told against the mean."""
    week = (used([day], 150 if day == on("11-15") else 100) for day in USUAL)
    known = book(*week, used([YESTERDAY], 1000), days=12)
    found = told(spike(), known)
    assert "its highest day so far ($46.50)" in found.why
    assert found.causes[0].startswith("+$277.28 against an average day of the 9 before ($32.72)")


def test_one_message_has_one_usual_day() -> None:
    """After a fall that the weekdays do not know yet, they are an average and not the usual."""
    lately = [day for day in USUAL if day >= on("11-05")]
    before = [day for day in USUAL if day < on("11-05")]
    known = book(used(before, 100), used(lately, 2), used([YESTERDAY], 300))
    found = told(spike(), known)
    assert "its usual Thursday" in found.why
    assert "against an average Thursday" in found.causes[0]


def test_less_than_the_smallest_coin_is_not_told_beside_a_sum() -> None:
    known = book(used(USUAL, 100), used([YESTERDAY], 100), spend({"11-19": 0.004}, project="p1"))
    causes = [told(rule("cap", limit_usd=limit), known).causes[0] for limit in (20, 31.001)]
    assert causes == [
        "A usual Thursday ($31.00) is over this cap too.",
        "That is about a usual Thursday ($31.00).",
    ]


def test_few_weekdays_are_replaced_by_an_average_day() -> None:
    known = book(used(USUAL, 100), used([YESTERDAY], 300), days=12)
    found = told(rule("cap", limit_usd=50), known)
    assert found.causes[0] == (
        "+$62.00 against an average day of the 9 before ($31.00): 200% more requests (+$62.00)."
    )


def test_a_drift_compares_its_week_with_the_weeks_it_was_judged_by() -> None:
    late = [day for day in ALL_DAYS if on("11-10") <= day <= YESTERDAY]
    early = [day for day in ALL_DAYS if day < on("11-10")]
    drift = rule("drift", per="project")
    found = told(drift, book(used(early, 100), used(late, 200)))
    assert found.causes[0] == (
        "+$217.00 in the 7 finished days against the same weekdays 3 to 5 weeks before ($217.00): "
        "100% more requests (+$217.00)."
    )


def test_a_drop_says_what_stopped() -> None:
    drop = rule("drop", per="project")
    found = told(drop, book(used(USUAL, 100), used([YESTERDAY], 10)))
    assert found.causes == (
        "-$27.90 against a usual Thursday: 90% fewer requests (-$27.90).",
        "Most of it: model gpt-5 -$27.90, key ci-key -$27.90.",
    )


def test_a_stop_is_said_as_one() -> None:
    calm = used(ALL_DAYS, 50, project="p2", api_key="k2")
    found = told(rule("drop", per="project"), book(used(USUAL, 100), calm))
    assert found.causes[0] == "-$31.00 against a usual Thursday: requests stopped (-$31.00)."


def test_a_bill_without_line_items_is_unexplained_and_says_why() -> None:
    bare = [
        replace(entry, of={**entry.of, "line_item": None})
        for entry in (*used(USUAL, 100), *used([YESTERDAY], 300))
    ]
    found = told(spike(), book(bare))
    assert found.causes[0] == (
        "+$62.00 against a usual Thursday: +$62.00 that usage does not explain (money without a "
        "line item)."
    )


def test_a_price_that_rose_is_said() -> None:
    dear = [
        replace(entry, amount=entry.amount * (3 if entry.quantity is Additive.COST else 1))
        for entry in used([YESTERDAY], 100)
    ]
    found = told(spike(), book(used(USUAL, 100), dear))
    assert found.causes[0] == "+$62.00 against a usual Thursday: a higher price (+$62.00)."


def test_a_newcomer_says_what_it_does_and_where() -> None:
    new = rule("new", per="api_key")
    entries = used(ALL_DAYS, 100), used([YESTERDAY], 400, model="o3", api_key="k9", project="p2")
    found = told(new, book(*entries))
    assert found.causes == (
        "400 requests to o3, about 120 tokens each.",
        "Most of it: project support $1,240.00, model o3 $1,240.00.",
    )
    assert parts(found) == {"requests": 1_240_000_000_000}


def test_volume_and_ratios_are_explained_in_money() -> None:
    known = book(used(USUAL, 100), used([YESTERDAY], 400))
    found = told(spike(metric="requests"), known)
    assert found.causes[0] == (
        "In money: +$93.00 against a usual Thursday ($31.00): 300% more requests (+$93.00)."
    )


def test_a_ratio_is_explained_by_what_changed_beside_the_use() -> None:
    late = [day for day in ALL_DAYS if on("11-12") <= day <= YESTERDAY]
    early = [day for day in ALL_DAYS if day < on("11-12")]
    drift = rule("drift", per="project", metric="cost_per_request")
    known = book(used(early, 100), used(late, 300, each=(100, 10, 60)))
    found = told(drift, known)
    assert found.causes[0] == (
        "In money, for as many requests: +$997.50 in the 7 finished days against the same weekdays "
        "3 to 5 weeks before ($651.00): longer answers (+$840.00), cached share fell from 60% to "
        "10% (+$157.50)."
    )
    assert set(parts(found)) == {"tokens_per_request", "cached_share"}


@pytest.mark.parametrize("metric", list(Metric))
def test_every_metric_is_explained_in_parts_that_add_up(metric: Metric) -> None:
    known = book(used(USUAL, 100), used([YESTERDAY], 400, each=(300, 20, 90)))
    (found,) = findings(rule("cap", limit_usd=50), known, "11-19")
    found = explained(replace(found, kind="drift", metric=metric), rule("cap", limit_usd=50), known)
    assert sum(nanos for _, nanos in split_of(found).parts) == split_of(found).change


def test_what_match_leaves_out_is_left_out_of_the_split() -> None:
    other = used(ALL_DAYS, 7, model="o3", api_key="k2")
    known = book(used(USUAL, 100), used([YESTERDAY], 300), other)
    found = told(spike(match={"model": "gpt-5*"}), known)
    assert (split_of(found).observed, split_of(found).change) == (93_000_000_000, 62_000_000_000)
    assert [one.id for one in split_of(found).contributors] == ["gpt-5", "k1"]


def test_a_line_item_has_a_change_and_no_split() -> None:
    known = book(used(USUAL, 100), used([YESTERDAY], 300))
    (found, *_) = findings(spike(per="line_item"), known, "11-19")
    found = explained(found, spike(per="line_item"), known)
    assert found.causes[0].endswith("against a usual Thursday.")
    assert split_of(found).parts == ()


def test_a_finding_that_another_tells_is_left_as_it_is() -> None:
    known = book(used(USUAL, 100), used([YESTERDAY], 300))
    (found,) = findings(spike(), known, "11-19")
    silent = replace(found, inhibited_by="another")
    assert explained(silent, spike(), known) is silent


def test_hostile_names_are_cleaned() -> None:
    bad = "\x1b[31m<!channel>\u202e\n*x*" + "y" * 500
    entries = used(USUAL, 100, project=bad, api_key=bad), used([YESTERDAY], 400, project=bad)
    calm = used(ALL_DAYS, 20, project="p2")
    found = told(spike(per="organization"), ledger(*entries, calm))
    assert all(text.isprintable() and len(text) < 400 for text in found.causes)
    assert "<!channel>" in found.causes[0]  # escaped by whoever shows it, not before


def test_a_vast_organisation_is_split_by_model_and_says_as_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = book(used(USUAL, 100), used([YESTERDAY], 400), used(ALL_DAYS, 9, project="p2"))
    exact = told(spike(per="organization"), known)
    monkeypatch.setattr("bot.kinds.why.MOST_ROWS", 1)
    rough = told(spike(per="organization"), known)
    assert split_of(rough) == split_of(exact)
    assert rough.causes[0].endswith("against a usual Thursday: 275% more requests (+$93.00).")


uses = st.lists(
    st.tuples(
        st.sampled_from(USUAL[:60]),
        st.integers(0, 500),
        st.sampled_from(["gpt-5", "o3"]),
        st.sampled_from([(100, 60, 20), (10, 0, 90), (0, 0, 5)]),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["p1", "p2"]),
    ),
    max_size=12,
)


@examples(12)
@given(uses, st.integers(1, 400), st.sampled_from(list(Unit)), st.sampled_from(list(Metric)))
def test_whatever_the_history_the_parts_add_up(
    history: list[Any], today: int, unit: Unit, metric: Metric
) -> None:
    made = [
        used([day], requests, model=model, each=each, billed=billed, known=known, project=project)
        for day, requests, model, each, billed, known, project in history
    ]
    known = book(*made, used([YESTERDAY], today))
    cap = rule("cap", limit_usd=0, period=unit)
    for found in findings(cap, known, "11-19"):
        why = explained(replace(found, metric=metric), cap, known)
        assert 1 <= len(why.causes) <= 2
        if why.split:
            assert split_of(why).observed > 0
            assert "nan" not in str(why.causes)


def test_a_thousand_findings_read_every_sum_once() -> None:
    days = [day for day in USUAL if day.weekday() == 3]
    many = [
        entry
        for n in range(50)
        for entry in (*used(days, 100, project=f"p{n}"), *used([YESTERDAY], 300, project=f"p{n}"))
    ]
    known = book(many)
    cap = rule("cap", per="project", limit_usd=50)
    found = findings(cap, known, "11-19")
    assert isinstance(known.reader, DictReader)
    before, why = len(known.reader.asked), Why(known)
    assert all(why.explained(one, cap).split for one in found)
    assert (len(found), len(known.reader.asked) - before) == (50, 4)


@pytest.mark.parametrize("now", ["2026-11-19 10:00", "2026-11-20 00:30", "2026-11-20 09:00"])
def test_an_alert_is_explained_at_any_time_of_its_day(now: str) -> None:
    known = book(used(USUAL, 100), used([YESTERDAY], 300), now=at(now))
    found = told(rule("cap", limit_usd=50), known)
    assert found.causes
    assert split_of(found).change == 62_000_000_000
