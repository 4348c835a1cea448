"""Is a finding news? Pure: what was told comes in as an argument."""

from __future__ import annotations

from dataclasses import dataclass

from bot.alerts.model import Finding, Reason


@dataclass(frozen=True, slots=True)
class Told:
    """What is remembered of an alert: the highest step told, and whether it still fires."""

    step: float | None
    firing: bool = True


def decide(finding: Finding, told: Told | None) -> Reason:
    """Why to speak of a finding, or why not.

    A finding is told once per period; a higher step of the same period is told again, once.
    """
    if told is None:
        return Reason.FIRST
    if _is_higher(finding.step, told.step):
        return Reason.STEP
    return Reason.TOLD


def message_key(finding: Finding, reason: Reason) -> str:
    """What a message tells, once and for all: the alert's key and the news about it."""
    tells_step = reason in (Reason.FIRST, Reason.STEP) and finding.step is not None
    return f"{finding.key}#{_step_word(finding.step) if tells_step else reason.value}"


def _step_word(step: float | None) -> str:
    """`step-80`, `step-33.5`: every digit, so that two steps never share a key."""
    return f"step-{step}".removesuffix(".0")


def _is_higher(step: float | None, told: float | None) -> bool:
    return step is not None and (told is None or step > told)
