"""The digest in words: what was spent, compared to what, what fires, what cannot be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.alerts.model import Finding, Remark, Skipped
from bot.messages.digest_charts import Budget, digest_charts, month_outlook
from bot.messages.figures import bar, percent, sparkline
from bot.messages.model import (
    Align,
    Block,
    Header,
    Instant,
    Line,
    Lines,
    Message,
    MessageType,
    Note,
    Span,
    Style,
    Table,
)
from bot.spend.calendar import ONE_DAY, DayState, Period, Unit, day_name, period_of, utc_day
from bot.spend.calendar import Span as Days
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import Additive
from bot.spend.money import usd, usd_round
from bot.spend.names import clean

TOP = 6
"""How many projects and models a digest names."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a digest's schedule: its local date and instant, and how many before it nobody
    took."""

    day: date
    at: datetime
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything a digest is made of. `unit` is day, week or month; `zone` names its date.

    `turn` is the turn of the schedule it is for, where it is not made by hand.
    """

    unit: Unit
    now: datetime
    zone: ZoneInfo
    channel: str
    ledger: Ledger
    budgets: tuple[Budget, ...]
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    trouble: tuple[str, ...]
    remarks: tuple[Remark, ...] = ()
    turn: Turn | None = None

    @property
    def period(self) -> Period:
        """The last day, week or month (UTC) that had finished by its turn, or by now."""
        today = min(utc_day(self.turn.at), self.ledger.today) if self.turn else self.ledger.today
        return period_of(period_of(today, self.unit).start - ONE_DAY, self.unit)

    @property
    def before(self) -> Period:
        """The period before it."""
        return period_of(self.period.start - ONE_DAY, self.unit)

    @property
    def costs(self) -> DailyTable:
        return self.ledger.sums(Additive.COST, ("organization",))

    def spent(self, days: Days) -> int:
        """Nano-dollars of the whole organisation over the days."""
        return sum(self.costs.totals(days).values())

    def unseen(self, days: Days) -> int:
        """How many of the days up to today were not read whole."""
        return len(self.ledger.days_in_state(days, DayState.MISSING))

    def told(self, days: Days, money: Callable[[int], str] = usd) -> str:
        """What was spent over the days in words: `$41.20`, `at least $41.20`, `an unknown amount`.

        What was not read is not zero: an amount with a day missing is the least it can be.
        """
        unseen = self.unseen(days)
        if not unseen:
            return money(self.spent(days))
        known = any(day <= self.ledger.today for day in days) and self.spent(days)
        return f"at least {money(self.spent(days))}" if known else "an unknown amount"

    @property
    def key(self) -> str:
        """One digest per kind and scheduled local date."""
        kind = {Unit.DAY: "daily", Unit.WEEK: "weekly", Unit.MONTH: "monthly"}[self.unit]
        day = self.turn.day if self.turn else self.now.astimezone(self.zone).date()
        return f"digest:{kind}:{day.isoformat()}"


def compose_digest(digest: Digest) -> Message:
    """The digest of the last finished period."""
    return Message(
        key=digest.key,
        type=MessageType.DIGEST,
        channel=digest.channel,
        summary=_summary(digest),
        blocks=tuple(_blocks(digest)),
    )


def _blocks(digest: Digest) -> Iterator[Block]:
    yield Header(_headline(digest))
    if digest.turn and digest.turn.missed:
        yield Lines(((Span(_absence(digest.unit, digest.turn.missed)),),))
    yield Lines(tuple(_comparisons(digest)))
    if lines := tuple(_budget_lines(digest)):
        yield Lines(lines)
    if digest.findings:
        yield Lines(((Span("Needs attention", Style.BOLD),),))
        yield Lines(
            tuple((Span(f.headline),) for f in _most_telling(digest.findings)), bullets=True
        )
    if digest.unit is Unit.DAY and (noted := _noted(digest)):
        yield Lines(noted, bullets=True)
    yield from _tables(digest)
    yield from digest_charts(digest.ledger, digest.budgets, digest.findings)
    if unseen := tuple(_unseen(digest)):
        yield Lines(((Span("What I could not see", Style.BOLD),),))
        yield Lines(unseen, bullets=True)
    yield Note(_small_print(digest))


def _headline(digest: Digest) -> str:
    name = day_name(digest.period.start) if digest.unit is Unit.DAY else str(digest.period)
    name = f"{name[0].upper()}{name[1:]}"
    told = digest.told(digest.period.span, usd_round)
    if digest.unseen(digest.period.span):
        return f"{name}: {told} spent, costs could not be read whole"
    now, before = digest.spent(digest.period.span), digest.spent(digest.before.span)
    compared = "" if digest.unseen(digest.before.span) else _change(now, before, _than(digest))
    return f"{name}: {told} spent{compared}"


def _absence(unit: Unit, missed: int) -> str:
    lost = f"{missed} {unit}s" if missed > 1 else f"A {unit}"
    return f"{lost} without a digest: the bot was not running then. This is the latest one."


def _summary(digest: Digest) -> str:
    firing = len({f.key for f in digest.findings})
    attention = (
        f" {firing} {'thing needs' if firing == 1 else 'things need'} attention." if firing else ""
    )
    return f"{_headline(digest)}.{attention}"


def _than(digest: Digest) -> str:
    return f"the {digest.unit} before" if digest.unit is not Unit.DAY else "the day before"


def _change(now: int, before: int, than: str) -> str:
    if before <= 0:
        return ""
    change = (now - before) / before
    if abs(change) < 0.005:
        return f", as {than}"
    return f", {abs(change):.0%} {'more' if change > 0 else 'less'} than {than}"


