"""Results into rows: exact money, ten kinds of usage."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.openai_rows import BrokenDay, cost_days, usage_days
from bot.spend.rows import CostDay, CostRow, UsageDay, UsageKind, UsageRow
from tests.examples import examples
from tests.fakes.openai_rows import KINDS, Raw
from tests.sources.build import D1, D2, D3, bucket, cost, page


def costs_of(*results: Any) -> tuple[CostRow, ...]:
    (day,) = cost_days([page(bucket(D1, *results))])
    assert isinstance(day, CostDay), day
    return tuple(day.rows)


def breach(*results: Any) -> str:
    (day,) = cost_days([page(bucket(D1, *results))])
    assert isinstance(day, BrokenDay), day
    assert day.day == D1
    return str(day.error)


@pytest.mark.parametrize(
    ("value", "nanos"),
    [
        (Raw("0.06"), 60_000_000),
        (3, 3_000_000_000),
        ("12.50", 12_500_000_000),
        ("0.0408070500", 40_807_050),
        (Raw("0.0001050000000000000000000000000000000"), 105_000),
        (Raw("1.0000000005000000000000000000000001"), 1_000_000_001),
        (Raw("0E-6176"), 0),
        ("0E-6176", 0),
        (Raw("-2.5"), -2_500_000_000),
        ("-0.000000001", -1),
        (Raw("1E-9"), 1),
    ],
)
def test_an_amount_is_read_exactly_however_it_is_written(value: Any, nanos: int) -> None:
    assert [row.nanos for row in costs_of(cost(value))] == [nanos]


def test_a_days_rows_add_up_to_its_exact_total() -> None:
    third = Raw("0.0000000003333333333333333333333333")
    rows = costs_of(*(cost(third, project_id=f"proj_{n}") for n in range(9)))
    assert sum(row.nanos for row in rows) == 3
    assert max(row.nanos for row in rows) == 1


amounts = st.decimals(min_value=-1000, max_value=1000, places=20).map(lambda d: d.normalize())


@given(
    st.lists(
        st.tuples(amounts, st.sampled_from(["", "proj_a", "proj_b"]), st.booleans(), st.booleans()),
        max_size=30,
    )
)
@examples(20)
def test_whatever_the_rows_and_pages_the_sum_is_that_of_the_decimals(
    results: list[tuple[Decimal, str, bool, bool]],
) -> None:
    cuts = [cost(str(v) if as_text else v, project_id=p) for v, p, as_text, _ in results]
    first = [c for c, (*_, early) in zip(cuts, results, strict=True) if early]
    second = [c for c, (*_, early) in zip(cuts, results, strict=True) if not early]
    (day,) = cost_days([page(bucket(D1, *first)), page(bucket(D1, *second), number=2)])
    exact = sum((Fraction(v) for v, *_ in results), Fraction(0)) * 10**9
    assert isinstance(day, CostDay)
    context = Context(prec=80, rounding=ROUND_HALF_EVEN)
    total = context.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    assert sum(row.nanos for row in day.rows) == int(total.to_integral_value(ROUND_HALF_EVEN))
    keys = [row[1:4] for row in day.rows]
    assert len(keys) == len(set(keys))


def test_the_order_of_results_and_pages_does_not_change_a_row() -> None:
    results = [
        cost(Raw(f"0.{n:010}7"), project_id=f"proj_{n % 3}", line_item=f"l{n % 2}")
        for n in range(20)
    ]
    assert costs_of(*results) == costs_of(*reversed(results))


def test_rows_of_the_same_key_are_one_row() -> None:
    one, other = (cost(n, line_item="x", quantity=n, quantity_unit="tokens") for n in (1, 2))
    assert costs_of(one, other) == (CostRow(D1, None, "x", None, 3_000_000_000, 3.0, "tokens"),)
    seconds = cost(2, line_item="x", quantity=2, quantity_unit="duration_seconds")
    assert costs_of(one, seconds) == (CostRow(D1, None, "x", None, 3_000_000_000, None, None),)


def test_empty_text_is_no_project() -> None:
    nothing = cost(1, project_id="", line_item="", api_key_id="", quantity_unit="")
    assert costs_of(nothing, cost(1, project_id=None)) == (
        CostRow(D1, None, None, None, 2_000_000_000),
    )


def test_a_row_says_project_line_item_key_and_quantity_and_nothing_personal() -> None:
    result = cost(
        Raw("0.06549"),
        project_id="proj_1",
        line_item="gpt-image-2.5-flare image, output",
        api_key_id="key_1",
        quantity=2183,
        quantity_unit="tokens",
        user_id="user_1",
        user_email="ada@example.com",
        organization_id="org-1",
        brand_new=[1],
    )
    assert costs_of(result) == (
        CostRow(
            D1,
            "proj_1",
            "gpt-image-2.5-flare image, output",
            "key_1",
            65_490_000,
            2183.0,
            "tokens",
        ),
    )


@pytest.mark.parametrize("quantity", [True, "many", Raw("1e400"), {}, None])
def test_a_quantity_that_cannot_be_read_is_none_and_the_money_counts(quantity: Any) -> None:
    assert costs_of(cost(1, quantity=quantity))[0].quantity is None


@pytest.mark.parametrize(
    ("result", "wrong"),
    [
        ({"object": "organization.costs.result"}, "a result has no `amount`"),
        ({"amount": None}, "a result has no `amount`"),
        (7, "a result is not an object"),
        (cost(None), "`amount.value` cannot be read: an amount must be a number, not NoneType"),
        (cost("free"), "`amount.value` cannot be read: an amount must be a number"),
        (cost("NaN"), "`amount.value` cannot be read: an amount must be finite"),
        (cost(True), "`amount.value` cannot be read: an amount must be a number, not bool"),
        (cost(10**40), "`amount.value` cannot be read: an amount is larger than a billion"),
        (cost(1, currency=None), "an amount has no `currency`"),
        (cost(1, project_id=5), "`project_id` is neither text nor null"),
        (cost(1, line_item=["x"]), "`line_item` is neither text nor null"),
        (cost(1, quantity_unit=False), "`quantity_unit` is neither text nor null"),
    ],
)
def test_a_row_that_cannot_be_read_spoils_its_day(result: Any, wrong: str) -> None:
    assert breach(cost(1), result).startswith(f"costs, page 1 (request req_1): {wrong}")


@pytest.mark.parametrize("field", ["project_id", "line_item", "api_key_id"])
def test_an_id_longer_than_databases_hold_spoils_its_day(field: str) -> None:
    assert len(costs_of(cost(1, **{field: "x" * 600}))) == 1
    wrong = "costs, page 1 (request req_1): 2026-11-17 has an id of more than 600 characters"
    assert breach(cost(1), cost(1, **{field: "x" * 601})) == wrong


def test_a_long_unit_or_tier_is_cut_and_no_day_lost() -> None:
    assert costs_of(cost(1, quantity_unit="u" * 41))[0].quantity_unit == "u" * 40
    (used,) = usage_of(UsageKind.COMPLETIONS, tokens(1, service_tier="t" * 41))
    assert used.service_tier == "t" * 40


def test_currency_is_read_in_any_case() -> None:
    assert costs_of(cost(1, currency="USD"))[0].nanos == 10**9


def test_a_broken_day_leaves_the_others() -> None:
    buckets = bucket(D1, cost(1)), bucket(D2, cost("?")), bucket(D3, cost(3))
    assert [type(day) for day in cost_days([page(*buckets)])] == [CostDay, BrokenDay, CostDay]


def usage_of(kind: UsageKind, *results: Any) -> tuple[UsageRow, ...]:
    (day,) = usage_days([page(bucket(D1, *results))], kind)
    assert isinstance(day, UsageDay), day
    return tuple(day.rows)


MEASURED: list[tuple[UsageKind, dict[str, Any], dict[str, Any]]] = [
    (
        UsageKind.COMPLETIONS,
        {
            "input_tokens": 10,
            "output_tokens": 20,
            "num_model_requests": 3,
            "input_cached_tokens": 4,
            "input_audio_tokens": 5,
            "output_audio_tokens": 6,
            "input_text_tokens": 5,
        },
        {
            "requests": 3,
            "input_tokens": 10,
            "output_tokens": 20,
            "cached_tokens": 4,
            "input_audio_tokens": 5,
            "output_audio_tokens": 6,
        },
    ),
    (
        UsageKind.EMBEDDINGS,
        {"input_tokens": 7, "num_model_requests": 2},
        {"requests": 2, "input_tokens": 7},
    ),
    (
        UsageKind.MODERATIONS,
        {"input_tokens": 7, "num_model_requests": 2},
        {"requests": 2, "input_tokens": 7},
    ),
    (UsageKind.IMAGES, {"images": 5, "num_model_requests": 2}, {"requests": 2, "units": 5.0}),
    (
        UsageKind.AUDIO_SPEECHES,
        {"characters": 5, "num_model_requests": 2},
        {"requests": 2, "units": 5.0},
    ),
    (
        UsageKind.AUDIO_TRANSCRIPTIONS,
        {"seconds": Raw("5.5"), "num_model_requests": 2},
        {"requests": 2, "units": 5.5},
    ),
    (UsageKind.VECTOR_STORES, {"usage_bytes": 2**40}, {"units": float(2**40)}),
    (UsageKind.CODE_INTERPRETER_SESSIONS, {"num_sessions": 4}, {"units": 4.0}),
    (UsageKind.FILE_SEARCH_CALLS, {"num_requests": 9}, {"units": 9.0}),
    (
        UsageKind.WEB_SEARCH_CALLS,
        {"num_requests": 9, "num_model_requests": 8},
        {"requests": 8, "units": 9.0},
    ),
]


@pytest.mark.parametrize(("kind", "measures", "expected"), MEASURED)
def test_each_kind_is_counted_in_its_own_measures(
    kind: UsageKind, measures: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert usage_of(kind, measures) == (UsageRow(D1, kind, None, None, None, **expected),)


def test_every_kind_and_required_measure_of_the_reference_is_in_the_table() -> None:
    assert {str(kind) for kind, *_ in MEASURED} == set(KINDS) == {str(k) for k in UsageKind}
    for kind, measures, _ in MEASURED:
        assert set(KINDS[kind].measures) <= set(measures)


@pytest.mark.parametrize(
    ("kind", "missing"),
    [(kind, name) for kind, measures, _ in MEASURED for name in KINDS[kind].measures],
)
def test_a_measure_that_must_be_there_is_missed(kind: UsageKind, missing: str) -> None:
    measures = next(m for k, m, _ in MEASURED if k is kind)
    result = {name: value for name, value in measures.items() if name != missing}
    (day,) = usage_days([page(bucket(D1, result))], kind)
    assert isinstance(day, BrokenDay)
    assert day.error.message.endswith(f"a result has no `{missing}`")


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("input_tokens", "5", "`input_tokens` is not a number"),
        ("input_tokens", True, "`input_tokens` is not a number"),
        ("input_tokens", Raw("5.5"), "`input_tokens` is not a whole number"),
        ("input_tokens", 10**30, "`input_tokens` is too large"),
        ("input_cached_tokens", [], "`input_cached_tokens` is not a number"),
        ("batch", "yes", "`batch` is neither true, false nor null"),
        ("model", 5, "`model` is neither text nor null"),
        ("service_tier", {}, "`service_tier` is neither text nor null"),
    ],
)
def test_a_measure_of_the_wrong_type_spoils_its_day(field: str, value: Any, wrong: str) -> None:
    result = {"input_tokens": 1, "output_tokens": 1, "num_model_requests": 1, field: value}
    (day,) = usage_days([page(bucket(D1, result))], UsageKind.COMPLETIONS)
    assert isinstance(day, BrokenDay)
    assert day.error.message.endswith(wrong)


def tokens(number: int, **dims: Any) -> dict[str, Any]:
    measures = ("input_tokens", "output_tokens", "num_model_requests", "input_cached_tokens")
    return dict.fromkeys(measures, number) | dims


@pytest.mark.parametrize("field", ["project_id", "model", "api_key_id"])
def test_an_id_of_use_longer_than_databases_hold_spoils_its_day(field: str) -> None:
    assert len(usage_of(UsageKind.COMPLETIONS, tokens(1, **{field: "x" * 600}))) == 1
    results = bucket(D1, tokens(1), tokens(1, **{field: "x" * 601}))
    (day,) = usage_days([page(results)], UsageKind.COMPLETIONS)
    assert isinstance(day, BrokenDay)
    assert str(day.error).endswith("2026-11-17 has an id of more than 600 characters")


def test_usage_is_told_apart_by_what_rows_keep_and_added_up_over_the_rest() -> None:
    rows = usage_of(
        UsageKind.COMPLETIONS,
        tokens(1, project_id="p", model="m", api_key_id="k", batch=False, user_id="u1"),
        tokens(2, project_id="p", model="m", api_key_id="k", batch=False, user_id="u2"),
        tokens(4, project_id="p", model="m", api_key_id="k", batch=True),
        tokens(8, project_id="p", model="m", api_key_id="k", batch=False, service_tier="flex"),
        tokens(16, project_id="", model=""),
    )
    assert [(row[2:7], row.requests, row.cached_tokens) for row in rows] == [
        ((None, None, None, None, None), 16, 16),
        (("p", "m", "k", False, None), 3, 3),
        (("p", "m", "k", False, "flex"), 8, 8),
        (("p", "m", "k", True, None), 4, 4),
    ]


def test_a_part_of_a_day_says_so() -> None:
    pages = [page(bucket(date(2024, 12, 16), start=10.77), bucket(date(2024, 12, 17), end=9))]
    days = [day for day in usage_days(pages, UsageKind.IMAGES) if isinstance(day, UsageDay)]
    assert [(str(day.day), day.whole) for day in days] == [
        ("2024-12-16", False),
        ("2024-12-17", False),
    ]
