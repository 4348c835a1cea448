"""A cap's finding in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.alerts.model import Foreseen, Measure
from bot.kinds.base import amount
from bot.spend.calendar import ONE_DAY, Period, Unit, day_name, midnight
from bot.spend.outlook import rounded

_ADJECTIVES = {
    Unit.DAY: "daily",
    Unit.WEEK: "weekly",
    Unit.MONTH: "monthly",
    Unit.QUARTER: "quarterly",
    Unit.YEAR: "yearly",
}

_ENOUGH_OF_A_DAY = 0.25
"""Before 06:00 UTC a linear pace says nothing about a day."""


@dataclass(frozen=True, slots=True)
class CapWords:
    """What there is to say. `observed` and `limit` are in the unit of `measure`.

    `foreseen` is set where the forecast has passed a step; `missing` are the days it estimated.
    `unread` are the days of the period up to today that were not read whole. `planned` says how
    much of the limit is planned money (see `Rule.planned_words`).
    """

    who: str
    measure: Measure
    period: Period
    observed: int
    limit: int
    now: datetime
    foreseen: Foreseen | None = None
    missing: tuple[date, ...] = ()
    unread: tuple[date, ...] = ()
    planned: str = ""

    @property
    def why(self) -> str:
        verb = "spent" if self.measure.is_total else "used"
        spent = f"{self.who}{self._has} {verb} {self._spent} {self._when}"
        if self.limit <= 0:
            return f"{spent}; its {self._cap} of {self._limit} allows nothing."
        share = f"{self._share} of its {self._cap} of {self._limit}{self.planned}"
        return f"{spent}, {share}.{self._outlook}{self._least}"

    @property
    def headline(self) -> str:
        if self.foreseen and self.observed <= self.limit:
            heading_for = percent_of(self.foreseen.total, self.limit)
            end = f"{about(self.foreseen.total, self._precision, self.measure)} of {self._limit}"
            return f"{self.who} is heading for {heading_for} of its {self._cap}: {end}"
        where = "over" if self.observed > self.limit else f"at {self._share} of"
        spent = f"{self._spent} of {self._limit}"
        return f"{self.who} is {where} its {self._cap}{self._which}: {spent}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        over = self.observed > self.limit
        excess = amount(self.observed - self.limit, self.measure)
        return (
            ("Spent so far" if self._running else "Spent", self._spent),
            ("Cap", f"{self._limit} ({_ADJECTIVES[self.period.unit]})"),
            ("Over by", excess) if over else ("Of the cap", self._share),
            *self._pace_facts(),
            ("Period", str(self.period)),
        )

    def _pace_facts(self) -> tuple[tuple[str, str], ...]:
        if at := self._passes_at:
            return (("At this pace", f"past the cap at about {at:%H:%M} UTC"),)
        if not self.foreseen:
            return ()
        facts = (("At this pace", f"{self._end} (likely {self._range})"),)
        falls_on = self.foreseen.limit_falls_on
        return (*facts, ("Limit falls on", day_name(falls_on))) if falls_on else facts

    @property
    def _outlook(self) -> str:
        """Where it is heading, as the sentences that follow what was spent."""
        if at := self._passes_at:
            return (
                f" At this pace, a rough and linear one, it passes {self._limit} at about "
                f"{at:%H:%M} UTC, or sooner as costs arrive late."
            )
        if not self.foreseen:
            return ""
        share = percent_of(self.foreseen.total, self.limit)
        end = f"{_short(self.period)} ends at {self._end}, likely {self._range}: {share} of the cap"
        return f" At this pace {end}{self._falls}.{self._estimated}"

    @property
    def _falls(self) -> str:
        if not self.foreseen or not self.foreseen.limit_falls_on:
            return ""
        day = self.foreseen.limit_falls_on
        return f"; the limit falls {'today' if day == self.now.date() else f'on {day_name(day)}'}"

    @property
    def _estimated(self) -> str:
        if not self.missing or not self.foreseen:
            return ""
        if len(self.missing) == 1:
            return f" {day_name(self.missing[0])} is missing and estimated."
        first, last = day_name(self.missing[0]), day_name(self.missing[-1])
        return f" {len(self.missing)} missing days ({first} to {last}) are estimated."

    @property
    def _least(self) -> str:
        """That the total may be larger, where no forecast says so."""
        if not self.unread or self._estimated:
            return ""
        if self.period.unit is Unit.DAY:
            return " The day was not read whole: this is the least it can be."
        first, last = day_name(self.unread[0]), day_name(self.unread[-1])
        if len(self.unread) == 1:
            return f" {first} is missing: this is the least it can be."
        return f" {len(self.unread)} days are missing ({first} to {last}): it is at least that."

    @property
    def _end(self) -> str:
        total = self.foreseen.total if self.foreseen else self.observed
        return about(total, self._precision, self.measure)

    @property
    def _range(self) -> str:
        if not self.foreseen:
            return ""
        ends = (self.foreseen.low, self.foreseen.high)
        low, high = (about(end, self._precision, self.measure) for end in ends)
        unit = "" if self.measure.currency else f" {self.measure.value}"  # named once
        return f"{low.removesuffix(unit)} to {high}"

    @property
    def _precision(self) -> int:
        return self.foreseen.high - self.foreseen.low if self.foreseen else 0

    @property
    def _passes_at(self) -> datetime | None:
        """When an open day passes its limit if it goes on evenly; None where that says nothing."""
        if self.period.unit is not Unit.DAY or not self._running:
            return None
        over = (self.now - midnight(self.period.start)) / ONE_DAY
        if over < _ENOUGH_OF_A_DAY or not 0 < self.observed < self.limit:
            return None
        hours = round(24 * over * self.limit / self.observed)
        soonest = self.now + timedelta(minutes=30)
        at = midnight(self.period.start) + timedelta(hours=hours)
        return at if hours < 24 and at > soonest else None

    @property
    def _spent(self) -> str:
        return amount(self.observed, self.measure)

    @property
    def _limit(self) -> str:
        currency = self.measure.currency
        return currency.as_set(self.limit) if currency else amount(self.limit, self.measure)

    @property
    def _share(self) -> str:
        return percent_of(self.observed, self.limit)

    @property
    def _cap(self) -> str:
        return f"{_ADJECTIVES[self.period.unit]} cap"

    @property
    def _running(self) -> bool:
        return self.now.date() in self.period.span

    @property
    def _which(self) -> str:
        if self.period.unit is not Unit.DAY or self._running:
            return ""
        return f" of {day_name(self.period.start)}"

    @property
    def _has(self) -> str:
        return " has" if self._running else ""

    @property
    def _when(self) -> str:
        if self.period.unit is Unit.DAY:
            day = f"on {self.period}"
            return f"so far {day} (UTC), a day that is not over" if self._running else day
        so_far = " so far" if self._running else ""
        return f"in {self.period}{so_far}"


def percent_of(observed: int, limit: int) -> str:
    """`109%`, rounded so that it never claims a limit was reached that was not."""
    if limit <= 0:
        return "all"
    if observed < limit:
        return f"{observed * 100 // limit}%"
    return f"{observed / limit * 100:,.0f}%"


def about(value: int, spread: int, measure: Measure) -> str:
    """A foreseen number with the digits that its range (`spread`) leaves it: `$5,310`."""
    shown = rounded(value, spread)
    return measure.currency.rounded(shown) if measure.currency else amount(shown, measure)


def _short(period: Period) -> str:
    """The period without its year: `November`, `week 47`, `Q4`; and `2026`."""
    if period.unit is Unit.YEAR:
        return str(period)
    return str(period).partition(" of ")[0].removesuffix(f" {period.start.year}")


def missing_words(missing: Sequence[date], of: str, *, unforeseen: bool = False) -> str:
    """`of` names the period they belong to, where that is more than a day."""
    unseen = "so what is not over its cap may still be"
    unseen += ", and its end cannot be foreseen" if unforeseen else ""
    first, last = day_name(missing[0]), day_name(missing[-1])
    if len(missing) == 1:
        return f"{first}{of} is missing, {unseen}"
    return f"{len(missing)} days{of} are missing ({first} to {last}), {unseen}"


def unforeseen_words(period: Period, names: Sequence[str], reasons: Sequence[str]) -> str:
    """Why the end of the period cannot be foreseen for the subjects of those names."""
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    of_whom = f" for {shown}" if len(names) > 1 else ""
    return f"no forecast of {period}{of_whom}: {'; '.join(dict.fromkeys(reasons))}"
