"""Findings, what could not be judged, and the reasons for speaking or keeping silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import quote

from bot.spend.calendar import Period, Span, Unit, period_of
from bot.spend.currency import Currency, currency
from bot.spend.split import Split

SEPARATOR = " × "
"""Joins the parts of a pair, as in `search × gpt-5`."""


class Dimension(StrEnum):
    """What a subject is one of."""

    ORGANIZATION = "organization"
    PROJECT = "project"
    MODEL = "model"
    """A model's family: `gpt-4o`, whatever its dated snapshots."""
    SNAPSHOT = "snapshot"
    """One dated model, as `gpt-4o-2024-08-06`."""
    LINE_ITEM = "line_item"
    API_KEY = "api_key"


class Severity(StrEnum):
    """How loud a finding is. Ordered by `rank`."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Measure:
    """The unit of a finding's numbers: money is in integer nanos of `currency`, the rest plain.

    `value` is what JSON calls it: `usd`, `eur_per_request`, `tokens`.
    """

    value: str
    currency: Currency | None = None

    REQUESTS: ClassVar[Measure]
    TOKENS: ClassVar[Measure]
    RATIO: ClassVar[Measure]

    @classmethod
    def money(cls, currency: Currency, per: str = "") -> Measure:
        """Money as such, or `per` something: `PER_REQUEST`, `PER_MILLION_TOKENS`."""
        return cls(f"{currency.unit}{per}", currency)

    @classmethod
    def parse(cls, value: str) -> Measure:
        """The measure that has this value. Raises ValueError for none."""
        if (plain := cls(value)) in (cls.REQUESTS, cls.TOKENS, cls.RATIO):
            return plain
        code, per, of = value.partition("_per_")
        return cls.money(currency(code), f"{per}{of}")

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> Any:
        """Where a finding is kept as JSON, its measure is kept as its value."""
        from pydantic_core import core_schema  # noqa: PLC0415 - only where something is kept

        written = core_schema.plain_serializer_function_ser_schema(lambda measure: measure.value)
        return core_schema.no_info_plain_validator_function(cls.parse, serialization=written)

    @property
    def is_money(self) -> bool:
        return self.currency is not None

    @property
    def is_total(self) -> bool:
        """Whether it is money as such, and not per something."""
        return self.currency is not None and self.value == self.currency.unit


Measure.REQUESTS, Measure.TOKENS = Measure("requests"), Measure("tokens")
Measure.RATIO = Measure("ratio")
PER_REQUEST, PER_MILLION_TOKENS = "_per_request", "_per_million_tokens"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a rule is about: the organisation, one member of a dimension, or a pair of members.

    `dimensions` and `ids` run in parallel, one entry each or two for a pair. An id is None for
    the organisation and for money without a project. `names` are what people call the ids.
    """

    dimensions: tuple[Dimension, ...]
    ids: tuple[str | None, ...]
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        return SEPARATOR.join(self.names)

    @property
    def title(self) -> str:
        """The name as a sentence begins with it."""
        return self.name if self != ORGANIZATION else f"{self.name[0].upper()}{self.name[1:]}"

    @property
    def slug(self) -> str:
        """The ids as an unambiguous part of an alert key: it never depends on a name."""
        kinds = "*".join(self.dimensions)
        if self.ids == (None,) and self.dimensions == (Dimension.ORGANIZATION,):
            return kinds
        return f"{kinds}={'*'.join(map(_encoded, self.ids))}"


ORGANIZATION = Subject((Dimension.ORGANIZATION,), (None,), ("the organisation",))


_LONGEST = 500
"""Characters of an encoded id in a key. A database's index holds two such and the longest name of
a rule: 2,704 bytes on PostgreSQL."""


def _encoded(part: str | None) -> str:
    if part is None:
        return "(none)"
    encoded = quote(part, safe=".-_ ", errors="surrogatepass").replace(" ", "+")
    if len(encoded) <= _LONGEST:
        return encoded
    return f"{encoded[: _LONGEST - 33]}~{sha256(encoded.encode()).hexdigest()[:32]}"