def _comparisons(digest: Digest) -> Iterator[Line]:
    on = f"in {digest.period}" if digest.unit is not Unit.DAY else f"on {digest.period}"
    spent = digest.told(digest.period.span)
    yield (
        Span(f"{spent[0].upper()}{spent[1:]}", Style.BOLD),
        Span(f" spent {on}; {digest.told(digest.before.span)} {_than(digest)}"),
        *_last_week(digest),
    )
    month = period_of(digest.ledger.today, Unit.MONTH)
    yield (
        Span(f"{month}: ", Style.BOLD),
        Span(f"{digest.told(month.span)} so far{_pace(digest, month)}"),
    )
    days = Days(digest.ledger.today - timedelta(days=28), digest.ledger.today)
    values = [
        None
        if digest.ledger.state(day) is DayState.MISSING
        else digest.spent(Days(day, day + ONE_DAY))
        for day in days
    ]
    if any(value is not None for value in values):
        yield (Span("Last 4 weeks: ", Style.BOLD), Span(sparkline(values), Style.CODE))


def _pace(digest: Digest, month: Period) -> str:
    outlook = month_outlook(digest.ledger, month)
    if outlook is None:
        return ""
    low, high = usd_round(outlook.low), usd_round(outlook.high)
    return f"; on pace for {usd_round(outlook.total)} (likely {low} to {high})"


def _last_week(digest: Digest) -> tuple[Span, ...]:
    if digest.unit is not Unit.DAY:
        return ()
    day = digest.period.start - timedelta(days=7)
    return (Span(f"; {digest.told(Days(day, day + ONE_DAY))} on {day:%A} last week"),)


def _budget_lines(digest: Digest) -> Iterator[Line]:
    for budget in digest.budgets:
        if budget.unit is Unit.DAY and digest.unit is not Unit.DAY:
            continue
        day = digest.period.last_day if budget.unit is Unit.DAY else digest.ledger.today
        period = period_of(day, budget.unit)
        spent = digest.spent(period.span)
        name = day_name(period.start) if budget.unit is Unit.DAY else str(period)
        yield (
            Span(f"{bar(spent, budget.limit, 12):·<12} ", Style.CODE),
            Span(f" {_share(digest, period.span, budget.limit)}", Style.BOLD),
            Span(
                f" of {usd_round(budget.limit)} for {name}: {digest.told(period.span, usd_round)}"
            ),
        )


def _share(digest: Digest, days: Days, limit: int) -> str:
    """`62%`; `over 62%` where a day was not read, `?` where none was."""
    spent = digest.spent(days)
    if not digest.unseen(days):
        return percent(spent, limit)
    return f"over {percent(spent, limit)}" if spent else "?"


def _most_telling(findings: Sequence[Finding]) -> list[Finding]:
    """One finding per rule and subject, the latest; at most ten."""
    latest: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        place = (finding.rule, finding.subject.slug)
        if place not in latest or finding.period > latest[place].period:
            latest[place] = finding
    return list(latest.values())[:10]


def _noted(digest: Digest) -> tuple[Line, ...]:
    """What of the day is no alert, once per subject; at most three lines."""
    of_day = {r.subject: r.text for r in digest.remarks if r.period == digest.period}
    return tuple((Span(text),) for text in of_day.values())[:3]


def _tables(digest: Digest) -> Iterator[Table]:
    least = "≥ " if digest.unseen(digest.period.span) else ""
    known = not least and not digest.unseen(digest.before.span)
    for dimension in ("project", "model"):
        table = digest.ledger.sums(Additive.COST, (dimension,))
        now = table.totals(digest.period.span)
        before = table.totals(digest.before.span)
        ranked = sorted(now, key=lambda ids: -max(now[ids], before[ids]))
        rows = [
            (
                clean(digest.ledger.name(dimension, ids[0]), 24),
                f"{least}{usd(now[ids])}",
                _moved(now[ids], before[ids], known),
            )
            for ids in ranked[:TOP]
            if now[ids] or before[ids]
        ]
        if rest := ranked[TOP:]:
            total, was = sum(now[i] for i in rest), sum(before[i] for i in rest)
            if total or was:
                rows.append(
                    (f"{len(rest)} others", f"{least}{usd(total)}", _moved(total, was, known))
                )
        if rows:
            titles = (dimension.capitalize(), _column_name(digest), "Change")
            columns = zip(titles, (Align.LEFT, Align.RIGHT, Align.RIGHT), strict=True)
            yield Table(tuple(columns), tuple(rows))


def _column_name(digest: Digest) -> str:
    start = digest.period.start
    return f"{start:%a} {start.day}" if digest.unit is Unit.DAY else digest.unit.capitalize()


def _moved(now: int, before: int, known: bool) -> str:
    if not known:
        return "?"
    if before <= 0:
        return "new" if now > 0 else "–"
    change = (now - before) / before
    return "=" if abs(change) < 0.005 else f"{change:+.0%}"


def _unseen(digest: Digest) -> Iterator[Line]:
    for text in digest.trouble[:5]:
        yield (Span(text),)
    if len(digest.trouble) > 5:
        yield (Span(f"and {len(digest.trouble) - 5} more failures"),)
    for skipped in digest.skipped[:5]:
        yield (Span(f"{skipped.rule}, {skipped.subject}: {skipped.why}"),)
    if len(digest.skipped) > 5:
        yield (Span(f"and {len(digest.skipped) - 5} more that could not be judged"),)


def _small_print(digest: Digest) -> Line:
    settled = [d for d in digest.ledger.span if digest.ledger.state(d) is DayState.SETTLED]
    last = f"settled up to {day_name(max(settled))}" if settled else "no day is settled yet"
    return (
        Span("Data as of "),
        Instant(digest.now),
        Span(f" · days are UTC, {last} · this bot reports, it does not stop spend"),
    )
