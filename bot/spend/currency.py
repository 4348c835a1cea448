"""The currency of a bill, and how its amounts are written for people. Pure.

A bill has one currency, which is a fact of it like its days: it is read with the rows, kept with
the history and carried as a value (a ledger's, a measure's). Nothing is ever converted.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from bot.spend.money import NANOS_PER_UNIT, exact, nanos
from bot.spend.names import NO_BREAK

_FINEST = 9  # decimals that an amount in nanos has


@dataclass(frozen=True, slots=True, order=True)
class Currency:
    """An ISO 4217 code, the symbol of its amounts in English text, and its usual decimals.

    Amounts are integer nanos (10⁻⁹) of its unit: nano-dollars, nano-yen.
    """

    code: str
    symbol: str
    decimals: int

    def text(self, amount: float) -> str:
        """For people: `$1,234.56`, `¥1,234`; under the smallest coin what matters, `$0.0042`."""
        whole = round(amount)
        sign = "-" if whole < 0 else ""
        value = Decimal(abs(whole)) / NANOS_PER_UNIT
        decimals = self.decimals
        if value and value < Decimal(1).scaleb(-decimals):
            decimals = min(_FINEST, 1 - value.adjusted())
        return f"{sign}{self.prefix}{value:,.{decimals}f}"

    def price(self, amount: float) -> str:
        """What one of something costs: `$5.31`, and under a unit the three digits that tell prices
        apart, `$0.0174`."""
        value = Decimal(abs(round(amount))) / NANOS_PER_UNIT
        if not value or value >= 1:
            return self.text(amount)
        digits = f"{value:.{min(_FINEST, 2 - value.adjusted())}f}".rstrip("0")
        shown = max(self.decimals, len(digits.partition(".")[2]))
        return f"{'-' if amount < 0 else ''}{self.prefix}{value:.{shown}f}"

    def rounded(self, amount: float) -> str:
        """For a headline: no decimals from 100 on, `$412`; else as `text`."""
        if abs(amount) < 100 * NANOS_PER_UNIT:
            return self.text(amount)
        value = Decimal(round(abs(amount))) / NANOS_PER_UNIT
        whole = int(value.quantize(Decimal(1), ROUND_HALF_EVEN))
        return f"{'-' if amount < 0 else ''}{self.prefix}{whole:,}"

    def as_set(self, amount: int) -> str:
        """As the person who set it writes it: `$10,000`, `$41.50`."""
        units, rest = divmod(amount, NANOS_PER_UNIT)
        sign = "-" if units < 0 else ""
        return self.text(amount) if rest else f"{sign}{self.prefix}{abs(units):,}"

    def signed(self, amount: float) -> str:
        """`+$120.10`, `-$5.00`."""
        return self.text(amount) if amount < 0 else f"+{self.text(amount)}"

    def keyed(self, amount: int | None) -> dict[str, str | None]:
        """For machines, exactly and under `usd`. In another currency that is null, so that nothing
        which reads dollars reads others, and `amount` and `currency` stand beside it."""
        written = None if amount is None else exact(amount)
        if self.is_dollars:
            return {"usd": written}
        return {"usd": None, "amount": written, "currency": self.code}

    @property
    def prefix(self) -> str:
        """What stands before the digits: `$`, `€`, and `CHF ` with a space that does not break."""
        return f"{self.symbol}{NO_BREAK}" if self.symbol[-1].isalpha() else self.symbol

    @property
    def sign(self) -> str:
        """One letter that stands for it: its symbol where that is one."""
        return self.symbol if len(self.symbol) == 1 else "¤"

    @property
    def is_dollars(self) -> bool:
        """Whether it is the US dollar, which options such as `limit_usd` are in."""
        return self.code == DOLLARS

    @property
    def unit(self) -> str:
        """What JSON calls a number of it: `usd`, `eur`."""
        return self.code.lower()

    @property
    def smallest(self) -> int:
        """Nanos of the smallest coin: a cent, a yen."""
        return nanos(Decimal(1).scaleb(-self.decimals))

    @property
    def times(self) -> int:
        """By how much a number that was chosen for dollars is multiplied: a dollar is about a
        euro, and about a hundred yen. A power of ten, no rate."""
        return 1 if self.decimals else 100

    def about(self, dollars: Decimal | int) -> int:
        """Nanos of an amount that was chosen for dollars."""
        return nanos(Decimal(dollars)) * self.times


DOLLARS = "USD"

SYMBOLS = {
    **{DOLLARS: "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪"},
    **{"VND": "₫", "PHP": "₱", "AUD": "A$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥"},
    **{"HKD": "HK$", "MXN": "MX$", "NZD": "NZ$", "TWD": "NT$"},
}
"""Of amounts in English text (Unicode CLDR 45, `en`). All others are written with their code."""

_WITHOUT = (
    *("AFN", "ALL", "BIF", "CLP", "COP", "DJF", "GNF", "HUF", "IDR", "IQD", "IRR", "ISK", "JPY"),
    *("KMF", "KPW", "KRW", "LAK", "LBP", "MGA", "MMK", "PYG", "RWF", "SOS", "SYP", "UGX", "UYI"),
    *("VND", "VUV", "XAF", "XOF", "XPF", "YER"),
)
DECIMALS = {
    **dict.fromkeys(_WITHOUT, 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""With which amounts are written, where they are not two (Unicode CLDR 45, `currencyData`)."""


def is_code(text: str) -> bool:
    """Whether it may be the code of a currency: three letters of ASCII, in capitals or not."""
    return len(text) == 3 and text.isascii() and text.isalpha()


@lru_cache(maxsize=200)
def currency(code: str) -> Currency:
    """The currency of a code, in capitals or not. Raises ValueError for what is no code."""
    if not is_code(code):
        raise ValueError("a currency is three letters, as in EUR")
    code = code.upper()
    return Currency(code, SYMBOLS.get(code, code), DECIMALS.get(code, 2))


USD = currency(DOLLARS)
"""What the Costs API bills in by its documentation; what a history without money is taken for."""
