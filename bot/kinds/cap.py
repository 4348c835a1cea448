"""cap: spend (or use) in a day, week, month, quarter or year against a fixed limit.

What it does
    Adds up the period so far and tells when it passes a step of the limit. A period's total
    only grows, so a cap speaks about an open day at once. Spending exactly the limit is fine.

Options
    period        day | week | month | quarter | year (default day). Weeks begin on Monday.
    limit_usd     dollars per period, one number or by glob of the subject, with `default`:
                  limit_usd: {default: 50, "search*": 120}. The first glob that fits is used.
    limit         the same for other metrics: requests or tokens.
    steps         percents of the limit to tell, e.g. [50, 80, 100] (default [100]).
    planned       windows of days with extra money: a period that touches one has that much more.

Example
    rules:
      - name: organisation daily cap
        kind: cap
        period: day
        limit_usd: 200
        steps: [50, 80, 100]
      - name: project caps
        kind: cap
        per: project
        limit_usd: {default: 50, "search*": 120}

What it says
    search spent $131.20 on Thu 19 Nov 2026, 109% of its daily cap of $120.00.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from bot.alerts.model import ORGANIZATION, SEPARATOR, Finding, Outcome, Skipped, Subject
from bot.kinds.base import AS_NUMBER, Rule, amount, matches
from bot.spend.calendar import DayState, Period, Unit, day_name, period_of
from bot.spend.ledger import DailyTable, Ids, Ledger
from bot.spend.metrics import FORMULAS, Metric
from bot.spend.money import LARGEST_DOLLARS, from_dollars

DEFAULT = "default"
"""The entry of `limit_usd` for every subject that no glob fits."""


def _by_glob(value: Any) -> Any:
    return value if isinstance(value, dict) else {DEFAULT: value}


Amount = Annotated[Decimal, Field(ge=0, le=1_000_000_000_000, decimal_places=9), AS_NUMBER]
Limits = Annotated[
    dict[str, Amount],
    BeforeValidator(_by_glob, json_schema_input_type=Amount | dict[str, Amount]),
    Field(min_length=1),
]
Step = Annotated[float, Field(gt=0, le=1000)]

_ADJECTIVES = {
    Unit.DAY: "daily",
    Unit.WEEK: "weekly",
    Unit.MONTH: "monthly",
    Unit.QUARTER: "quarterly",
    Unit.YEAR: "yearly",
}


class Cap(Rule):
    """A limit per period; see the module's manual page."""

    kind: Literal["cap"] = "cap"
    period: Unit = Unit.DAY
    limit_usd: Limits | None = None
    limit: Limits | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)] = (100.0,)

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if FORMULAS[self.metric].is_ratio:
            raise ValueError(f"a cap needs a metric that adds up, not `{self.metric}`")
        wanted, other = (
            ("limit_usd", "limit") if self.metric is Metric.COST else ("limit", "limit_usd")
        )
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"a cap on `{self.metric}` takes `{wanted}`, and only that")
        if self.limit_usd and max(self.limit_usd.values()) > LARGEST_DOLLARS:
            raise ValueError("a limit cannot be more than a billion dollars")
        if any(glob.startswith("!") for glob in self._limits):
            raise ValueError("a limit cannot exclude with `!`: use `default` for all the others")
        return self

    def judge(self, ledger: Ledger, days: Sequence[date]) -> Iterator[Outcome]:
        table = self.amounts(ledger)
        limits = [self.limit_of(ids, self.full_names(ledger, ids)) for ids in table.ids]
        blind: dict[str, list[date]] = {}
        for period in dict.fromkeys(period_of(day, self.period) for day in days):
            told = list(self._judge_period(ledger, period, table, limits))
            yield from told
            if not self._is_decided(told):
                of = "" if self.period is Unit.DAY else f" of {period}"
                missing = ledger.days_in_state(period.span, DayState.MISSING, self.metric)
                blind.setdefault(of, []).extend(missing)
        for of, missing in blind.items():
            if missing:
                yield Skipped(self.name, self.everyone, _missing_words(missing, of))

    def limit_of(self, ids: Ids, names: Iterable[str]) -> int | None:
        """The limit of one subject in the metric's unit (nano-dollars), None where it has none.

        A glob fits the id or the name of any part of a pair, or the pair: `search × gpt-5`.
        """
        names = tuple(names)
        spoken = (*names, SEPARATOR.join(names))
        for glob, value in self._limits.items():
            if glob != DEFAULT and _fits(glob, ids, spoken):
                return self._in_units(value)
        return self._in_units(self._limits[DEFAULT]) if DEFAULT in self._limits else None

    @property
    def _limits(self) -> Mapping[str, Decimal]:
        return self.limit_usd or self.limit or {}

    def _in_units(self, value: Decimal) -> int:
        return _nanos(value) if self.metric is Metric.COST else int(value)

    def _judge_period(
        self, ledger: Ledger, period: Period, table: DailyTable, limits: Sequence[int | None]
    ) -> Iterator[Finding]:
        provisional = not self._is_settled(ledger, period)
        planned = self.planned_nanos(period.span)
        for (ids, observed), limit in zip(table.totals(period.span).items(), limits, strict=True):
            if limit is None or observed < self._floor:
                continue
            step = highest_step(observed, limit + planned, self.steps)
            if step is not None and self.costs_enough(ledger, ids, period.span):
                subject = self.subject(ledger, ids)
                limit_now = limit + planned
                yield self._finding(ledger, subject, period, observed, limit_now, step, provisional)

    def _is_decided(self, told: Sequence[Finding]) -> bool:
        """Whether missing days could change nothing: there is one subject, past its last step."""
        steps = [finding.step for finding in told]
        return self.per == ORGANIZATION.dimensions and max(self.steps) in steps

    @property
    def _floor(self) -> int:
        return self.min_nanos if self.metric is Metric.COST else 0

    def _is_settled(self, ledger: Ledger, period: Period) -> bool:
        return all(ledger.state(day, self.metric) is DayState.SETTLED for day in period.span)

    def _finding(
        self,
        ledger: Ledger,
        subject: Subject,
        period: Period,
        observed: int,
        limit: int,
        step: float,
        provisional: bool,
    ) -> Finding:
        words = _Words(self, subject, period, observed, limit, ledger.today)
        return Finding(
            rule=self.name,
            kind=self.kind,
            severity=self.severity,
            subject=subject,
            period=period,
            metric=self.metric,
            measure=self.measure,
            observed=observed,
            limit=limit,
            step=step,
            provisional=provisional,
            why=words.why,
            headline=words.headline,
            facts=words.facts,
            channel=self.channel,
            mention=self.mention,
        )


