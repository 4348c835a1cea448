"""The numbers of a digest's period beside others: comparisons, the month's pace, efficiency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.messages.digest import Digest, capital, change, named
from bot.messages.figures import sparkline
from bot.messages.model import Line, Span, Style
from bot.spend.calendar import DayState, Period, Unit
from bot.spend.calendar import Span as Days
from bot.spend.ledger import Ledger
from bot.spend.metrics import FORMULAS, Metric
from bot.spend.movement import as_long, before

_TREND = {Unit.DAY: 14, Unit.WEEK: 8, Unit.MONTH: 6}
"""How many periods a trend line shows."""


def comparison(digest: Digest) -> Line:
    """What was spent, beside the period before, last week and the usual; and the trend."""
    spent = digest.told(digest.period.span)
    trend = trend_of(digest)
    return (
        Span(capital(spent), Style.BOLD),
        Span(f" {_against(digest)} "),
        *((Span(trend, Style.CODE),) if trend else ()),
    )


def _against(digest: Digest) -> str:
    if digest.unit is Unit.DAY:
        others = ", ".join(_day_by_day(digest))
        return f"against {others}" if others else f"on {named(digest.period)}"
    days = len(digest.period.span)
    a_day = digest.told(digest.period.span, lambda nanos: digest.currency.rounded(nanos / days))
    past = ", ".join(_periods_before(digest))
    return f"in {digest.period}{_dates(digest.period)}, {a_day} a day; {past}"


def _dates(period: Period) -> str:
    """A week's first and last day: few people know weeks by their numbers."""
    if period.unit is not Unit.WEEK:
        return ""
    first, last = period.start, period.last_day
    month = "" if first.month == last.month else f" {first:%b}"
    return f" ({first.day}{month} to {last.day} {last:%b})"


def _day_by_day(digest: Digest) -> Iterator[str]:
    """What is known of other days; one that nobody knows says nothing."""
    day = digest.period.start
    if digest.is_known(digest.before.span):
        yield _beside(digest, digest.before.span, "the day before")
    if digest.usual is not None:
        yield _usual(digest, digest.usual)
    last = Days(day - timedelta(days=7), day - timedelta(days=6))
    if digest.is_known(last):
        yield _beside(digest, last, f"last {day:%A}")


def _usual(digest: Digest, usual: int) -> str:
    spent = digest.spent(digest.period.span)
    known = not digest.unseen(digest.period.span)
    moved = f" ({change(spent, usual)})" if known and usual > 0 else ""
    return f"{digest.currency.rounded(usual)} on a usual {digest.period.start:%A}{moved}"


def _beside(digest: Digest, days: Days, name: str) -> str:
    """`$552 the day before (+22%)`, without the change where one side was not seen whole."""
    known = not digest.unseen(days) and not digest.unseen(digest.period.span)
    moved = change(digest.spent(digest.period.span), digest.spent(days)) if known else ""
    return f"{digest.told(days, digest.currency.rounded)} {name}{f' ({moved})' if moved else ''}"


def _periods_before(digest: Digest) -> Iterator[str]:
    past = digest.before
    known = not digest.unseen(past.span) and not digest.unseen(digest.period.span)
    fair = as_long(digest.spent(past.span), digest.period)
    moved = change(digest.spent(digest.period.span), fair) if known else ""
    a_day = digest.told(past.span, lambda nanos: digest.currency.rounded(nanos / len(past.span)))
    by_day = f", {a_day} a day" if digest.unit is Unit.MONTH else ""
    told = digest.told(past.span, digest.currency.rounded)
    yield f"{told} in {named(past)}{by_day}{f' ({moved})' if moved else ''}"
    if digest.unit is Unit.WEEK and (mean := _mean_of_weeks(digest)):
        spent = digest.spent(digest.period.span)
        moved = f" ({change(spent, mean)})" if known else ""
        yield f"{digest.currency.rounded(mean)} in a mean week of the 4 before{moved}"


def _mean_of_weeks(digest: Digest) -> float | None:
    days = Days(digest.period.start - timedelta(weeks=4), digest.period.start)
    return None if digest.unseen(days) else digest.spent(days) / 4


def trend_of(digest: Digest) -> str:
    """A character per period up to this one; a gap where one was not seen whole."""
    periods = [digest.period]
    while len(periods) < _TREND[digest.unit]:
        periods.append(before(periods[-1]))
    values = [_known(digest, period) for period in reversed(periods)]
    while values and values[0] is None:
        values = values[1:]
    return sparkline(values) if len(values) > 3 else ""


def _known(digest: Digest, period: Period) -> float | None:
    if period.start < digest.ledger.span.start or digest.unseen(period.span):
        return None
    return digest.spent(period.span) / len(period.span)


def pace(digest: Digest) -> Line:
    """The month so far and where it is heading, where no budget's line says so."""
    told = digest.told(digest.month.span, digest.currency.rounded)
    over = digest.month.end <= digest.ledger.today
    return (
        Span(f"{digest.month}: ", Style.BOLD),
        Span(f"{told}{'' if over else ' so far'}{on_pace(digest)}"),
    )


def on_pace(digest: Digest) -> str:
    """`; on pace for $12,700 (likely $12,100 to $13,500)`, in the digits the range allows."""
    outlook = digest.outlook
    if outlook is None:
        return ""
    ends = (outlook.total, outlook.low, outlook.high)
    total, low, high = map(digest.currency.rounded, ends)
    return f"; on pace for {total} (likely {low} to {high})"


def efficiency(digest: Digest) -> Line:
    """What a request and a million tokens cost, the cached share, and how they changed."""
    if digest.unit is Unit.DAY:
        return ()
    said = list(_ratios(digest.ledger, digest.period.span, digest.before.span))
    return (Span("Efficiency: ", Style.BOLD), Span(" · ".join(said))) if said else ()


def _ratios(ledger: Ledger, now: Days, then: Days) -> Iterator[str]:
    for metric, words in (
        (Metric.COST_PER_REQUEST, "a request"),
        (Metric.COST_PER_MILLION_TOKENS, "a million tokens"),
    ):
        value, was = ratio(ledger, metric, now), ratio(ledger, metric, then)
        if value is not None:
            moved = f" ({change(value, was)})" if was else ""
            yield f"{ledger.currency.text(value)} {words}{moved}"
    share, was = ratio(ledger, Metric.CACHED_SHARE, now), ratio(ledger, Metric.CACHED_SHARE, then)
    if share is not None:
        points = round(100 * share) - round(100 * was) if was is not None else 0
        moved = f" ({points:+d} {'point' if abs(points) == 1 else 'points'})" if points else ""
        yield f"{share:.0%} of input from the cache{moved}"


def ratio(ledger: Ledger, metric: Metric, days: Days) -> float | None:
    """A ratio over the days together; None where one of them is not known, or nothing is below."""
    if ledger.days_in_state(days, DayState.MISSING, metric):
        return None
    formula = FORMULAS[metric]
    over, under = (
        sum(sum(ledger.sums(part, ("organization",)).totals(days).values()) for part in parts)
        for parts in (formula.over, formula.under)
    )
    return over / under * formula.scale if under > 0 else None
