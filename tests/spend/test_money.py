"""Money is read, added up and shown without losing a nano-dollar."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.spend import money
from bot.spend.currency import USD
from bot.spend.money import MoneyError

LONG = "0.0084725600000000003217482910473829"
"""32 decimals, as the Costs API has sent them."""


def half_even(nanos: Fraction) -> int:
    return round(nanos)  # Fraction rounds half to even, without a context


@st.composite
def amounts(draw: st.DrawFn) -> Decimal:
    """Anything a Decimal128 can say that is no more than a billion dollars."""
    coefficient = draw(st.integers(-(10**34) + 1, 10**34 - 1))
    places = draw(st.integers(-40, 0) | st.integers(-6176, 0))
    exponent = min(places, 8 - len(str(abs(coefficient))))
    return Decimal((int(coefficient < 0), tuple(map(int, str(abs(coefficient)))), exponent))


@pytest.mark.parametrize(
    ("raw", "nanos"),
    [
        (41.2, 41_200_000_000),
        (0.1, 100_000_000),
        (7, 7_000_000_000),
        ("41.2", 41_200_000_000),
        (" 1e-3\n", 1_000_000),
        (LONG, 8_472_560),
        (Decimal("0.06"), 60_000_000),
        (1.05e-07, 105),
        ("0E-6176", 0),
        (Decimal("0E-6176"), 0),
        ("-0", 0),
        (-0.0, 0),
        ("-12.5", -12_500_000_000),
        ("0.0000000005", 0),
        ("0.0000000015", 2),
        ("-0.0000000015", -2),
        ("1E-6176", 0),
        (1_000_000_000, 10**18),
    ],
)
def test_an_amount_becomes_nano_dollars(raw: object, nanos: int) -> None:
    assert money.nanos(money.dollars(raw)) == nanos


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (None, "an amount must be a number, not NoneType"),
        (True, "an amount must be a number, not bool"),
        ([1], "an amount must be a number, not list"),
        ({"value": 1}, "an amount must be a number, not dict"),
        ("", "an amount must be a number"),
        ("$4", "an amount must be a number"),
        ("1,5", "an amount must be a number"),
        ("1_0", "an amount must be a number"),
        ("nan", "an amount must be finite"),
        ("sNaN", "an amount must be finite"),
        (float("inf"), "an amount must be finite"),
        (Decimal("-Infinity"), "an amount must be finite"),
        ("1000000000.01", "an amount is larger than a billion"),
        ("-1e99", "an amount is larger than a billion"),
        ("1E+999999999", "an amount is larger than a billion"),
        (10**60, "an amount is larger than a billion"),
        ("0." + "1" * 61, "an amount has more than 60 digits, or finer ones than Decimal128"),
        ("1E-6177", "an amount has more than 60 digits, or finer ones than Decimal128"),
        ("1E-999999999", "an amount has more than 60 digits, or finer ones than Decimal128"),
    ],
)
def test_what_is_no_amount_is_refused(raw: object, said: str) -> None:
    with pytest.raises(MoneyError) as refused:
        money.dollars(raw)
    assert str(refused.value) == said


@given(amounts())
@example(Decimal("0.0000000005") + Decimal("1E-28"))
def test_an_amount_is_rounded_once_and_half_to_even(amount: Decimal) -> None:
    assert money.nanos(money.dollars(amount)) == half_even(Fraction(amount) * 10**9)


@given(st.lists(amounts(), max_size=30))
@example([Decimal("5E-10"), Decimal("1E-6176")])
@example([Decimal("1E9"), Decimal("-1E-6176"), Decimal("5E-10"), Decimal("-1E9")])
@example([Decimal("0.0000000004")] * 10)
def test_shares_add_up_to_the_exact_total_rounded_once(some: list[Decimal]) -> None:
    exact = sum((Fraction(amount) for amount in some), Fraction(0))
    shares = money.share_out(some)
    assert sum(shares) == half_even(exact * 10**9)
    assert len(shares) == len(some)


@given(st.lists(amounts(), max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_pages_does_not_change_a_total(some: list[Decimal], random: Random) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    assert sum(money.share_out(shuffled)) == sum(money.share_out(some))


@given(st.lists(amounts(), max_size=30))
def test_no_share_is_a_nano_dollar_away_from_its_amount(some: list[Decimal]) -> None:
    for amount, share in zip(some, money.share_out(some), strict=True):
        assert abs(Fraction(amount) * 10**9 - share) <= 1


def test_nothing_gets_no_share() -> None:
    assert money.share_out([Decimal("6E-10"), Decimal(0), Decimal("6E-10")]) == [1, 0, 0]


@given(st.integers(-(10**18), 10**18))
def test_an_exact_string_is_read_back_as_the_same_amount(nanos: int) -> None:
    text = money.exact(nanos)
    assert money.from_dollars(text) == nanos
    assert "E" not in text.upper()
    assert Decimal(text) == Decimal(nanos).scaleb(-9).normalize()


@pytest.mark.parametrize(
    ("nanos", "exact", "shown", "headline"),
    [
        (0, "0", "$0.00", "$0.00"),
        (1, "0.000000001", "$0.000000001", "$0.000000001"),
        (105_000, "0.000105", "$0.00010", "$0.00010"),
        (4_200_000, "0.0042", "$0.0042", "$0.0042"),
        (10_000_000, "0.01", "$0.01", "$0.01"),
        (15_000_000, "0.015", "$0.02", "$0.02"),
        (41_200_000_000, "41.2", "$41.20", "$41.20"),
        (99_994_000_000, "99.994", "$99.99", "$99.99"),
        (411_500_000_001, "411.500000001", "$411.50", "$412"),
        (1_234_560_000_000, "1234.56", "$1,234.56", "$1,235"),
        (10**18, "1000000000", "$1,000,000,000.00", "$1,000,000,000"),
        (-3_000_000_000, "-3", "-$3.00", "-$3.00"),
        (-4_200_000, "-0.0042", "-$0.0042", "-$0.0042"),
        (-1_234_560_000_000, "-1234.56", "-$1,234.56", "-$1,235"),
    ],
)
def test_an_amount_is_shown(nanos: int, exact: str, shown: str, headline: str) -> None:
    assert (money.exact(nanos), USD.text(nanos), USD.rounded(nanos)) == (
        exact,
        shown,
        headline,
    )


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [("10000", "$10,000"), ("0", "$0"), ("41.5", "$41.50"), ("0.0042", "$0.0042")],
)
def test_a_limit_is_shown_as_a_person_writes_it(dollars: str, shown: str) -> None:
    assert USD.as_set(money.from_dollars(dollars)) == shown


@pytest.mark.parametrize("nearly", [-0.4, -0.0, 0.4])
def test_nothing_is_never_below_zero(nearly: float) -> None:
    assert USD.text(nearly) == "$0.00"


@given(st.decimals(0, 1_000_000, places=2))
def test_cents_survive(amount: Decimal) -> None:
    shown = USD.text(money.from_dollars(amount)).replace(",", "")
    assert Decimal(shown.removeprefix("$")) == amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
