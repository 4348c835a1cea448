"""An alert in words: who, how much, compared to what, since when, what now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time

from bot.alerts.decide import Verdict
from bot.alerts.life import Alert
from bot.alerts.model import Dimension, Finding, Severity, period_in
from bot.alerts.standing import Standing
from bot.messages.model import (
    REST_OF_PERIOD,
    Action,
    Block,
    Buttons,
    Facts,
    Header,
    Instant,
    Line,
    Lines,
    Mention,
    Message,
    MessageType,
    Note,
    Piece,
    Span,
    Style,
)

_SLACK_ID = re.compile(r"[UWS][A-Z0-9]{6,}")
_SLACK_USER = re.compile(r"<@([UW][A-Z0-9]{2,30})>")
_SNOOZES = ("1h", "4h", "24h")
OPENING = {
    Severity.INFO: "For your information",
    Severity.WARNING: "Warning",
    Severity.CRITICAL: "Critical",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes, whom it calls, and when the data were read.

    `interactive`: somebody listens there to what people press.
    """

    channel: str
    mention: str | None
    now: datetime
    interactive: bool = False


def compose_alert(verdict: Verdict, to: Address) -> Message:
    """The message that tells a finding for the first time: from then on the alert's place."""
    finding = verdict.finding
    return _first(
        verdict,
        to,
        Lines((opening(finding, OPENING[finding.severity], to.mention), *on_the_way(verdict))),
        Lines(_why_and_what_now(finding)),
        Facts(finding.facts),
        *([buttons(finding.key, to.now)] if to.interactive else []),
        Note(small_print(finding, _why_now(verdict), to.now)),
    )


def compose_plain(verdict: Verdict, to: Address) -> Message:
    """The same with nothing but its sentence: for an alert that cannot be told in full."""
    stopped = "A bug in the bot stopped the rest of this message; its log has more."
    return _first(verdict, to, Lines(((Span(verdict.finding.why),),)), Note((Span(stopped),)))


def _first(verdict: Verdict, to: Address, *blocks: Block) -> Message:
    finding = verdict.finding
    return Message(
        key=verdict.key,
        type=MessageType.ALERT,
        channel=to.channel,
        summary=f"{OPENING[finding.severity]}: {finding.why}",
        blocks=(Header(finding.headline), *blocks),
    )


def compose_place(
    alert: Alert, finding: Finding, now: datetime, why: str = "", *, interactive: bool = False
) -> Message:
    """The alert's place as it has to read now: its numbers, and what became of it.

    `why` is a sentence on its end, if it has ended. The message key counts the alert's updates.
    While it goes on it has buttons, if it is `interactive`.
    """
    parts = tuple(_place(alert, finding, now, why))
    if interactive and alert.standing is Standing.FIRING:
        *above, small = parts
        held = buttons(alert.key, now, acknowledge=not alert.acked_at, version=alert.updates)
        parts = (*above, held, small)
    resolved = alert.standing is Standing.RESOLVED
    return Message(
        key=f"{alert.key}#update:{alert.updates}",
        type=MessageType.ALERT,
        channel=alert.channel or "",
        summary=f"{'Resolved' if resolved else OPENING[finding.severity]}: {finding.why}",
        blocks=parts,
        action=Action.UPDATE,
        parent=alert.place,
    )


def _place(alert: Alert, finding: Finding, now: datetime, why: str) -> Iterator[Block]:
    resolved = alert.standing is Standing.RESOLVED
    yield Header(f"Resolved: {finding.headline}" if resolved else finding.headline)
    yield Lines((opening(finding, "Resolved" if resolved else OPENING[finding.severity], None),))
    if state := tuple(_state(alert, now, why)):
        yield Lines(state)
    if alert.standing is Standing.FIRING:
        yield Lines(_why_and_what_now(finding))
    if not resolved:  # its numbers are those of the day it still held
        yield Facts(finding.facts)
    yield Note(small_print(finding, "updated", now))


def buttons(key: str, now: datetime, *, acknowledge: bool = True, version: int = 0) -> Buttons:
    """What can be done about the alert; a snooze for its period only while that goes on."""
    is_over = period_end(key) <= now
    snoozes = _SNOOZES if is_over else (*_SNOOZES, REST_OF_PERIOD)
    return Buttons(key, snoozes, acknowledge, version)


