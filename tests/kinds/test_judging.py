"""All rules together: one event is told once, and one rule's bug silences no other."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from bot.alerts.model import Finding, Outcome, Remark, Skipped
from bot.kinds import Cap, Rule
from bot.kinds.judging import judge
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive
from tests.build import YESTERDAY, Entry, daily, ledger, on, rule, spend, used

ORGANISATION = rule("spike", name="org")
PROJECTS = rule("spike", name="projects", per="project")
PAIRS = rule("spike", name="pairs", per=["project", "model"])
LEVELS = (ORGANISATION, PROJECTS, PAIRS)


def steady(dollars: float, last: float, **of: Any) -> list[Entry]:
    return daily([dollars] * 83 + [last], **of)


SEARCH: dict[str, Any] = {"project": "search", "model": "gpt-5"}
SPIKE = [
    *steady(100, 400, **SEARCH),
    *steady(20, 21, project="search", model="o3"),
    *steady(100, 104, project="chat", model="gpt-5"),
]


def told(book: Ledger, *rules: Rule, day: str = "11-19") -> dict[str, str | None]:
    """The findings by rule and subject, and the rule of the one that tells each already."""
    found = [one for one in judge(rules, book, [on(day)]) if isinstance(one, Finding)]
    rule_of = {one.key: one.rule for one in found}
    return {
        f"{one.rule}: {one.subject.name}": one.inhibited_by and rule_of[one.inhibited_by]
        for one in found
    }


def only(book: Ledger, name: str, *rules: Rule) -> Finding:
    found = [one for one in judge(rules, book, [YESTERDAY]) if isinstance(one, Finding)]
    return next(one for one in found if one.rule == name)


def test_one_event_on_three_levels_is_told_by_the_highest() -> None:
    assert told(ledger(SPIKE), *LEVELS) == {
        "org: the organisation": None,
        "projects: search": "org",
        "pairs: search × gpt-5": "projects",
    }


def test_a_project_names_the_model_that_drives_it() -> None:
    found = only(ledger(SPIKE), "projects", PROJECTS, PAIRS)
    assert found.inhibited_by is None
    assert found.why.endswith(" Driven by gpt-5 ($300.00 above its usual).")
    assert found.facts[-1] == ("Driven by", "gpt-5 ($300.00 above its usual)")


def test_the_organisation_names_the_project_that_drives_it() -> None:
    found = only(ledger(SPIKE), "org", *LEVELS)
    assert found.facts[-1] == ("Driven by", "search ($301.00 above its usual)")


def test_a_small_projects_spike_is_its_own_beside_the_organisations() -> None:
    book = ledger(SPIKE, steady(10, 60, project="mail", model="o3"))
    assert told(book, ORGANISATION, PROJECTS) == {
        "org: the organisation": None,
        "projects: mail": None,
        "projects: search": "org",
    }


def test_more_than_three_drivers_are_counted() -> None:
    book = ledger(*[steady(50, 150, project=name, model="o3") for name in "abcde"])
    rules = (rule("spike", name="org"), rule("spike", name="p", per="project"))
    assert only(book, "org", *rules).facts[-1][1].endswith(" and 2 more")


MOVED = [
    *daily([200] * 80 + [30] * 4, project="search", model="old"),
    *daily([20] * 80 + [190] * 4, project="search", model="new"),
    *steady(300, 300, project="chat", model="old"),
]


def test_traffic_that_moved_between_models_is_a_remark_and_no_alert() -> None:
    (remark,) = judge([PAIRS], ledger(MOVED), [on("11-17")])
    assert isinstance(remark, Remark)
    assert (remark.rule, remark.subject.name, remark.period.start) == (
        "pairs",
        "search × new",
        on("11-17"),
    )
    assert remark.text == (
        "search × new was $170.00 above its usual on Tue 17 Nov 2026 while the rest of search fell "
        "by $170.00: traffic moved between models."
    )


def test_a_part_is_told_only_if_what_did_not_move_is_above_its_limit() -> None:
    new, old = steady(20, 35, project="search", model="new"), {"project": "search", "model": "old"}
    rest = steady(200, 200, project="search", model="rest")
    assert told(ledger(new, rest, steady(20, 20, **old)), PAIRS) == {"pairs: search × new": None}
    (remark,) = judge([PAIRS], ledger(new, rest, steady(20, 13, **old)), [YESTERDAY])
    assert isinstance(remark, Remark)
    assert remark.text == (
        "search × new was $15.00 above its usual on Thu 19 Nov 2026 while the rest of search fell "
        "by $7.00: traffic moved between models."
    )


def test_keys_that_were_changed_are_a_remark_too() -> None:
    keys = [
        *daily([200] * 80 + [0] * 4, api_key="key_a"),
        *daily([20] * 80 + [220] * 4, api_key="key_b"),
    ]
    (remark,) = judge([rule("spike", per="api_key")], ledger(keys), [on("11-17")])
    assert isinstance(remark, Remark)
    assert remark.text.endswith(
        "the rest of the organisation fell by $200.00: traffic moved between keys."
    )


def test_a_project_is_told_whatever_the_others_save() -> None:
    moved = [Entry(e.day, e.amount, {"project": str(e.of["model"])}) for e in MOVED[:168]]
    assert told(ledger(moved), PROJECTS, day="11-17") == {"projects: new": None}


RESTLESS = [160.0 if n % 2 else 240.0 for n in range(83)]


def test_a_rest_within_its_swing_has_not_fallen() -> None:
    book = ledger(daily([*RESTLESS, 165], model="old"), steady(20, 80, model="new"))
    assert told(book, rule("spike", name="models", per="model")) == {"models: new": None}


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (160, "search as a whole rose by $21.60 only: traffic moved between models."),
        (130, "search as a whole did not rise: traffic moved between models."),
        (200, None),
    ],
)
def test_a_model_of_a_project_that_did_not_rise_as_a_whole_is_a_remark(
    rest: float, said: str | None
) -> None:
    book = ledger(
        daily([*RESTLESS, rest], project="search", model="old"),
        steady(20, 80, project="search", model="new"),
    )
    (one,) = judge([PAIRS], book, [YESTERDAY])
    if said is None:
        assert isinstance(one, Finding)
    else:
        assert isinstance(one, Remark)
        assert one.text.endswith(said)


@pytest.mark.parametrize(("days", "kind"), [(5, Remark), (1, Finding)])
def test_what_moved_stays_moved_on_a_day_on_which_its_project_is_high(
    days: int, kind: type[Outcome]
) -> None:
    wild = [100.0 if n % 2 else 300.0 for n in range(84)]
    old = [each - 80 * (n >= 84 - days) for n, each in enumerate(wild)]
    book = ledger(
        daily([*old[:83], 290], project="search", model="old"),
        daily([20.0] * (84 - days) + [100.0] * days, project="search", model="new"),
    )
    (one,) = judge([PAIRS], book, [YESTERDAY])
    assert isinstance(one, kind)


def test_a_day_that_is_not_over_has_not_moved_anything() -> None:
    book = ledger(
        daily([200] * 84, project="search", model="old"),
        daily([20] * 84, project="search", model="new"),
        spend({"11-20": 150}, project="search", model="new"),
    )
    assert told(book, PAIRS, day="11-20") == {"pairs: search × new": None}


def cap(**options: Any) -> Rule:
    return rule("cap", name="cap", **options)


@pytest.mark.parametrize(
    ("one", "by"),
    [
        (cap(per="project", limit_usd=350), "cap"),
        (cap(per="project", limit_usd=500, steps=[50]), None),  # not over its limit
        (cap(per=["project", "model"], limit_usd=350), None),  # a part's
        (cap(limit_usd=400), "cap"),  # the organisation would be under it without the spike
        (cap(limit_usd=100), None),  # and over it anyhow
        (cap(per="project", period="month", limit_usd=350), None),
        (cap(per="project", limit_usd=350, match={"model": "o3"}), None),
        (cap(per="project", limit_usd=350, channel="#elsewhere"), None),
    ],
)
def test_a_breach_silences_the_spike_that_explains_it(one: Rule, by: str | None) -> None:
    assert told(ledger(SPIKE), PROJECTS, one)["projects: search"] == by


def test_spikes_of_another_metric_match_or_channel_are_their_own() -> None:
    requests = {str(entry.day): int(entry.amount) for entry in SPIKE[:84]}
    book = ledger(SPIKE, used(Additive.REQUESTS, requests, **SEARCH))
    for other in (
        rule("spike", name="org", metric="requests"),
        rule("spike", name="org", match={"model": "gpt*"}),
        rule("spike", name="org", channel="#elsewhere"),
    ):
        assert told(book, other, PROJECTS) == {
            "org: the organisation": None,
            "projects: search": None,
        }


class Broken(Cap):
    def judge(self, ledger: Ledger, days: Sequence[date]) -> Iterator[Outcome]:  # noqa: ARG002  # the contract's names
        yield from ()
        raise ZeroDivisionError("by nothing")


def test_a_rule_with_a_bug_says_so_and_the_others_speak(caplog: pytest.LogCaptureFixture) -> None:
    broken = Broken(name="broken", per=("project",), limit_usd={"default": 1})
    with caplog.at_level(logging.ERROR):
        skipped, found = judge([broken, PROJECTS], ledger(SPIKE), [YESTERDAY])
    assert skipped == Skipped(
        "broken",
        "every project",
        "a bug in the bot stopped this rule: ZeroDivisionError. The other rules were judged; the "
        "log has the details.",
    )
    assert isinstance(found, Finding)
    assert "by nothing" in caplog.text


def test_a_cap_names_the_spike_that_it_tells() -> None:
    found = only(ledger(SPIKE), "cap", PROJECTS, cap(limit_usd=400))
    assert found.facts[-1] == ("Driven by", "search ($301.00 above its usual)")
