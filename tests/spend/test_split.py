"""A change of cost in its parts: exact, whatever changed; and only that part which changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.spend.sharing import effects_of_product, whole
from bot.spend.split import Cause, Cell, Place, Side, Volume, explain

MINI = (2.0, 0.5, 8.0)
"""Nano-dollars for a token of fresh input, cached input, output."""
LARGE = (20.0, 5.0, 80.0)
PRICES = {"mini": MINI, "large": LARGE}


def side(*uses: tuple[str, Volume], prices: Mapping[str, Any] = PRICES) -> Side:
    """What the models used, billed by their prices, in one project."""
    bill: dict[Place, float] = {}
    for model, use in uses:
        fresh, cached, out = prices[model]
        bill["p", f"{model}, input"] = fresh * (use.input_tokens - use.cached_tokens)
        bill["p", f"{model}, cached input"] = cached * use.cached_tokens
        bill["p", f"{model}, output"] = out * use.output_tokens
    cells: dict[Cell, Volume] = {("p", model): use for model, use in uses}
    return Side(bill, cells, dict.fromkeys(cells, "completions"))


def parts(before: Side, after: Side) -> dict[str, int]:
    """The parts that are not zero, to the nano-dollar."""
    amounts = explain(before, after).amounts
    change = round(sum(after.bill.values())) - round(sum(before.bill.values()))
    rounded = whole(list(amounts.values()), change)
    return {cause.value: n for cause, n in zip(amounts, rounded, strict=True) if n}


USUAL = Volume(100, 10_000, 2_000, 6_000)
"""100 requests of 100 tokens of input, 60 of them cached, and 20 of output."""
COST = 4_000 * 2 + 6_000 // 2 + 2_000 * 8


def test_twice_the_requests_are_requests_and_nothing_else() -> None:
    double = Volume(200, 20_000, 4_000, 12_000)
    assert parts(side(("mini", USUAL)), side(("mini", double))) == {"requests": COST}


def test_a_fall_of_the_cached_share_is_that_and_nothing_else() -> None:
    uncached = USUAL._replace(cached_tokens=1_000)
    found = parts(side(("mini", USUAL)), side(("mini", uncached)))
    assert found == {"cached_share": 5_000 * 3 // 2}


@pytest.mark.parametrize(
    ("use", "more"),
    [
        (Volume(100, 20_000, 2_000, 12_000), 4_000 * 2 + 6_000 // 2),
        (Volume(100, 10_000, 4_000, 6_000), 2_000 * 8),
        (Volume(100, 20_000, 4_000, 12_000), COST),
    ],
)
def test_longer_prompts_and_answers_are_tokens_per_request(use: Volume, more: int) -> None:
    assert parts(side(("mini", USUAL)), side(("mini", use))) == {"tokens_per_request": more}


def test_a_dearer_token_is_price_and_nothing_else() -> None:
    dear = side(("mini", USUAL), prices={"mini": (4.0, 1.0, 16.0)})
    assert parts(side(("mini", USUAL)), dear) == {"price": COST}


def test_the_same_requests_to_another_model_are_the_mix_and_nothing_else() -> None:
    found = parts(side(("mini", USUAL)), side(("large", USUAL)))
    assert found == {"model_mix": COST * 9}
    half = Volume(50, 5_000, 1_000, 3_000)
    found = parts(side(("mini", USUAL), ("large", USUAL)), side(("mini", half),
                  ("large", Volume(150, 15_000, 3_000, 9_000))))  # fmt: skip
    assert found == {"model_mix": COST * 5 - COST // 2}


def test_a_switch_is_not_blamed_on_a_price_that_changed_at_the_same_time() -> None:
    dear = {"mini": MINI, "large": (40.0, 10.0, 160.0)}
    both = ("mini", USUAL), ("large", USUAL)
    gone = ("mini", Volume()), ("large", Volume(200, 20_000, 4_000, 12_000))
    found = parts(side(*both), side(*gone, prices=dear))
    assert set(found) == {"model_mix", "price"}
    assert found["price"] == COST * 10 * 3 // 2  # the mean of both levels of use, times the rise


def test_more_requests_to_a_cheap_model_do_not_touch_a_dear_one() -> None:
    many = Volume(100_000, 10_000, 0, 0)
    embeddings = side(("mini", many), ("large", USUAL))
    doubled = side(("mini", Volume(200_000, 20_000, 0, 0)), ("large", USUAL))
    assert parts(embeddings, doubled) == {"requests": 10_000 * 2}


def test_models_of_another_kind_or_project_do_not_take_each_others_place() -> None:
    before, after = side(("mini", USUAL)), side(("large", USUAL))
    other = Side(after.bill, after.use, {("p", "large"): "images"})
    assert parts(before, other) == {"requests": COST * 9}


def test_a_new_and_a_vanished_model_are_requests() -> None:
    nothing = Side({}, {})
    assert parts(nothing, side(("mini", USUAL))) == {"requests": COST}
    assert parts(side(("mini", USUAL)), nothing) == {"requests": -COST}


def test_what_usage_does_not_explain_is_named() -> None:
    before, after = side(("mini", USUAL)), side(("mini", USUAL))
    extra: dict[Place, float] = {
        ("p", "web search tool calls"): 5.0,
        ("p", "Credit grant"): -3.0,
        ("p", "o3, output"): 7.0,
        ("p", None): 2.0,
    }
    found = explain(before, Side({**after.bill, **extra}, after.use, after.kinds))
    assert found.amounts[Cause.UNEXPLAINED] == 11
    assert found.unexplained == {
        "web search tool calls": 5,
        "credits": -3,
        "o3 without usage": 7,
        "money without a line item": 2,
    }


def test_usage_on_one_side_only_explains_nothing() -> None:
    blind = Side(side(("mini", USUAL)).bill, {})
    found = parts(blind, side(("mini", Volume(200, 20_000, 4_000, 12_000))))
    assert found == {"unexplained": COST}


def test_a_bill_without_components_is_split_by_tokens() -> None:
    bare: dict[Place, float] = {("p", "whisper"): 1_000.0}
    minutes: dict[Cell, Volume] = {("p", "whisper-1"): Volume(10, units=600)}
    longer: dict[Cell, Volume] = {("p", "whisper-1"): Volume(10, units=1_200)}
    found = parts(Side(bare, minutes), Side({("p", "whisper"): 2_000.0}, longer))
    assert found == {"tokens_per_request": 1_000}


amounts = st.floats(0, 1e15) | st.just(0.0)
volumes = st.builds(
    Volume, *[st.integers(0, 10**12).map(float) | st.just(0.0)] * 4, st.just(0.0) | amounts
)
places = st.tuples(
    st.sampled_from(["p", "q", None]),
    st.sampled_from(["a, input", "a, cached input", "a, output", "b, input", "b, output", "c, ",
                     "b", "whisper", "Storage", "\x1b[31m|,", None]),
)  # fmt: skip
cells = st.tuples(st.sampled_from(["p", "q", None]), st.sampled_from(["a", "b", "whisper-1", None]))
sides = st.builds(
    Side,
    st.dictionaries(places, st.integers(-(10**17), 10**17), max_size=8),
    st.dictionaries(cells, volumes, max_size=6),
    st.dictionaries(cells, st.sampled_from(["completions", "images"]), max_size=6),
)


@given(sides, sides)
def test_parts_are_finite_and_add_up_to_the_change_to_the_nano(before: Side, after: Side) -> None:
    found = explain(before, after).amounts
    change = round(sum(after.bill.values())) - round(sum(before.bill.values()))
    assert set(found) == set(Cause)
    assert all(math.isfinite(amount) for amount in found.values())
    assert sum(whole(list(found.values()), change)) == change
    scale = sum(map(abs, before.bill.values())) + sum(map(abs, after.bill.values()))
    assert abs(math.fsum(found.values()) - change) <= 1e-9 * scale + 1  # before any rounding


@given(sides, sides)
def test_the_way_back_is_the_same_with_the_other_sign(before: Side, after: Side) -> None:
    scale = sum(map(abs, before.bill.values())) + sum(map(abs, after.bill.values()))
    there = explain(before, Side(after.bill, after.use, before.kinds)).amounts
    back = explain(Side(after.bill, after.use, before.kinds), before).amounts
    for cause, amount in there.items():
        assert amount == pytest.approx(-back[cause], rel=1e-6, abs=1e-6 * scale + 1)


@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 2), min_size=1, max_size=5))
def test_effects_of_a_product_add_up_to_its_change(factors: list[tuple[float, float]]) -> None:
    before, after = [b for b, _ in factors], [a for _, a in factors]
    change = math.prod(after) - math.prod(before)
    scale = math.prod(max(abs(b), abs(a), 1) for b, a in factors)
    assert math.fsum(effects_of_product(before, after)) == pytest.approx(change, abs=1e-9 * scale)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=7), st.integers(-3, 3))
def test_whole_parts_are_near_what_they_were_and_add_up(parts: list[float], off: int) -> None:
    total = round(math.fsum(parts)) + off
    found = whole(parts, total)
    assert sum(found) == total
    assert all(abs(n - part) <= len(parts) + 4 for n, part in zip(found, parts, strict=True))


def test_the_largest_remainders_are_rounded_up_and_nothing_stays_nothing() -> None:
    assert whole([1.4, 1.4, 0.2], 3) == [2, 1, 0]
    assert whole([-1.4, -1.6, 0.0], -3) == [-1, -2, 0]
    assert whole([0.0, 0.0], 5) == [5, 0]
