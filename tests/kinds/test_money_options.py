"""Options on money: in US dollars by name, or in the bill's currency; never one for the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.alerts.model import Measure, Skipped
from bot.briefing import budgets
from bot.config.rulebook import load_rulebook
from bot.errors import ConfigError
from bot.kinds import KINDS, Cap
from bot.kinds.coverage import uncovered
from bot.kinds.judging import judge
from bot.spend.currency import USD, Currency, currency
from bot.spend.ledger import Ledger
from bot.spend.money import from_dollars
from tests.build import TODAY, YESTERDAY, daily, ledger, rule, spend

EUR, YEN = currency("EUR"), currency("JPY")
WINDOW = {"from": "2026-11-19", "until": "2026-11-19"}
IN_DOLLARS: list[dict[str, Any]] = [
    {"kind": "cap", "limit_usd": 1},
    {"kind": "cap", "limit_usd": {"default": 0, "search": 5}},
    {"kind": "cap", "limit": 1, "min_usd": 1},
    {"kind": "cap", "limit": 1, "planned": [{**WINDOW, "usd": 1}]},
    {"kind": "cap", "metric": "requests", "limit": 1, "min_usd": 1},
    {"kind": "spike", "min_usd": 1},
    {"kind": "drop", "min_usd": 1},
    {"kind": "drift", "min_usd": 1},
    {"kind": "new", "per": "project", "min_usd": 1},
    {"kind": "new", "per": "project", "burst_usd": 1},
]
NEUTRAL: list[dict[str, Any]] = [
    {"kind": "cap", "limit": 1},
    {"kind": "cap", "limit_usd": 0},
    {"kind": "cap", "limit": 1, "min_amount": 1, "planned": [WINDOW, {**WINDOW, "amount": 1}]},
    {"kind": "spike"},
    {"kind": "spike", "min_usd": 0},
    {"kind": "drop", "min_amount": 1},
    {"kind": "drift"},
    {"kind": "new", "per": "project", "min_amount": 1, "burst_amount": 5},
]


def bill(of: Currency, spent: float = 120) -> Ledger:
    return ledger(spend({"11-19": spent}, project="search"), currency=of)


@pytest.mark.parametrize("options", IN_DOLLARS)
@pytest.mark.parametrize("of", [EUR, YEN])
def test_a_rule_in_dollars_is_skipped_whole_for_another_bill(
    options: dict[str, Any], of: Currency
) -> None:
    one = rule(**options)
    (skipped,) = judge([one], bill(of), [YESTERDAY, TODAY])
    assert isinstance(skipped, Skipped)
    assert f"in US dollars and this bill is in {of.code}: write `" in skipped.why
    assert one.fits(USD)


@pytest.mark.parametrize("options", NEUTRAL)
def test_a_rule_without_dollars_is_judged_for_any_bill(options: dict[str, Any]) -> None:
    one = rule(**options)
    for of in (USD, EUR, YEN):
        said = judge([one], bill(of), [YESTERDAY, TODAY])
        assert not any("US dollars" in getattr(each, "why", "") for each in said)


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_in_dollars_has_a_twin(kind: str) -> None:
    fields = set(KINDS[kind].model_fields)
    twins = {"limit_usd": "limit", "min_usd": "min_amount", "burst_usd": "burst_amount"}
    in_dollars = {name for name in fields if name.endswith("_usd")}
    assert in_dollars <= set(twins)
    assert {twins[name] for name in in_dollars} <= fields


@pytest.mark.parametrize(
    "both",
    [
        {"kind": "cap", "limit": 1, "limit_usd": 1},
        {"kind": "spike", "min_usd": 5, "min_amount": 5},
        {"kind": "new", "per": "project", "burst_usd": 5, "burst_amount": 5},
        {"kind": "spike", "planned": [{**WINDOW, "usd": 0, "amount": 5}]},
    ],
)
def test_an_option_and_its_twin_do_not_go_together(both: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"in US dollars, (or )?`"):
        rule(**both)


def test_a_twin_means_the_same_as_dollars_for_a_bill_in_dollars() -> None:
    twins: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        ({"kind": "cap", "limit_usd": 100}, {"kind": "cap", "limit": 100}),
        (
            {"kind": "cap", "limit_usd": 50, "planned": [{**WINDOW, "usd": 60}]},
            {"kind": "cap", "limit": 50, "planned": [{**WINDOW, "amount": 60}]},
        ),
    )
    for dollars, twin in twins:
        told = [judge([rule(**each)], bill(USD), [YESTERDAY]) for each in (dollars, twin)]
        assert told[0] == told[1] != []


@pytest.mark.parametrize(
    ("options", "of", "floor"),
    [
        ({}, USD, 5),
        ({}, EUR, 5),
        ({}, YEN, 500),
        ({"min_usd": 7}, USD, 7),
        ({"min_amount": 7}, USD, 7),
        ({"min_amount": 7}, YEN, 7),
        ({"min_amount": 0}, YEN, 0),
    ],
)
def test_a_floor_is_what_was_set_or_about_the_default(
    options: dict[str, Any], of: Currency, floor: int
) -> None:
    assert rule("spike", **options).min_nanos(of) == from_dollars(floor)


@pytest.mark.parametrize(("spent", "told"), [(99, False), (100, True)])
def test_a_newcomer_in_yen_is_told_from_a_hundred_on(spent: float, told: bool) -> None:
    book = ledger(daily([1000] * 30, project="old"), spend({"11-19": spent}, project="new"),
                  currency=YEN)  # fmt: skip
    said = judge([rule("new", per="project")], book, [YESTERDAY])
    assert [one.why.startswith(f"new spent ¥{spent} on") for one in said] == [True] * told  # type: ignore[union-attr]


def test_a_burst_in_yen_is_a_hundred_times_one_in_dollars() -> None:
    old = daily([10_000] * 30, project="old")
    probe = daily([90, 0, 0, 4_900], project="new")
    one = rule("new", per="project")
    assert judge([one], ledger(old, probe, currency=USD), [YESTERDAY]) == []  # no tiny probe
    (quiet,) = judge([one], ledger(old, probe, currency=YEN), [YESTERDAY])
    burst = daily([90, 0, 0, 5_000], project="new")
    (loud,) = judge([one], ledger(old, burst, currency=YEN), [YESTERDAY])
    assert "probe" not in quiet.why  # type: ignore[union-attr]
    assert "56× its probe of ¥90" in loud.why  # type: ignore[union-attr]


def test_a_budget_in_dollars_is_none_of_a_bill_in_euros() -> None:
    rules = [rule("cap", name="a", limit_usd=100), rule("cap", name="b", limit=200)]
    assert [one.rule for one in budgets(rules, EUR)] == ["b"]
    assert [one.rule for one in budgets(rules, USD)] == ["a", "b"]


def test_a_rule_that_is_not_judged_covers_nothing() -> None:
    one = rule("cap", limit_usd=100)
    assert isinstance(one, Cap)
    assert uncovered([one], bill(USD), (YESTERDAY,)) == {}
    assert uncovered([one], bill(EUR), (YESTERDAY,)) == {None: from_dollars(120)}


@pytest.mark.parametrize(
    "value",
    ["usd", "eur_per_request", "jpy_per_million_tokens", "requests", "tokens", "ratio"],
)
def test_a_measure_is_kept_as_its_name(value: str) -> None:
    measure = Measure.parse(value)
    assert measure.value == value
    assert (measure.currency is None) == (value in ("requests", "tokens", "ratio"))


@pytest.mark.parametrize("value", ["", "dollars", "us", "per_request"])
def test_what_is_no_measure_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="three letters"):
        Measure.parse(value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kind: cap, limit_eur: 5", "limit"),
        ("kind: cap, limit_JPY: 5", "limit"),
        ("kind: cap, limit_usf: 5", "limit_usd"),
        ("kind: drop, min_eur: 5", "min_amount"),
        ("kind: new, burst_gbp: 5", "burst_amount"),
    ],
)
def test_an_option_named_after_another_currency_is_led_to_that_of_the_bill(
    tmp_path: Path, written: str, meant: str
) -> None:
    (tmp_path / "rules.yaml").write_text(f"rules: [{{name: a, {written}}}]\n")
    with pytest.raises(ConfigError, match=f"did you mean '{meant}'"):
        load_rulebook(tmp_path / "rules.yaml")
