"""What is said in an alert's thread: a further step, a turn for the worse, an end."""

from __future__ import annotations

from bot.alerts.decide import Verdict
from bot.alerts.life import Alert
from bot.alerts.model import Finding, Reason
from bot.messages.compose_alert import OPENING, Address, on_the_way, opening, small_print
from bot.messages.model import Action, Header, Lines, Message, MessageType, Note, Span, Style
from bot.spend.calendar import day_name

_WHY_NOW = {
    Reason.STEP: "new step",
    Reason.WORSE: "worse than told",
    Reason.REPEAT: "told again",
    Reason.RESTATED: "restated",
    Reason.RESOLVED: "resolved",
}


def compose_news(verdict: Verdict, alert: Alert, to: Address) -> Message:
    """The reply that tells what is new about an alert. `alert` is what was known before."""
    finding, reason = verdict.finding, verdict.reason
    word = _word(verdict, alert)
    calls = to.mention if reason is not Reason.RESTATED else None
    return Message(
        key=verdict.key,
        type=MessageType.ALERT,
        channel=to.channel,
        summary=f"{word}: {finding.why}",
        blocks=(
            Header(finding.headline),
            Lines((opening(finding, word, calls), *on_the_way(verdict))),
            Note(small_print(finding, _WHY_NOW[reason], to.now)),
        ),
        action=Action.REPLY,
        parent=alert.place,
        broadcast=verdict.escalates,
    )


def compose_resolved(finding: Finding, key: str, alert: Alert, to: Address) -> Message:
    """The reply that tells that an alert holds no longer; `finding.why` says how it is now."""
    return Message(
        key=key,
        type=MessageType.ALERT,
        channel=to.channel,
        summary=f"Resolved: {finding.why}",
        blocks=(
            Lines(((Span("Resolved: ", Style.BOLD), Span(finding.why)),)),
            Note(small_print(finding, _WHY_NOW[Reason.RESOLVED], to.now)),
        ),
        action=Action.REPLY,
        parent=alert.place,
    )


def resolved_words(finding: Finding, now_at: int | None) -> str:
    """What is to be said of a finding that holds no longer. `now_at` is its number now, in the
    unit of its measure, where one can be given."""
    who = finding.subject.title
    gone = f"rule “{finding.rule}” finds nothing any more"
    if now_at is None:
        return f"{who}: {gone}. It held until {day_name(finding.holds_until)}."
    then, now = _quantity(finding.observed, finding), _quantity(now_at, finding)
    return f"{who} is at {now} for {finding.period} now, after {then}: {gone}."


def _quantity(value: float, finding: Finding) -> str:
    currency = finding.measure.currency
    return currency.text(value) if currency else f"{value:,.0f} {finding.measure.value}"


def _word(verdict: Verdict, alert: Alert) -> str:
    """How the news begins: how loud it is, and what is new about it."""
    loud = OPENING[verdict.finding.severity]
    match verdict.reason:
        case Reason.STEP if "#forecast-" in verdict.key:
            return f"{loud}, foreseen"
        case Reason.WORSE if verdict.finding.severity.rank > alert.severity.rank:
            return f"Now {loud.lower()}"
        case Reason.REPEAT if alert.snoozed_until is not None:
            return f"{loud}, the snooze is over and it still holds"
    return f"{loud}{_ADDED.get(verdict.reason, '')}"


_ADDED = {
    Reason.WORSE: ", and worse than told",
    Reason.REPEAT: ", it still holds",
    Reason.RESTATED: ", corrected as the data were restated",
}