def period_end(key: str) -> datetime:
    """The instant at which the period in an alert's key is over."""
    return datetime.combine(period_in(key).end, time(), UTC)


def _by(who: str | None) -> tuple[Piece, ...]:
    """`by` somebody: who pressed a button is named as a member of the workspace."""
    if not who:
        return ()
    member = _SLACK_USER.fullmatch(who)
    return (Span(" by "), Mention(member[1]) if member else Span(who))


def _state(alert: Alert, now: datetime, why: str) -> Iterator[Line]:
    """Who acknowledged it, until when it is snoozed, how it ended."""
    if alert.acked_at:
        acked = Span("Acknowledged", Style.BOLD)
        yield (acked, *_by(alert.acked_by), Span(" on "), Instant(alert.acked_at))
    if alert.snoozed_until and alert.is_snoozed(now):
        snoozed = Span("Snoozed", Style.BOLD)
        yield (snoozed, *_by(alert.snoozed_by), Span(" until "), Instant(alert.snoozed_until))
    if alert.standing is not Standing.FIRING:
        word = "Resolved" if alert.standing is Standing.RESOLVED else "Closed"
        when = (Span(" on "), Instant(alert.resolved_at)) if alert.resolved_at else ()
        yield (Span(word, Style.BOLD), *when, Span(f": {why}" if why else "."))


def opening(finding: Finding, word: str, mention: str | None) -> Line:
    """Who is called, how loud it is, and the sentence that explains it."""
    call: tuple[Piece, ...] = (*called(mention), Span(" ")) if mention else ()
    provisional = " The data may still change." if finding.provisional else ""
    return (*call, Span(f"{word}: ", Style.BOLD), Span(f"{finding.why}{provisional}"))


def _why_and_what_now(finding: Finding) -> tuple[Line, ...]:
    """The causes, if any are known; then who to turn to, and where the numbers are."""
    causes = ((Span(" ".join(finding.causes)),),) if finding.causes else ()
    now = Span("What now: ", Style.BOLD)
    numbers = Span(f"bot explain {finding.key}", Style.CODE)
    return (*causes, (now, Span(f"{_what_now(finding)} The numbers: "), numbers))


def _what_now(finding: Finding) -> str:
    """The way out by kind; `rule` and names are plain text."""
    match finding.kind:
        case "new" if Dimension.API_KEY in finding.subject.dimensions:
            return "ask who owns it; if nobody does, revoke it."
        case "new":
            return f"ask who runs {_whom(finding)}."
        case "drop":
            return f"see whether {_whom(finding)} still runs."
        case "cap":
            return f"ask who runs {_whom(finding)}; if it is meant to be, raise the rule's limit."
        case _:
            planned = "if it was planned, add it to the rule's `planned` days."
            return f"ask who runs {_whom(finding)}; {planned}"


def _whom(finding: Finding) -> str:
    """The key that changed most, else the subject itself."""
    contributors = finding.split.contributors if finding.split else ()
    keys = [one for one in contributors if one.dimension == Dimension.API_KEY]
    return f"key {keys[0].name}" if keys else finding.subject.name


def called(mention: str) -> tuple[Piece, ...]:
    """Somebody to be called, as the configuration names them: an id, a handle, an address."""
    bare = mention.lstrip("@").strip()
    if _SLACK_ID.fullmatch(bare) or bare in ("here", "channel", "everyone"):
        return (Mention(bare),)
    return (Mention(mention.strip()),)


def on_the_way(verdict: Verdict) -> tuple[Line, ...]:
    """The lower steps that were passed since the last message, if any."""
    if not verdict.passed:
        return ()
    steps = [f"{step:g}%" for step in verdict.passed]
    listed = " and ".join(filter(None, (", ".join(steps[:-1]), steps[-1])))
    return ((Span(f"It passed {listed} on the way."),),)


def small_print(finding: Finding, why_now: str, now: datetime) -> Line:
    """Rule, why now, and how old the data are."""
    return (
        Span(f"Rule “{finding.rule}” · {why_now} · data as of "),
        Instant(now),
        Span(" · this alert does not stop any spend"),
    )


def _why_now(verdict: Verdict) -> str:
    if verdict.was_held:
        return "held back by quiet hours"
    return "foreseen" if "#forecast-" in verdict.key else "first time"
