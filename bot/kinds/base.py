"""What every rule has: a name, whom it is about, what it measures, how loud it is."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    field_validator,
    model_validator,
)

from bot.alerts.model import (
    ORGANIZATION,
    PER_MILLION_TOKENS,
    PER_REQUEST,
    Dimension,
    Finding,
    Measure,
    Outcome,
    Severity,
    Subject,
)
from bot.kinds.durations import Duration
from bot.kinds.money_options import TWINS, Dollars, Planned, in_nanos, one_of
from bot.kinds.quiet import Quiet, quiet_hours
from bot.kinds.told import Told
from bot.spend.calendar import Span
from bot.spend.currency import Currency
from bot.spend.ledger import DailyTable, Ids, Ledger
from bot.spend.metrics import FORMULAS, Additive, Metric
from bot.spend.money import from_dollars
from bot.spend.names import clean

MATCHABLE = tuple(d for d in Dimension if d is not Dimension.ORGANIZATION)
"""Dimensions that `match` and routes may look at."""


def _as_tuple(value: Any) -> Any:
    return (
        (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value
    )


Globs = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]
"""One glob or a list of them, on an id or a name; `!` in front excludes."""


class Direction(StrEnum):
    """Which way a change goes that is worth telling."""

    UP = "up"
    DOWN = "down"


class Rule(BaseModel):
    """A named entry of a rules file. Subclasses are the kinds.

    `judge(ledger, days)` gives everything that holds for periods touching the days.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    kind: str
    per: Annotated[
        tuple[Dimension, ...],
        BeforeValidator(_as_tuple, json_schema_input_type=Dimension | list[Dimension]),
    ] = (Dimension.ORGANIZATION,)
    match: dict[Dimension, Globs] = Field(default_factory=dict)
    metric: Metric = Metric.COST
    severity: Severity = Severity.WARNING
    min_usd: Dollars = Decimal(0)
    min_amount: Dollars | None = None
    repeat_after: Duration | None = None
    quiet: Annotated[Quiet | None, BeforeValidator(quiet_hours)] = None
    planned: tuple[Planned, ...] = ()
    channel: str | None = None
    mention: str | None = None
    enabled: StrictBool = True

    @field_validator("per")
    @classmethod
    def _one_or_a_pair(cls, per: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
        if not 1 <= len(per) <= 2:
            raise ValueError("`per` takes one dimension or a pair of them")
        if len(set(per)) < len(per):
            raise ValueError("`per` names the same dimension twice")
        if len(per) > 1 and Dimension.ORGANIZATION in per:
            raise ValueError("`per: organization` stands alone")
        return per

    @field_validator("match")
    @classmethod
    def _matchable(cls, match: dict[Dimension, Globs]) -> dict[Dimension, Globs]:
        if Dimension.ORGANIZATION in match:
            raise ValueError("`match` looks at project, model, line_item or api_key")
        return match

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        for dollars, twin in TWINS.items():
            if {dollars, twin} <= self.model_fields_set:
                raise ValueError(one_of(dollars, twin))
        return self

    @model_validator(mode="after")
    def _measurable(self) -> Self:
        asked = {*self.per, *self.match}
        uses_volume = any(part.is_usage for part in FORMULAS[self.metric].parts)
        if uses_volume and Dimension.LINE_ITEM in asked:
            raise ValueError(f"`{self.metric}` is not known per line item: use model instead")
        return self

    def announce(self, ledger: Ledger, days: Sequence[date]) -> None:  # noqa: ARG002 - for kinds
        """Say what `judge` will ask for, where it is cheaper for many rules together than for
        each. All rules announce before the first one judges."""
        for part in FORMULAS[self.metric].over:
            ledger.announce(part, self.per, tuple(self.match.items()))

    def judge(self, ledger: Ledger, days: Sequence[date]) -> Iterator[Outcome]:
        """What the rule says about the periods that the days belong to.

        `days` are UTC days, oldest first, the last of them today. Pure.
        """
        raise NotImplementedError

    def judge_news(
        self,
        ledger: Ledger,
        days: Sequence[date],
        told: Told,  # noqa: ARG002 - for kinds
    ) -> Iterator[Outcome]:
        """`judge`, where findings that are no news beside what was told may be left out: for kinds
        whose findings stand for many days. What silences another finding is never left out."""
        return self.judge(ledger, days)

    @property
    def about(self) -> tuple[Hashable, ...]:
        """What it adds up, and for whom: rules that are alike in this look at the same numbers."""
        return self.metric, self.per, tuple(self.match.items())

    has_episodes: ClassVar[bool] = False
    """Whether a finding's period is where an event began, which later data may move."""

    def is_same(self, finding: Finding, known: Finding, ledger: Ledger) -> bool:
        """Whether both are about one event, though it seems to begin on another day now."""
        raise NotImplementedError

    def table(self, ledger: Ledger, quantity: Additive) -> DailyTable:
        """Daily sums per subject of what the rule is about."""
        return ledger.selected(quantity, self.per, tuple(self.match.items()))

    def amounts(self, ledger: Ledger) -> DailyTable:
        """Daily sums of the rule's metric, for metrics that add up. Money in nanos."""
        first, *others = FORMULAS[self.metric].over
        if not others:
            return self.table(ledger, first)
        key = ("amounts", *self.about)
        return ledger.remembered(
            key, lambda: _added(self.table(ledger, first), self.table(ledger, others[0]))
        )

    def subject(self, ledger: Ledger, ids: Ids) -> Subject:
        """The subject with those ids, under the names people use, made safe to show."""
        return Subject(self.per, ids, tuple(clean(name) for name in self.full_names(ledger, ids)))

    def full_names(self, ledger: Ledger, ids: Ids) -> list[str]:
        """The names of the ids as they are: for globs, never to be shown."""
        return [ledger.name(of, member) for of, member in zip(self.per, ids, strict=True)]

    def who(self, subject: Subject) -> str:
        """The subject as a sentence begins, with what `match` leaves of it:
        `search (model gpt-5*)`."""
        parts = [
            f"{per_words((dimension,))} {', '.join(globs)}"
            for dimension, globs in self.match.items()
            if dimension not in self.per
        ]
        return f"{subject.title} ({clean('; '.join(parts), 80)})" if parts else subject.title

    @property
    def everyone(self) -> str:
        """All subjects in a word: `every project`."""
        if self.per == ORGANIZATION.dimensions:
            return ORGANIZATION.name
        return f"every {per_words(self.per)}"

    @property
    def asks_money(self) -> bool:
        """Whether it is on volume, and has a floor in money."""
        floors = {"min_usd", "min_amount"} & self.model_fields_set
        return self.metric is not Metric.COST and bool(floors)

    def costs_enough(self, ledger: Ledger, ids: Ids, span: Span) -> bool:
        """Whether a finding on volume is about enough money: its floor, where one is set."""
        if not self.asks_money:
            return True
        spent = self.table(ledger, Additive.COST)
        totals = ledger.remembered(("totals", id(spent), span), lambda: spent.totals(span))
        return totals.get(ids, 0) >= self.min_nanos(ledger.currency)

    def planned_nanos(self, span: Span) -> int:
        """The extra money that is planned for some of the days."""
        if self.metric is not Metric.COST or not self.planned:
            return 0
        return from_dollars(sum((p.extra for p in self.planned if p.overlaps(span)), Decimal(0)))

    def planned_words(self, span: Span, currency: Currency) -> str:
        """What is planned for some of the days, to be said of a limit that holds it: `, $400 of it
        planned (batch job, @ann)`. Empty where nothing is. Plain text."""
        extra = self.planned_nanos(span)
        if not extra:
            return ""
        named = dict.fromkeys(p.named for p in self.planned if p.overlaps(span) and p.named)
        said = f" ({'; '.join(named)})" if named else ""
        return f", {currency.as_set(extra)} of it planned{said}"

    def is_quiet(self, severity: Severity, local: datetime) -> bool:
        """Whether an alert of that severity is held back at that local time."""
        return self.quiet is not None and self.quiet.holds(severity, local)

    def measure_in(self, currency: Currency) -> Measure:
        """What its numbers are in, for a bill in that currency."""
        plain = _MEASURES.get(self.metric)
        return plain or Measure.money(currency, _PER[self.metric])

    def min_nanos(self, currency: Currency) -> int:
        """The floor of a bill in that currency, in nanos."""
        return self.threshold("min_usd", currency)

    def threshold(self, option: str, currency: Currency) -> int:
        """What an option of `TWINS` says in nanos; as set, else the default, which was chosen for
        dollars and is about as much in that currency."""
        own = getattr(self, TWINS[option])
        if own is not None:
            return in_nanos(own)
        dollars = getattr(self, option)
        return in_nanos(dollars) if option in self.model_fields_set else currency.about(dollars)

    @property
    def in_dollars(self) -> Mapping[str, str]:
        """The options that are set in US dollars, with those in the bill's currency.

        Nothing is nothing in every currency.
        """
        is_set = {name for name in self.model_fields_set & TWINS.keys() if getattr(self, name)}
        planned = any(window.usd for window in self.planned)
        return {
            **{name: twin for name, twin in TWINS.items() if name in is_set},
            **({"planned: usd": "planned: amount"} if planned else {}),
        }

    def option(self, dollars: str, currency: Currency) -> str:
        """What to write another amount with, for such a bill: a `min_usd` of 0 is nothing in any
        currency, one of 5 is not."""
        twin = TWINS[dollars]
        return dollars if currency.is_dollars and twin not in self.model_fields_set else twin

    def fits(self, currency: Currency) -> bool:
        """Whether its amounts mean something for a bill in that currency."""
        return currency.is_dollars or not self.in_dollars


def amount(value: float, measure: Measure) -> str:
    """A number of a finding for people: `$1,234.56`, `12,300 requests`, `4.12M tokens`, `21.6%`."""
    if measure.currency:
        return (measure.currency.text if measure.is_total else measure.currency.price)(value)
    if measure == Measure.RATIO:
        return f"{value:.1%}".replace(".0%", "%")
    unit = measure.value
    if value >= 1e6:
        return f"{value / 1e6:,.{2 if value < 1e7 else 1}f}M {unit}"
    return f"{value:,.0f} {unit.removesuffix('s') if round(value) == 1 else unit}"


def times(ratio: float) -> str:
    """`2.4×`, and `31×` where a decimal says nothing."""
    if ratio >= 1000:
        return "over 1,000×"
    return f"{ratio:.1f}×" if ratio < 9.95 else f"{ratio:,.0f}×"


def per_words(dimensions: Sequence[Dimension]) -> str:
    """`project`, `project and model`: dimensions in a sentence."""
    return " and ".join(dimension.replace("_", " ") for dimension in dimensions)


def _added(first: DailyTable, second: DailyTable) -> DailyTable:
    if first.ids == second.ids:
        return DailyTable(first.span, first.ids, first.values + second.values)
    ids = tuple(dict.fromkeys((*first.ids, *second.ids)))
    columns = [first.column(member) + second.column(member) for member in ids]
    values = np.column_stack(columns) if columns else first.values[:, :0]
    return DailyTable(first.span, ids, values)


_MEASURES = {
    Metric.REQUESTS: Measure.REQUESTS,
    Metric.INPUT_TOKENS: Measure.TOKENS,
    Metric.OUTPUT_TOKENS: Measure.TOKENS,
    Metric.TOKENS: Measure.TOKENS,
    Metric.CACHED_SHARE: Measure.RATIO,
    Metric.OUTPUT_RATIO: Measure.RATIO,
}
_PER = {
    Metric.COST: "",
    Metric.COST_PER_REQUEST: PER_REQUEST,
    Metric.COST_PER_MILLION_TOKENS: PER_MILLION_TOKENS,
}