class _Words:
    """A cap's finding in words."""

    def __init__(
        self, rule: Cap, subject: Subject, period: Period, observed: int, limit: int, today: date
    ) -> None:
        self._who = rule.who(subject)
        self._verb = "spent" if rule.metric is Metric.COST else "used"
        self._spent = amount(observed, rule.measure)
        self._limit = amount(limit, rule.measure)
        self._cap = f"{_ADJECTIVES[rule.period]} cap"
        self._share = percent_of(observed, limit)
        self._over = amount(observed - limit, rule.measure) if observed > limit else None
        self._has_room = limit > 0
        self._period = period
        self._running = today in period.span

    @property
    def why(self) -> str:
        spent = f"{self._who}{self._has} {self._verb} {self._spent} {self._when}"
        if not self._has_room:
            return f"{spent}; its {self._cap} of {self._limit} allows nothing."
        return f"{spent}, {self._share} of its {self._cap} of {self._limit}."

    @property
    def headline(self) -> str:
        where = f"at {self._share} of" if self._over is None else "over"
        spent = f"{self._spent} of {self._limit}"
        return f"{self._who} is {where} its {self._cap}{self._which}: {spent}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        spent = "Spent so far" if self._running else "Spent"
        room = ("Over by", self._over) if self._over else ("Of the cap", self._share)
        return (
            (spent, self._spent),
            ("Cap", f"{self._limit} ({self._cap.split()[0]})"),
            room,
            ("Period", str(self._period)),
        )

    @property
    def _which(self) -> str:
        if self._period.unit is not Unit.DAY or self._running:
            return ""
        return f" of {day_name(self._period.start)}"

    @property
    def _has(self) -> str:
        return " has" if self._running else ""

    @property
    def _when(self) -> str:
        if self._period.unit is Unit.DAY:
            day = f"on {self._period}"
            return f"so far {day} (UTC), a day that is not over" if self._running else day
        so_far = " so far" if self._running else ""
        return f"in {self._period}{so_far}"


def highest_step(observed: int, limit: int, steps: Sequence[float]) -> float | None:
    """The highest step (percent of the limit) that was passed. Exactly on a step is not past it."""
    return max((step for step in steps if _is_past(observed, limit, step)), default=None)


def _is_past(observed: int, limit: int, step: float) -> bool:
    percent, hundreds = Decimal(str(step)).as_integer_ratio()  # as written: 33.3 is no float
    return observed * 100 * hundreds > limit * percent


def percent_of(observed: int, limit: int) -> str:
    """`109%`, rounded so that it never claims a limit was reached that was not."""
    if limit <= 0:
        return "all"
    if observed < limit:
        return f"{observed * 100 // limit}%"
    return f"{observed / limit * 100:,.0f}%"


@lru_cache(maxsize=1_000)
def _nanos(limit: Decimal) -> int:
    return from_dollars(limit)


@lru_cache(maxsize=100_000)
def _fits(glob: str, ids: Ids, names: tuple[str, ...]) -> bool:
    return any(matches((glob,), None, word) for word in (*names, *filter(None, ids)))


def _missing_words(missing: Sequence[date], of: str) -> str:
    """`of` names the period they belong to, where that is more than a day."""
    unseen = "so what is not over its cap may still be"
    first, last = day_name(missing[0]), day_name(missing[-1])
    if len(missing) == 1:
        return f"{first}{of} is missing, {unseen}"
    return f"{len(missing)} days{of} are missing ({first} to {last}), {unseen}"
