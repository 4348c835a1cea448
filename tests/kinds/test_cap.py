"""A cap tells when a period's total passes a step of its limit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.alerts.model import Measure, Severity, Skipped
from bot.kinds.cap import Cap, highest_step, percent_of
from bot.spend.calendar import DayState
from bot.spend.currency import USD
from bot.spend.metrics import Additive
from bot.spend.money import from_dollars
from tests.build import at, daily, findings, judged, keys, ledger, on, rule, skips, spend, used

NAMES = {"project": {"proj_a": "search", "proj_b": "search-dev", "proj_c": "chat"}}
THREE = (
    spend({"11-19": 130}, project="proj_a", model="gpt-5"),
    spend({"11-19": 130}, project="proj_b", model="gpt-5"),
    spend({"11-19": 130}, project="proj_c", model="o3"),
)


def cap(**options: Any) -> Cap:
    made = rule("cap", **options)
    assert isinstance(made, Cap)
    return made


def told(one: Cap, *days: str, **of: float) -> list[str]:
    """The names of the projects that are told about, of those that spent so much on 19 Nov."""
    bill = [spend({"11-19": dollars}, project=name) for name, dollars in of.items()]
    return [found.subject.name for found in findings(one, ledger(*bill), *days)]


@pytest.mark.parametrize(
    ("spent", "step"),
    [
        (0, None),
        (49.99, None),
        (50, None),
        (50.000000001, 50),
        (80, 50),
        (80.01, 80),
        (100, 80),
        (100.000000001, 100),
        (250, 100),
        (-300, None),
    ],
)
def test_a_step_is_passed_above_it_and_not_on_it(spent: float, step: float | None) -> None:
    found = findings(cap(limit_usd=100, steps=[80, 50, 100]), ledger(spend({"11-19": spent})))
    assert [one.step for one in found] == ([step] if step else [])


@pytest.mark.parametrize(
    ("limit", "step", "spent"),
    [("100", 33.3, "33.3"), ("1234567.89", 100, "1234567.89"), ("0.000000003", 100, "3e-9")],
)
def test_exactly_on_a_step_is_exact_whatever_the_digits(
    limit: str, step: float, spent: str
) -> None:
    capped = cap(limit_usd=limit, steps=[step])
    assert findings(capped, ledger(spend({"11-19": float(spent)}))) == []


@given(st.integers(0, 10**18), st.sampled_from([0.1, 12.5, 33.3, 80.0, 100.0, 110.0]))
def test_one_nano_dollar_more_than_a_step_passes_it(limit: int, step: float) -> None:
    on_it = limit * round(step * 10) // 1000
    assert highest_step(on_it, limit, (step,)) is None
    assert highest_step(on_it + 1, limit, (step,)) == step


@pytest.mark.parametrize(
    ("observed", "limit", "said"),
    [
        (29, 100, "29%"),
        (99_999, 100_000, "99%"),
        (100, 100, "100%"),
        (1001, 1000, "100%"),
        (109, 100, "109%"),
        (12_345, 100, "12,345%"),
        (5, 0, "all"),
    ],
)
def test_a_share_never_claims_a_limit_that_was_not_reached(
    observed: int, limit: int, said: str
) -> None:
    assert percent_of(observed, limit) == said


def test_a_limit_of_nothing_is_passed_by_anything() -> None:
    assert told(cap(per="project", limit_usd=0), a=0.01, b=0, c=-4) == ["a"]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (100, ["search", "search-dev", "chat"]),
        ({"default": 100, "search*": 200}, ["chat"]),
        ({"search*": 100}, ["search", "search-dev"]),
        ({"search": 100}, ["search"]),
        ({"SEARCH": 100}, ["search"]),
        ({"proj_c": 100}, ["chat"]),
        # The first that fits is used, wherever `default` stands.
        ({"default": 200, "search-*": 100, "search*": 200}, ["search-dev"]),
        ({"search*": 200, "search-*": 100, "default": 200}, []),
    ],
)
def test_a_limit_is_found_by_glob_on_id_or_name(limits: Any, expected: list[str]) -> None:
    found = findings(cap(per="project", limit_usd=limits), ledger(*THREE, names=NAMES), "11-19")
    assert [one.subject.name for one in found] == expected


@pytest.mark.parametrize(
    "name",
    [
        "Search [prod]",
        "a name of more than forty characters, as people write them",
        "*",
        "x\u200by",
    ],
)
def test_a_name_written_out_is_found_whatever_it_holds(name: str) -> None:
    book = ledger(THREE[0], names={"project": {"proj_a": name}})
    assert len(findings(cap(per="project", limit_usd={name: 100}), book)) == 1


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"project": "search*"}, ["search", "search-dev"]),
        ({"project": ["search*", "!search-dev"]}, ["search"]),
        ({"project": "!proj_a"}, ["search-dev", "chat"]),
        ({"model": "o3"}, ["chat"]),
        ({"model": "gpt-*", "project": "!*-dev"}, ["search"]),
        ({"project": "nobody"}, []),
    ],
)
def test_only_what_matches_is_judged(match: Any, expected: list[str]) -> None:
    one = cap(per="project", limit_usd=100, match=match)
    found = findings(one, ledger(*THREE, names=NAMES), "11-19")
    assert [each.subject.name for each in found] == expected


def test_a_match_is_named_where_the_subject_does_not_say_it() -> None:
    book = ledger(*THREE, names=NAMES)
    (whole,) = findings(cap(limit_usd=200, match={"project": ["search*", "!x"]}), book)
    assert whole.why == (
        "The organisation (project search*, !x) spent $260.00 on Thu 19 Nov 2026, 130% of its "
        "daily cap of $200."
    )
    assert whole.key == "cap/organization/day:2026-11-19"
    (part,) = findings(cap(per="project", limit_usd=100, match={"model": "o3"}), book)
    assert part.headline == ("chat (model o3) is over its daily cap of Thu 19 Nov: $130.00 of $100")
    (plain,) = findings(cap(per="project", limit_usd=100, match={"project": "chat"}), book)
    assert plain.why.startswith("chat spent $130.00")


def test_a_pair_has_limits_by_either_part_or_both() -> None:
    book = ledger(*THREE, names=NAMES)
    per = ["project", "model"]
    for limits in ({"chat": 100}, {"o3": 100}, {"proj_c": 100}, {"chat × o3": 100}, {"*× o3": 100}):
        (found,) = findings(cap(per=per, limit_usd=limits), book)
        assert found.key == "cap/project*model=proj_c*o3/day:2026-11-19"
        assert found.subject.name == "chat × o3"


def test_money_without_a_project_is_a_subject_of_its_own() -> None:
    book = ledger(spend({"11-19": 60}, project=None), spend({"11-19": 10}, project="a"))
    (found,) = findings(cap(per="project", limit_usd=50), book)
    assert (found.subject.ids, found.subject.name) == ((None,), "(no project)")
    assert found.key == "cap/project=(none)/day:2026-11-19"


@pytest.mark.parametrize(
    ("period", "total", "start", "end", "adjective", "when"),
    [
        ("day", 16, "2026-11-20", "2026-11-21", "daily", None),
        ("week", 24, "2026-11-16", "2026-11-23", "weekly", "in week 47 of 2026 so far"),
        ("month", 28, "2026-11-01", "2026-12-01", "monthly", "in November 2026 so far"),
        ("quarter", 30, "2026-10-01", "2027-01-01", "quarterly", "in Q4 2026 so far"),
        ("year", 31, "2026-01-01", "2027-01-01", "yearly", "in 2026 so far"),
    ],
)
def test_a_period_adds_up_its_own_days(
    period: str, total: int, start: str, end: str, adjective: str, when: str | None
) -> None:
    bill = spend({"09-30": 1, "10-31": 2, "11-15": 4, "11-16": 8, "11-20": 16})
    book = ledger(bill, days=400)
    (found,) = findings(cap(period=period, limit_usd=10), book, "11-20")
    assert found.observed == total * 10**9
    assert (str(found.period.start), str(found.period.end)) == (start, end)
    when = when or "so far on Fri 20 Nov 2026 (UTC), a day that is not over"
    assert found.why == (
        f"The organisation has spent ${total}.00 {when}, {total * 10}% of its {adjective} cap of "
        "$10."
    )


def test_days_of_one_period_are_judged_once() -> None:
    book = ledger(spend({"11-01": 11, "10-31": 11}))
    found = findings(cap(period="month", limit_usd=10), book, "10-31", "11-01", "11-02", "11-20")
    assert keys(found) == [
        "cap/organization/month:2026-10-01",
        "cap/organization/month:2026-11-01",
    ]


def test_a_finished_day_in_words() -> None:
    book = ledger(THREE[0], names=NAMES)
    one = cap(
        name="project caps",
        per="project",
        limit_usd=120,
        severity="critical",
        channel="#c",
        mention="@m",
    )
    (found,) = findings(one, book)
    assert found.headline == "search is over its daily cap of Thu 19 Nov: $130.00 of $120"
    assert found.why == ("search spent $130.00 on Thu 19 Nov 2026, 108% of its daily cap of $120.")
    assert found.facts == (
        ("Spent", "$130.00"),
        ("Cap", "$120 (daily)"),
        ("Over by", "$10.00"),
        ("Period", "Thu 19 Nov 2026"),
    )
    assert (found.rule, found.kind, found.metric) == ("project caps", "cap", "cost")
    assert (found.severity, found.measure) == (Severity.CRITICAL, Measure.money(USD))
    assert (found.observed, found.limit, found.step) == (130 * 10**9, 120 * 10**9, 100)
    assert (found.channel, found.mention) == ("#c", "@m")


def test_an_open_day_in_words() -> None:
    (found,) = findings(cap(limit_usd=200, steps=[50, 80]), ledger(spend({"11-20": 199.999})))
    assert found.headline == "The organisation is at 99% of its daily cap: $200.00 of $200"
    assert found.why == (
        "The organisation has spent $200.00 so far on Fri 20 Nov 2026 (UTC), a day that is not "
        "over, 99% of its daily cap of $200."
    )
    assert found.facts == (
        ("Spent so far", "$200.00"),
        ("Cap", "$200 (daily)"),
        ("Of the cap", "99%"),
        ("Period", "Fri 20 Nov 2026"),
    )


def test_a_limit_of_nothing_in_words() -> None:
    (found,) = findings(cap(limit_usd=0), ledger(spend({"11-19": 5})))
    assert found.headline == "The organisation is over its daily cap of Thu 19 Nov: $5.00 of $0"
    assert found.why == (
        "The organisation spent $5.00 on Thu 19 Nov 2026; its daily cap of $0 allows nothing."
    )


def test_names_stand_in_sentences_as_they_are() -> None:
    book = ledger(
        spend({"11-19": 5}, project="a"), names={"project": {"a": "{0} %s $\\alpha$\n<!channel>"}}
    )
    (found,) = findings(cap(per="project", limit_usd=4), book)
    assert found.why == (
        "{0} %s $\\alpha$ <!channel> spent $5.00 on Thu 19 Nov 2026, 125% of its daily cap of $4."
    )


@pytest.mark.parametrize(
    ("metric", "limit", "why"),
    [
        ("requests", 1000, "has used 1,201 requests in week 47 of 2026 so far, 120% of its weekly "
                           "cap of 1,000 requests."),
        ("requests", 1, "has used 1,201 requests in week 47 of 2026 so far, 120,100% of its weekly "
                        "cap of 1 request."),
        ("input_tokens", 900_000, "has used 950,000 tokens in week 47 of 2026 so far, 106% of its "
                                  "weekly cap of 900,000 tokens."),
        ("tokens", 1_000_000, "has used 1.45M tokens in week 47 of 2026 so far, 145% of its weekly "
                              "cap of 1.00M tokens."),
        ("output_tokens", 1_000_000, None),
    ],
)  # fmt: skip
def test_volume_is_capped_by_count(metric: str, limit: int, why: str | None) -> None:
    book = ledger(
        used(Additive.REQUESTS, {"11-17": 1200, "11-18": 1}, model="gpt-5"),
        used(Additive.INPUT_TOKENS, {"11-18": 950_000}, model="gpt-5"),
        used(Additive.OUTPUT_TOKENS, {"11-18": 500_000}, model="gpt-5"),
    )
    found = findings(cap(metric=metric, period="week", limit=limit, per="model"), book)
    assert [one.why for one in found] == ([f"gpt-5 {why}"] if why else [])


def test_tokens_of_models_known_by_one_half_only_are_added_up() -> None:
    book = ledger(
        used(Additive.INPUT_TOKENS, {"11-19": 60}, model="a"),
        used(Additive.OUTPUT_TOKENS, {"11-19": 60}, model="b"),
        used(Additive.OUTPUT_TOKENS, {"11-19": 60}, model="a"),
    )
    found = findings(cap(metric="tokens", limit=50, per="model"), book)
    assert [(one.subject.name, one.observed) for one in found] == [("a", 120), ("b", 60)]


@pytest.mark.parametrize(
    ("days", "now", "provisional"),
    [("11-20", "2026-11-20 09:00", True), ("11-19", "2026-11-20 09:00", True),
     ("11-10", "2026-11-20 09:00", False)],
)  # fmt: skip
def test_what_may_still_change_is_provisional(days: str, now: str, provisional: bool) -> None:
    book = ledger(spend({days: 20}), now=at(now))
    (found,) = findings(cap(limit_usd=10), book, days)
    assert found.provisional is provisional


def test_a_month_with_a_day_to_come_is_provisional() -> None:
    (found,) = findings(cap(period="month", limit_usd=10), ledger(spend({"11-01": 20})))
    assert found.provisional


def test_spend_under_the_floor_is_not_told() -> None:
    assert told(cap(per="project", limit_usd=1, min_usd=5), a=4.99, b=5) == ["b"]


@pytest.mark.parametrize(
    ("period", "states", "why"),
    [
        ("day", ("11-19",), "Thu 19 Nov is missing, so what is not over its cap may still be"),
        (
            "month",
            ("11-03",),
            "Tue 3 Nov of November 2026 is missing, so what is not over its cap may still be",
        ),
        (
            "month",
            ("11-03", "11-18", "11-19"),
            "3 days of November 2026 are missing (Tue 3 Nov to Thu 19 Nov), so what is not over "
            "its cap may still be",
        ),
    ],
)
def test_a_cap_says_which_days_it_cannot_see(
    period: str, states: tuple[str, ...], why: str
) -> None:
    book = ledger(spend({"11-17": 20}), states=dict.fromkeys(states, DayState.MISSING))
    assert judged(cap(period=period, limit_usd=50), book, "11-19") == [
        Skipped("cap", "the organisation", why)
    ]


def test_a_missing_day_does_not_silence_what_is_over_already() -> None:
    bill = (spend({"11-17": 20}, project="a"), spend({"11-17": 60}, project="b"))
    book = ledger(*bill, states={"11-18": DayState.MISSING})
    one = cap(per="project", period="month", limit_usd=50)
    assert [each.subject.name for each in findings(one, book)] == ["b"]
    assert [each.subject for each in skips(one, book)] == ["every project"]


@pytest.mark.parametrize(
    ("period", "missing", "said"),
    [
        ("day", ("11-18",), "The day was not read whole: this is the least it can be."),
        ("month", ("11-03",), "Tue 3 Nov is missing: this is the least it can be."),
        (
            "month",
            ("11-03", "11-05"),
            "2 days are missing (Tue 3 Nov to Thu 5 Nov): it is at least that.",
        ),
    ],
)
def test_a_total_without_a_missing_day_says_that_it_is_the_least_it_can_be(
    period: str, missing: tuple[str, ...], said: str
) -> None:
    book = ledger(spend({"11-18": 150}), states=dict.fromkeys(missing, DayState.MISSING))
    (found,) = findings(cap(limit_usd=100, period=period), book, "11-18")
    assert found.why.endswith(f"cap of $100. {said}")


@pytest.mark.parametrize(("steps", "skipped"), [([50], 0), ([50, 100], 1)])
def test_missing_days_matter_until_the_last_step(steps: list[int], skipped: int) -> None:
    book = ledger(spend({"11-17": 60}), states={"11-18": DayState.MISSING})
    one = cap(period="month", limit_usd=100, steps=steps)
    assert len(findings(one, book)) == 1
    assert len(skips(one, book)) == skipped


def test_without_any_data_a_cap_is_skipped_and_not_fine() -> None:
    book = ledger(states={"11-19": DayState.MISSING})
    assert len(skips(cap(per="project", limit_usd={"search": 1}), book, "11-19")) == 1


def test_days_before_the_history_are_not_taken_for_nothing() -> None:
    book = ledger(spend({"11-19": 5}), days=20)
    (skipped,) = skips(cap(period="quarter", limit_usd=50), book)
    assert skipped.why == (
        "31 days of Q4 2026 are missing (Thu 1 Oct to Sat 31 Oct), so what is not over its cap "
        "may still be"
    )


ON_THE_19TH = {"from": "2026-11-19", "until": "2026-11-19"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "a cap on `cost` takes one limit: `limit_usd` in US dollars, or `limit` in the"),
        ({"limit_usd": 5, "limit": 5}, "a cap on `cost` takes one limit: `limit_usd` in US"),
        ({"limit": 10**10}, "a limit cannot be more than a billion"),
        ({"limit": 1, "min_usd": 1, "min_amount": 1}, "`min_amount` in the bill's currency: write"),
        ({"metric": "tokens", "limit_usd": 5}, "a cap on `tokens` takes `limit`, and only that"),
        ({"metric": "cached_share", "limit": 1}, "a cap needs a metric that adds up"),
        ({"limit_usd": -1}, "greater than or equal to 0"),
        ({"limit_usd": True}, "should be an integer, float, string or Decimal"),
        ({"limit_usd": "nan"}, "finite"),
        ({"limit_usd": {}}, "at least 1"),
        ({"limit_usd": 1_000_000_001}, "a limit cannot be more than a billion"),
        ({"limit_usd": "0.0000000001"}, "no more than 9 decimal places"),
        ({"limit_usd": {"!search": 1}}, "a limit cannot exclude with `!`"),
        ({"limit_usd": 1, "min_usd": 10**12}, "less than or equal to 1000000000"),
        ({"limit_usd": 1, "steps": []}, "at least 1"),
        ({"limit_usd": 1, "steps": [0]}, "greater than 0"),
        ({"limit_usd": 1, "steps": [float("nan")]}, "less than or equal to 1000"),
        ({"limit_usd": 1, "steps": [1001]}, "less than or equal to 1000"),
        ({"limit_usd": 1, "period": "hour"}, "'day', 'week', 'month', 'quarter' or 'year'"),
        ({"limit_usd": 1, "name": "  "}, "at least 1 character"),
        ({"limit_usd": 1, "per": []}, "`per` takes one dimension or a pair"),
        ({"limit_usd": 1, "per": ["project", "project"]}, "the same dimension twice"),
        ({"limit_usd": 1, "per": ["organization", "model"]}, "stands alone"),
        ({"limit_usd": 1, "per": ["project", "model", "api_key"]}, "one dimension or a pair"),
        ({"limit_usd": 1, "match": {"organization": "x"}}, "`match` looks at project, model"),
        ({"limit_usd": 1, "match": {"project": []}}, "at least 1"),
        ({"limit": 1, "metric": "requests", "per": "line_item"}, "not known per line item"),
        ({"limit_usd": 1, "limit_eur": 1}, "Extra inputs are not permitted"),
        (
            {"limit_usd": 1, "planned": [{"from": "2026-11-20", "until": "2026-11-19"}]},
            "`until` lies before `from`",
        ),
        (
            {"limit": 1, "planned": [{**ON_THE_19TH, "usd": 1, "amount": 1}]},
            "`amount` in the bill's currency: write one of them",
        ),
    ],
)
def test_a_cap_that_makes_no_sense_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        cap(**options)
    assert said in str(refused.value)


def test_a_thousand_projects_are_judged_at_once() -> None:
    book = ledger(*[daily([10] * 90, project=f"p{n}") for n in range(1000)])
    one = cap(per="project", limit_usd={"default": 5, "p9*": 500})
    found = findings(one, book, "11-17", "11-18", "11-19", "11-20")
    assert len(found) == 3 * 889


def test_planned_money_raises_the_cap_of_the_periods_it_touches() -> None:
    window = [{"from": "2026-11-19", "until": "2026-11-20", "usd": 40}]
    one = cap(limit_usd=100, planned=window)
    book = ledger(spend({"11-18": 130, "11-19": 130, "11-20": 141}))
    found = findings(one, book, "11-18", "11-19", "11-20")
    assert [(f.period.start, f.limit) for f in found] == [
        (on("11-18"), from_dollars(100)),
        (on("11-20"), from_dollars(140)),
    ]


def test_a_cap_says_how_much_of_it_is_planned_what_for_and_whose() -> None:
    window = [
        {"from": "2026-11-19", "until": "2026-11-20", "usd": 40, "note": "evals", "owner": "@ann"},
        {"from": "2026-11-20", "until": "2026-11-20", "usd": 2.5},
    ]
    book = ledger(spend({"11-19": 141, "11-20": 150}))
    first, second = findings(cap(limit_usd=100, planned=window), book, "11-19", "11-20")
    assert first.why.endswith("its daily cap of $140, $40 of it planned (evals, @ann).")
    assert "its daily cap of $142.50, $42.50 of it planned (evals, @ann)." in second.why


def test_a_floor_in_dollars_holds_for_volume_too() -> None:
    book = ledger(
        used(Additive.REQUESTS, {"11-19": 500}, project="p1"),
        used(Additive.REQUESTS, {"11-19": 500}, project="p2"),
        spend({"11-19": 3}, project="p1"),
        spend({"11-19": 30}, project="p2"),
    )
    one = cap(metric="requests", limit=100, per="project", min_usd=10)
    assert [f.subject.ids for f in findings(one, book, "11-19")] == [("p2",)]
