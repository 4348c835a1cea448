"""Is a finding news? Pure: what is remembered and the circumstances come in as arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.alerts.life import Alert
from bot.alerts.model import Finding, Reason, Severity
from bot.alerts.standing import Standing

MOST_WORSE = 3
"""How often one alert is told to have grown; each time it must have grown more than before."""
FIRST_GROWTH, NEXT_GROWTH = 1.5, 2.0
"""How many times the excess last told an excess must be to be told as worse."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What matters beside the finding.

    `steps` are all the steps of its rule. `is_quiet`: the rule's quiet hours hold this severity
    back now. `is_sure`: all its days are finished, past their grace time and were read.
    `last_day` is the last finished day past its grace time. `is_inhibited`: another finding that
    is told by itself tells this one already.
    """

    now: datetime
    last_day: date
    steps: tuple[float, ...] = ()
    repeat_after: timedelta | None = None
    is_quiet: bool = False
    is_sure: bool = False
    is_inhibited: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A finding, what was known of it, and why it is told or not.

    `key` is the message key of the news, empty for silence; `passed` are the lower steps that
    this message tells along with the highest.
    """

    finding: Finding
    alert: Alert | None
    reason: Reason
    key: str = ""
    passed: tuple[float, ...] = ()

    @property
    def was_held(self) -> bool:
        """Whether it was kept back until now, by quiet hours."""
        return self.alert is not None and self.alert.told_at is None

    @property
    def escalates(self) -> bool:
        """Whether it became critical, or a critical one passed its whole limit."""
        critical = self.finding.severity is Severity.CRITICAL
        if not critical or self.alert is None or not self.reason.speaks:
            return False
        became = self.alert.severity is not Severity.CRITICAL
        whole = (self.alert.top_step or 0) < 100 <= (self.finding.step or 0)
        return became or (self.reason is Reason.STEP and whole)


def verdict(finding: Finding, alert: Alert | None, around: Circumstances) -> Verdict:
    """The decision with the key of its message."""
    reason = decide(finding, alert, around)
    if not reason.speaks:
        return Verdict(finding, alert, reason)
    return Verdict(
        finding, alert, reason, message_key(finding, reason, alert), _passed(finding, alert, around)
    )


def decide(finding: Finding, alert: Alert | None, around: Circumstances) -> Reason:
    """Why to speak of a finding that holds, or why not.

    In this order of weight: the first time; a step that was never told; a verdict that restated
    data changed; a forecast; a worse one; a repetition that is due.
    """
    if alert is None or alert.told_at is None:
        reason = Reason.INHIBITED if around.is_inhibited else Reason.FIRST
    elif alert.is_snoozed(around.now):
        return Reason.SNOOZED
    else:
        reason = _news(finding, alert, around)
    return Reason.SNOOZED if reason.speaks and around.is_quiet else reason


def _news(finding: Finding, alert: Alert, around: Circumstances) -> Reason:
    if _is_higher(finding.step, alert.top_step):
        return Reason.STEP
    if alert.standing is Standing.RESOLVED or _is_restated(finding, alert, around):
        return Reason.RESTATED
    if is_new_forecast(finding, alert):
        return Reason.STEP
    if _is_worse(finding, alert):
        return Reason.WORSE
    return Reason.REPEAT if _is_due(finding, alert, around) else Reason.TOLD


def _is_restated(finding: Finding, alert: Alert, around: Circumstances) -> bool:
    """Whether another step stands than the one told: up again, or down by data that are sure."""
    if finding.step == alert.step or alert.top_step is None:
        return False
    return _is_higher(finding.step, alert.step) or around.is_sure


def is_new_forecast(finding: Finding, alert: Alert | None) -> bool:
    """Whether it foresees a step that was neither crossed nor foreseen in what was told."""
    if alert is None:
        return finding.forecast_step is not None
    told = max(alert.top_step or 0, alert.forecast_step or 0, finding.step or 0)
    return _is_higher(finding.forecast_step, told)


def _is_worse(finding: Finding, alert: Alert) -> bool:
    if finding.severity.rank > alert.severity.rank:
        return alert.acked_at is None or finding.severity is Severity.CRITICAL
    if alert.acked_at is not None or finding.step is not None or alert.worse >= MOST_WORSE:
        return False
    return _has_grown(finding, alert)


def _has_grown(finding: Finding, alert: Alert) -> bool:
    """Whether a step-less finding is much further above its limit than told."""
    if finding.limit is None or alert.limit is None or alert.observed <= alert.limit:
        return False
    growth = NEXT_GROWTH if alert.worse else FIRST_GROWTH
    return finding.observed - finding.limit >= growth * (alert.observed - alert.limit)