def rule_slug(name: str) -> str:
    """A rule's name as part of a key: spaces become dashes, the rest is percent-encoded."""
    return quote(name.strip().replace(" ", "-"), safe=".-_", errors="surrogatepass")


def alert_key(rule: str, subject: Subject, period: Period) -> str:
    """The stable identity of an alert: rule + subject + period. Never the amount or the step."""
    return f"{rule_slug(rule)}/{subject.slug}/{period.unit}:{period.start.isoformat()}"


def period_in(key: str) -> Period:
    """The period that an alert key ends with."""
    unit, _, start = key.rpartition("/")[2].partition(":")
    return period_of(date.fromisoformat(start), Unit(unit))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How a finding's period is foreseen to end, in the unit of its `measure`.

    In about 8 of 10 cases it ends between `low` and `high`. `limit_falls_on` is the UTC day by
    whose end the limit is foreseen to be reached; None if it is not, or has been already.
    """

    total: int
    low: int
    high: int
    limit_falls_on: date | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says about one subject in one period.

    `observed`, `limit` and `expected` are in the unit of `measure` (nanos for money), the `split`
    in nanos of the bill's currency.
    `step` is the highest step crossed (percent of a cap), None where a kind has no steps.
    `provisional`: the period holds a day that is open or may still be restated.
    `why` is one sentence with the numbers, in plain text (names in it are not yet escaped).
    `facts` are label/value pairs for the message, in reading order.
    """

    rule: str
    kind: str
    severity: Severity
    subject: Subject
    period: Period
    metric: str
    measure: Measure
    observed: int | float
    why: str
    headline: str
    limit: int | float | None = None
    expected: int | float | None = None
    is_usual: bool = True
    """Whether `expected` is what such a day usually is. Else it is the highest day of a history
    that tells no usual one: a line to judge by, and nothing to explain a change with."""
    step: float | None = None
    provisional: bool = False
    facts: tuple[tuple[str, str], ...] = field(default=())
    channel: str | None = None
    mention: str | None = None
    forecast_step: float | None = None
    """The highest step (percent of a cap) that the period is foreseen to end above, if any.
    Above `step`: what was really passed is foreseen no more."""
    foreseen: Foreseen | None = None
    """The forecast behind `forecast_step`; None without one."""
    causes: tuple[str, ...] = ()
    """Sentences on why: the change split into its parts, then who contributed most. Plain text."""
    split: Split | None = None
    """The same in numbers; None where there is nothing to compare with, or it was not asked."""
    observed_in: Span | None = None
    """The days that `observed` is about, where they are not the period's."""
    inhibited_by: str | None = None
    """The key of the finding that tells this one already: it is then not told by itself."""

    last_day: date | None = None
    """The last day on which it held, for what may last longer than its period (a drop, a drift)."""

    @property
    def key(self) -> str:
        return alert_key(self.rule, self.subject, self.period)

    @property
    def holds_until(self) -> date:
        """The last day it is about."""
        return self.last_day or self.period.last_day


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule, or one subject of it, that could not be judged, and the reason in words."""

    rule: str
    subject: str
    why: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What is worth a line in the daily digest and no alert. `text` is a sentence, plain text."""

    rule: str
    subject: Subject
    period: Period
    text: str


Outcome = Finding | Skipped | Remark


class Reason(StrEnum):
    """Why a message goes out, or why not."""

    FIRST = "first"
    WORSE = "worse"
    STEP = "step"
    REPEAT = "repeat"
    RESTATED = "restated"
    RESOLVED = "resolved"
    TOLD = "told"
    SNOOZED = "snoozed"
    INHIBITED = "inhibited"

    @property
    def speaks(self) -> bool:
        return self not in (Reason.TOLD, Reason.SNOOZED, Reason.INHIBITED)
