"""The digest in words: the point first, then what it is compared to, what fires, who moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from bot.logs import bug
from bot.messages.digest import Digest, capital, named, plots_of
from bot.messages.digest_budgets import budget_lines, largest_of
from bot.messages.digest_charts import shown
from bot.messages.digest_numbers import comparison, efficiency, pace
from bot.messages.digest_sections import news, unseen
from bot.messages.digest_tables import tables
from bot.messages.figures import percent
from bot.messages.model import (
    Block,
    Header,
    Instant,
    Line,
    Lines,
    Message,
    MessageType,
    Note,
    Span,
)
from bot.spend.calendar import DayState, Unit, day_name

_SAME = 0.03
"""A change below this is none in a headline."""


def compose_digest(digest: Digest) -> Message:
    """The digest of the last finished period."""
    return Message(
        key=digest.key,
        type=MessageType.DIGEST,
        channel=digest.channel,
        summary=_summary(digest),
        blocks=tuple(_blocks(digest)),
    )


def compose_closing(digest: Digest) -> Message:
    """The last word on a month whose digest went out before all of its days were settled."""
    budgets = tuple(budget_lines(digest))
    return Message(
        key=closing_key(digest),
        type=MessageType.NOTICE,
        channel=digest.channel,
        summary=f"{_closed(digest)}.",
        blocks=(
            Header(_closed(digest)),
            Lines((comparison(digest), *budgets)),
            Note(_small_print(digest)),
        ),
    )


def closing_key(digest: Digest) -> str:
    """One closing total per month: `digest:closing:2026-11`."""
    return f"digest:closing:{digest.period.start:%Y-%m}"


def _closed(digest: Digest) -> str:
    spent = digest.told(digest.period.span)
    days = len(digest.period.span)
    return f"{digest.period} closed at {spent}: all {days} days are settled"


def _blocks(digest: Digest) -> Iterator[Block]:
    parts: Mapping[str, Callable[[], Iterable[Block]]] = {
        "headline": lambda: _top(digest),
        "numbers": lambda: [Lines(tuple(_numbers(digest)))],
        "news": lambda: news(digest),
        "tables": lambda: () if digest.is_quiet else tables(digest),
        "charts": lambda: shown(plots_of(digest), digest.unit, quiet=digest.is_quiet),
        "list of what could not be seen": lambda: unseen(digest),
        "small print": lambda: [Note(_small_print(digest))],
    }
    for name, blocks in parts.items():
        yield from _unharmed(name, blocks)


def _unharmed(name: str, make: Callable[[], Iterable[Block]]) -> Iterator[Block]:
    """A part of the digest; where a bug stops it, a line that says so."""
    try:
        yield from list(make())
    except Exception:  # noqa: BLE001 - the other parts are told
        bug(f"the {name} of the digest could not be made")
        yield Lines(((Span(f"The {name} of this digest is left out by a bug: see the log."),),))


def _top(digest: Digest) -> Iterator[Block]:
    yield Header(_headline(digest))
    if digest.turn and digest.turn.missed:
        yield Lines(((Span(_absence(digest.unit, digest.turn.missed)),),))


def _absence(unit: Unit, missed: int) -> str:
    lost = f"{missed} {unit}s" if missed > 1 else f"A {unit}"
    return f"{lost} without a digest: the bot was not running then. This is the latest one."


def _numbers(digest: Digest) -> Iterator[Line]:
    yield comparison(digest)
    budgets = list(budget_lines(digest))
    if digest.is_quiet and budgets:
        yield _joined(budgets)
    else:
        yield from budgets
    if not largest_of(digest, Unit.MONTH):
        yield pace(digest)
    if line := efficiency(digest):
        yield line
    if digest.unit is Unit.MONTH and digest.unsettled:
        yield (Span(_not_final(digest)),)


def _joined(lines: list[Line]) -> Line:
    first, *others = lines
    return (*first, *(piece for line in others for piece in (Span(" · "), *line)))


def _not_final(digest: Digest) -> str:
    days = digest.unsettled
    which = day_name(days[0]) if len(days) == 1 else f"{day_name(days[0])} to {day_name(days[-1])}"
    verb = "is" if len(days) == 1 else "are"
    return f"Not final yet: {which} {verb} not settled. The closing total follows once all are."


def _headline(digest: Digest) -> str:
    name = capital(str(digest.period) if digest.unit is Unit.MONTH else named(digest.period))
    told = digest.told(digest.period.span, digest.currency.rounded)
    if digest.unseen(digest.period.span):
        return f"{name}: {told} spent, costs could not be read whole"
    parts = [f"{name}: {told}{_than(digest)}", _outcome(digest)]
    return "; ".join(part for part in parts if part)


def _than(digest: Digest) -> str:
    """`, 18% above a usual Thursday`, else beside the period before."""
    now, usual = digest.spent(digest.period.span), digest.usual
    if usual:
        return _apart(now, usual, f"a usual {digest.period.start:%A}")
    if digest.unseen(digest.before.span):
        return ""
    then = digest.spent(digest.before.span)
    if digest.unit is Unit.MONTH:
        days = len(digest.period.span), len(digest.before.span)
        return _apart(now / days[0], then / days[1], f"{named(digest.before)} by the day")
    return _apart(now, then, f"the {digest.unit} before")


def _apart(now: float, then: float, what: str) -> str:
    if then <= 0:
        return ""
    moved = (now - then) / then
    if abs(moved) < _SAME:
        return f", much like {what}"
    if moved >= 2:
        return f", {now / then:.1f}× {what}"
    return f", {abs(moved):.0%} {'above' if moved > 0 else 'below'} {what}"


def _outcome(digest: Digest) -> str:
    """Where the month is heading, or what became of it."""
    month, budget = digest.month, largest_of(digest, Unit.MONTH)
    name = named(month)
    of = f" of {digest.currency.rounded(budget.limit)}" if budget else ""
    if digest.unit is Unit.MONTH:
        share = percent(digest.spent(month.span), budget.limit) if budget else ""
        return f"{share}{of}" if budget else ""
    if outlook := digest.outlook:
        return f"{name} is on pace for {digest.currency.rounded(outlook.total)}{of}"
    is_over = month.end <= digest.ledger.today
    if not budget and not is_over:
        return ""
    if not digest.is_known(month.span):
        return ""
    told = digest.told(month.span, digest.currency.rounded)
    if digest.unseen(month.span):
        return f"{name}: {told}{of}"
    return f"{name} {'ended' if is_over else 'is'} at {told}{of}"


def _summary(digest: Digest) -> str:
    firing = len({f.key for f in digest.findings if not f.inhibited_by})
    attention = (
        f" {firing} {'thing needs' if firing == 1 else 'things need'} attention." if firing else ""
    )
    return f"{_headline(digest)}.{attention}"


def _small_print(digest: Digest) -> Line:
    settled = [d for d in digest.ledger.span if digest.ledger.state(d) is DayState.SETTLED]
    last = f"settled up to {day_name(max(settled))}" if settled else "no day is settled yet"
    said = f" · days are UTC, {last}{_worked(digest)} · this bot reports, it does not stop spend"
    return (Span("Data as of "), Instant(digest.now), Span(said))


def _worked(digest: Digest) -> str:
    """Proof of life: what was judged, and what of the messages did not go at once."""
    life, said = digest.life, ""
    if life.rules or life.unfit:
        skipped = len({one.rule for one in digest.skipped}) - life.unfit
        said += f" · {life.rules} {'rule' if life.rules == 1 else 'rules'} judged"
        said += f", {skipped} of them not everywhere" if skipped > 0 else ""
        said += f", {life.unfit} not at all" if life.unfit else ""
    if life.retried:
        said += f" · {life.retried} {_messages(life.retried)} sent again after a failure"
    if life.waiting:
        said += f" · {life.waiting} {_messages(life.waiting)} still waiting to be sent"
    return said


def _messages(number: int) -> str:
    return "message" if number == 1 else "messages"
