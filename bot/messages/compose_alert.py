"""An alert in words: who, how much, compared to what, since when, what now."""

from __future__ import annotations

import re
from datetime import datetime

from bot.alerts.decide import message_key
from bot.alerts.model import Finding, Reason, Severity
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
            Facts(finding.facts),
            Note(_small_print(finding, reason, now)),
        ),
    )


def _opening(finding: Finding, mention: str | None) -> Line:
    call: tuple[Piece, ...] = (*_called(mention), Span(" ")) if mention else ()
    severity = Span(f"{_OPENING[finding.severity]}: ", Style.BOLD)
    provisional = " The data may still change." if finding.provisional else ""
    return (*call, severity, Span(f"{finding.why}{provisional}"))


def _called(mention: str) -> tuple[Piece, ...]:
    bare = mention.lstrip("@").strip()
    if _SLACK_ID.fullmatch(bare) or bare in ("here", "channel", "everyone"):
        return (Mention(bare),)
    return (Mention(mention.strip()),)


def _small_print(finding: Finding, reason: Reason, now: datetime) -> Line:
    why_now = "new step" if reason is Reason.STEP else "first time"
    return (
        Span(f"Rule “{finding.rule}” · {why_now} · data as of "),
        Instant(now),
        Span(" · this alert does not stop any spend"),
    )
