"""What a digest has to tell beside its numbers; each part only where there is something in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.alerts.model import Finding
from bot.messages.digest import Digest, change, named
from bot.messages.figures import percent
from bot.messages.model import Block, Line, Lines, Span, Style
from bot.spend.calendar import Unit
from bot.spend.currency import Currency
from bot.spend.movement import Mover
from bot.spend.names import clean

MOST_FINDINGS, MOST_RESOLVED, MOST_NEW, MOST_UNSEEN, MOST_REMARKS = 4, 3, 4, 5, 3
_NAME = 30
_CALLED = {"project": "", "model": "model ", "api_key": "key ", "line_item": "line item "}


def news(digest: Digest) -> Iterator[Block]:
    """What fires, what is over, who moved and why, who is new, whose money is nobody's."""
    now = "" if digest.unit is Unit.DAY else " now"
    yield from _section(f"Needs attention{now}", _attention(digest.findings))
    yield from _section("Resolved", _some(digest.resolved, MOST_RESOLVED))
    yield from _section(
        f"Moved most {_against(digest)}", (_moved(one, digest.currency) for one in digest.movers)
    )
    if lines := tuple(_loose_ends(digest)):
        yield Lines(lines)


def unseen(digest: Digest) -> Iterator[Block]:
    """What could not be read or judged: never silence, never zero."""
    yield from _section("What I could not see", _unseen(digest))


def _section(title: str, lines: Iterator[Line]) -> Iterator[Block]:
    if found := tuple(lines):
        yield Lines(((Span(title, Style.BOLD),),))
        yield Lines(found, bullets=True)


def _attention(findings: Sequence[Finding]) -> Iterator[Line]:
    """One line per rule and subject, the latest of each."""
    latest: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        place = (finding.rule, finding.subject.slug)
        if finding.inhibited_by is None and (
            place not in latest or finding.period > latest[place].period
        ):
            latest[place] = finding
    yield from _some(list(latest.values()), MOST_FINDINGS)


def _some(findings: Sequence[Finding], most: int) -> Iterator[Line]:
    for finding in findings[:most]:
        yield (Span(finding.headline),)
    if len(findings) > most:
        yield (Span(f"and {len(findings) - most} more: bot status"),)


def _against(digest: Digest) -> str:
    if digest.unit is Unit.DAY:
        return f"against a usual {digest.period.start:%A}"
    by_day = ", as many days" if digest.unit is Unit.MONTH else ""
    return f"against {named(digest.before)}{by_day}"


def _moved(mover: Mover, currency: Currency) -> Line:
    arrow = "▲" if mover.change > 0 else "▼"
    amount = f"{'+' if mover.change > 0 else ''}{currency.rounded(mover.change)}"
    ratio = f" ({change(mover.now, mover.usual)})" if mover.usual > 0 else ""
    return (
        Span(f"{arrow} {_CALLED.get(mover.dimension, '')}"),
        Span(clean(mover.name, _NAME), Style.BOLD),
        Span(f" {amount}{ratio}{f': {mover.why}' if mover.why else ''}"),
    )


def _loose_ends(digest: Digest) -> Iterator[Line]:
    """Traffic that moved, new names, money without a project, line items no rule looks at."""
    if digest.unit is Unit.DAY:
        of_day = {r.subject: r.text for r in digest.remarks if r.period == digest.period}
        yield from ((Span(text),) for text in list(of_day.values())[:MOST_REMARKS])
    if digest.newcomers:
        named_ = [
            f"{_kind(one.dimension)}{clean(one.name, _NAME)} {digest.currency.rounded(one.spent)}"
            for one in digest.newcomers[:MOST_NEW]
        ]
        more = len(digest.newcomers) - MOST_NEW
        rest = f" and {more} more" if more > 0 else ""
        yield (Span("New: ", Style.BOLD), Span(f"{', '.join(named_)}{rest}"))
    if nameless := digest.nameless:
        share = percent(nameless, digest.spent(digest.period.span))
        yield (
            Span("Without a project: ", Style.BOLD),
            Span(f"{digest.currency.text(nameless)} ({share})"),
        )
    if digest.uncovered:
        total = sum(nanos for _, nanos in digest.uncovered)
        names = ", ".join(clean(item, _NAME) for item, _ in digest.uncovered[:3])
        more = len(digest.uncovered) - 3
        rest = f" and {more} more" if more > 0 else ""
        yield (
            Span("No rule looks at: ", Style.BOLD),
            Span(f"{digest.currency.text(total)} of {names}{rest}"),
        )


def _kind(dimension: str) -> str:
    return _CALLED.get(dimension) or "project "


def _unseen(digest: Digest) -> Iterator[Line]:
    for text in digest.trouble[:MOST_UNSEEN]:
        yield (Span(text),)
    if len(digest.trouble) > MOST_UNSEEN:
        yield (Span(f"and {len(digest.trouble) - MOST_UNSEEN} more failures"),)
    for skipped in digest.skipped[:MOST_UNSEEN]:
        yield (Span(f"{skipped.rule}, {skipped.subject}: {skipped.why}"),)
    if len(digest.skipped) > MOST_UNSEEN:
        yield (Span(f"and {len(digest.skipped) - MOST_UNSEEN} more that could not be judged"),)
