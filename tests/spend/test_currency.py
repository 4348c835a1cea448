"""A currency writes its amounts for people, and a bill's currency is any three letters."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.charts import letters
from bot.spend.currency import DECIMALS, SYMBOLS, USD, Currency, currency, is_code
from bot.spend.money import NANOS_PER_UNIT, exact, from_dollars

KNOWN = sorted({*SYMBOLS, *DECIMALS, "CHF", "SEK", "ZZZ"})
currencies = st.sampled_from(KNOWN).map(currency)
amounts = st.integers(-(10**18), 10**18)


def read(text: str, of: Currency) -> Decimal:
    """What a person reads."""
    sign = -1 if text.startswith("-") else 1
    digits = text.removeprefix("-").removeprefix(of.prefix).replace(",", "")
    assert set(digits) <= set("0123456789.")
    return sign * Decimal(digits)


@pytest.mark.parametrize(
    ("code", "amount", "text", "headline", "as_set"),
    [
        ("EUR", "1234.56", "€1,234.56", "€1,235", "€1,234.56"),
        ("eur", "-3", "-€3.00", "-€3.00", "-€3"),
        ("EUR", "0.0042", "€0.0042", "€0.0042", "€0.0042"),
        ("JPY", "1234", "¥1,234", "¥1,234", "¥1,234"),
        ("JPY", "1.6", "¥2", "¥2", "¥2"),
        ("JPY", "0.5", "¥0.50", "¥0.50", "¥0.50"),
        ("KWD", "1.2345", "KWD 1.234", "KWD 1.234", "KWD 1.234"),
        ("KWD", "0.001", "KWD 0.001", "KWD 0.001", "KWD 0.001"),
        ("CHF", "1234.5", "CHF 1,234.50", "CHF 1,234", "CHF 1,234.50"),
        ("CAD", "10000", "CA$10,000.00", "CA$10,000", "CA$10,000"),
        ("INR", "-0.004", "-₹0.0040", "-₹0.0040", "-₹0.0040"),
    ],
)
def test_an_amount_is_written_as_people_write_it(
    code: str, amount: str, text: str, headline: str, as_set: str
) -> None:
    of, nanos = currency(code), from_dollars(amount)
    said = (of.text(nanos), of.rounded(nanos), of.as_set(nanos))
    assert tuple(one.replace("\u00a0", " ") for one in said) == (text, headline, as_set)


@given(currencies, amounts)
def test_what_is_written_reads_back_exactly_to_the_decimals_shown(of: Currency, n: int) -> None:
    true, shown = Decimal(n) / NANOS_PER_UNIT, read(of.text(n), of)
    step = Decimal(1).scaleb(int(shown.as_tuple().exponent))
    assert shown == true.quantize(step, ROUND_HALF_EVEN)
    assert n == 0 or abs(shown - true) <= abs(true) / 2, "never nothing where there is something"


@given(currencies, st.integers(-(10**6), 10**6), st.data())
def test_an_amount_of_whole_coins_is_written_without_loss(
    of: Currency, coins: int, data: st.DataObject
) -> None:
    amount = coins * of.smallest
    assert read(of.text(amount), of) * NANOS_PER_UNIT == amount
    assert read(of.as_set(amount), of) * NANOS_PER_UNIT == amount
    assert Decimal(exact(amount)) * NANOS_PER_UNIT == amount
    units = data.draw(st.integers(-999, 999))
    assert read(of.rounded(units * NANOS_PER_UNIT), of) == units


@given(currencies, amounts)
def test_for_machines_usd_holds_dollars_or_nothing(of: Currency, n: int) -> None:
    keyed = of.keyed(n)
    if of.is_dollars:
        assert keyed == {"usd": exact(n)}
    else:
        assert keyed == {"usd": None, "amount": exact(n), "currency": of.code}
    assert set(of.keyed(None).values()) <= {None, of.code}


def test_a_floor_chosen_for_dollars_is_about_as_much_in_yen() -> None:
    floors = [currency(code).about(5) for code in ("USD", "EUR", "KWD", "JPY", "KRW")]
    assert floors == [from_dollars(n) for n in (5, 5, 5, 500, 500)]


@pytest.mark.parametrize("text", ["", "EU", "EURO", "€€€", "E1R", " EUR", "ＥＵＲ"])
def test_what_is_no_code_is_refused(text: str) -> None:
    assert not is_code(text)
    with pytest.raises(ValueError, match="three letters"):
        currency(text)


def test_a_code_is_the_same_in_any_case() -> None:
    assert currency("usd") == currency("USD") == USD
    assert [currency("eur").code, currency("eur").unit] == ["EUR", "eur"]


def test_every_symbol_can_be_drawn_in_a_chart() -> None:
    drawn = letters._charmap(letters.FONT, "regular") & letters._charmap(letters.FONT, "bold")
    missing = {code for code, symbol in SYMBOLS.items() if not set(map(ord, symbol)) <= drawn}
    assert missing == set()


def test_what_stands_for_it_is_one_letter() -> None:
    assert [currency(code).sign for code in ("USD", "EUR", "CAD", "CHF")] == ["$", "€", "¤", "¤"]


@pytest.mark.parametrize(
    ("code", "price", "text"),
    [
        ("USD", "5.3125", "$5.31"),
        ("USD", "0.017", "$0.017"),
        ("USD", "0.0150007", "$0.015"),
        ("USD", "0.017436", "$0.0174"),
        ("USD", "0.09", "$0.09"),
        ("USD", "0.5", "$0.50"),
        ("USD", "0.000105", "$0.000105"),
        ("USD", "-0.0174", "-$0.0174"),
        ("USD", "0", "$0.00"),
        ("JPY", "0.25", "¥0.25"),
        ("JPY", "0", "¥0"),
    ],
)
def test_prices_that_differ_are_told_apart(code: str, price: str, text: str) -> None:
    assert currency(code).price(from_dollars(price)) == text
