"""Budgets and caps of the whole organisation: a bar and a percentage each, and the outcome."""

from __future__ import annotations

from collections.abc import Iterator

from bot.messages.digest import Digest, named
from bot.messages.digest_numbers import on_pace
from bot.messages.digest_series import Budget
from bot.messages.figures import bar, percent
from bot.messages.model import Line, Span, Style
from bot.spend.calendar import ONE_DAY, Period, Unit, period_of
from bot.spend.calendar import Span as Days

_WIDTH = 12


def largest_of(digest: Digest, unit: Unit) -> Budget | None:
    """The largest budget for such a period, if there is one."""
    return max((b for b in digest.budgets if b.unit is unit), key=lambda b: b.limit, default=None)


def budget_lines(digest: Digest) -> Iterator[Line]:
    """One line for each budget; daily caps of a longer period are counted instead."""
    for budget in digest.budgets:
        if budget.unit is Unit.DAY and digest.unit is not Unit.DAY:
            yield _days_over(digest, budget)
        else:
            yield _line(digest, budget)


def _line(digest: Digest, budget: Budget) -> Line:
    period = period_of(digest.period.last_day, budget.unit)
    filled = f"{bar(digest.spent(period.span), budget.limit, _WIDTH):·<{_WIDTH}}"
    return (
        Span(filled, Style.CODE),
        Span(f" {_share(digest, period.span, budget.limit)}", Style.BOLD),
        Span(_of(digest, period, budget)),
    )


def _of(digest: Digest, period: Period, budget: Budget) -> str:
    """What the share is of, and what was spent; of the day itself, the line above says that."""
    limit = digest.currency.rounded(budget.limit)
    if budget.unit is Unit.DAY:
        return f" of the daily cap of {limit}{_over(digest, period, budget)}"
    of = f" of {limit} for {named(period)}"
    return f"{of}: {_spent(digest, period, budget)}"


def _over(digest: Digest, period: Period, budget: Budget) -> str:
    excess = digest.spent(period.span) - budget.limit
    return f", {digest.currency.rounded(excess)} over" if excess > 0 else ""


def _spent(digest: Digest, period: Period, budget: Budget) -> str:
    """What was spent, and what that means: over by so much, or where it is heading."""
    told = digest.told(period.span, digest.currency.rounded)
    is_last = budget is largest_of(digest, Unit.MONTH) and period == digest.month
    over = _over(digest, period, budget)
    return f"{told}{over}{on_pace(digest) if is_last else ''}"


def _share(digest: Digest, days: Days, limit: int) -> str:
    """`62%`; `at least 62%` where a day was not read, `?` where none was."""
    spent = digest.spent(days)
    if not digest.unseen(days):
        return percent(spent, limit)
    return f"at least {percent(spent, limit)}" if spent else "?"


def _days_over(digest: Digest, budget: Budget) -> Line:
    """How often a daily cap was passed in a longer period."""
    span = digest.period.span
    over = sum(digest.spent(Days(day, day + ONE_DAY)) > budget.limit for day in span)
    least = "at least " if digest.unseen(span) else ""
    passed = f"passed on {least}{over} of {len(span)} days" if over or least else "never passed"
    return (
        Span(f"Daily cap of {digest.currency.rounded(budget.limit)}: "),
        Span(passed, Style.BOLD),
    )
