"""An alert in words: who, how much, compared to what, since when, what now."""

from __future__ import annotations

import re
from datetime import datetime

from bot.alerts.decide import message_key
from bot.alerts.model import Dimension, Finding, Reason, Severity
from bot.messages.model import (
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
_OPENING = {
    Severity.INFO: "For your information",
    Severity.WARNING: "Warning",
    Severity.CRITICAL: "Critical",
}


def compose_alert(
    finding: Finding, reason: Reason, channel: str, mention: str | None, now: datetime
) -> Message:
    """The message that tells a finding. `now` is when the data were read."""
    return Message(
        key=message_key(finding, reason),
        type=MessageType.ALERT,
        channel=channel,
        summary=f"{_OPENING[finding.severity]}: {finding.why}",
        blocks=(
            Header(finding.headline),
            Lines((_opening(finding, mention),)),
            Lines(_why_and_what_now(finding)),
            Facts(finding.facts),
            Note(_small_print(finding, reason, now)),
        ),
    )


def _opening(finding: Finding, mention: str | None) -> Line:
    call: tuple[Piece, ...] = (*_called(mention), Span(" ")) if mention else ()
    severity = Span(f"{_OPENING[finding.severity]}: ", Style.BOLD)
    provisional = " The data may still change." if finding.provisional else ""
    return (*call, severity, Span(f"{finding.why}{provisional}"))


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


def _called(mention: str) -> tuple[Piece, ...]:
    bare = mention.lstrip("@").strip()
    if _SLACK_ID.fullmatch(bare) or bare in ("here", "channel", "everyone"):
        return (Mention(bare),)
    return (Span(mention),)


def _small_print(finding: Finding, reason: Reason, now: datetime) -> Line:
    why_now = "new step" if reason is Reason.STEP else "first time"
    return (
        Span(f"Rule “{finding.rule}” · {why_now} · data as of "),
        Instant(now),
        Span(" · this alert does not stop any spend"),
    )