def _is_due(finding: Finding, alert: Alert, around: Circumstances) -> bool:
    """Whether a snooze has ended, or the rule's time to repeat has come while it goes on."""
    if alert.snoozed_until is not None:
        return True
    if around.repeat_after is None or alert.acked_at is not None or alert.told_at is None:
        return False
    goes_on = finding.holds_until >= around.last_day
    return goes_on and around.now - alert.told_at >= around.repeat_after


def after(verdict: Verdict, now: datetime) -> Alert | None:
    """The alert once the verdict is remembered; None where there is nothing to remember."""
    finding, alert, reason = verdict.finding, verdict.alert, verdict.reason
    if alert is None:
        if reason is Reason.INHIBITED:
            return None
        alert = _new(finding, now)
    if reason.speaks:
        return _told(finding, alert, reason, now)
    if alert.told_at is None:
        return replace(alert, held_at=now, finding=finding)
    stands = not _is_higher(alert.step, finding.step)
    standing = alert.standing if alert.standing is Standing.RESOLVED else Standing.FIRING
    held_at = now if stands else alert.held_at
    return replace(alert, standing=standing, held_at=held_at, finding=_seen_again(alert, finding))


def _seen_again(alert: Alert, finding: Finding) -> Finding | None:
    """What was last shown, with the days on which it is seen now, and held last."""
    shown = alert.finding
    if shown is None:
        return None
    last = max(filter(None, (shown.last_day, finding.last_day)), default=None)
    return replace(shown, last_day=last, observed_in=finding.observed_in)


def _new(finding: Finding, now: datetime) -> Alert:
    return Alert(
        key=finding.key,
        rule=finding.rule,
        severity=finding.severity,
        headline=finding.headline,
        observed=float(finding.observed),
        first_at=now,
        updated_at=now,
        finding=finding,
    )


def _told(finding: Finding, alert: Alert, reason: Reason, now: datetime) -> Alert:
    counter = _COUNTERS.get(reason)
    counted = {counter: getattr(alert, counter) + 1} if counter else {}
    return replace(
        alert,
        standing=Standing.FIRING,
        severity=max(alert.severity, finding.severity, key=lambda severity: severity.rank),
        headline=finding.headline,
        observed=float(finding.observed),
        limit=None if finding.limit is None else float(finding.limit),
        step=finding.step,
        top_step=_highest(alert.top_step, finding.step),
        forecast_step=_highest(alert.forecast_step, finding.forecast_step),
        told_at=now,
        held_at=now,
        snoozed_until=None,
        resolved_at=None,
        **counted,
    )


_COUNTERS: Mapping[Reason, str] = {
    Reason.WORSE: "worse",
    Reason.REPEAT: "repeats",
    Reason.RESTATED: "restatements",
    Reason.RESOLVED: "resolves",
}


def message_key(finding: Finding, reason: Reason, alert: Alert | None = None) -> str:
    """What a message tells, once and for all: the alert's key and the news about it.

    News that may come more than once carry their number.
    """
    if reason in (Reason.FIRST, Reason.STEP):
        return f"{finding.key}#{_step_news(finding, reason, alert)}"
    n = 1 + (getattr(alert, _COUNTERS[reason]) if alert else 0)
    numbered = n > 1 or reason in (Reason.REPEAT, Reason.WORSE)
    return f"{finding.key}#{reason.value}{f'-{n}' if numbered else ''}"


def _step_news(finding: Finding, reason: Reason, alert: Alert | None) -> str:
    if finding.step is not None and _is_higher(finding.step, alert.top_step if alert else None):
        return f"step-{_digits(finding.step)}"
    if finding.forecast_step is not None and is_new_forecast(finding, alert):
        return f"forecast-{_digits(finding.forecast_step)}"
    return reason.value


def _digits(step: float) -> str:
    """`80`, `33.5`: every digit, so that two steps never share a key."""
    return str(step).removesuffix(".0")


def _passed(finding: Finding, alert: Alert | None, around: Circumstances) -> tuple[float, ...]:
    if finding.step is None:
        return ()
    told = (alert.top_step if alert else None) or 0
    return tuple(sorted(step for step in around.steps if told < step < finding.step))


def _is_higher(step: float | None, than: float | None) -> bool:
    return step is not None and (than is None or step > than)


def _highest(*steps: float | None) -> float | None:
    return max((step for step in steps if step is not None), default=None)
