"""How many messages the new alerts of a run become. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.alerts.decide import Verdict
from bot.alerts.model import Finding, Severity

SINGLES = 5
"""So many new alerts of one run for one channel are messages of their own."""


@dataclass(frozen=True, slots=True)
class Group:
    """New alerts that go out together, worst first: one message, each of them in its thread.

    A group of one is a message of its own. `severity` is None for what quiet hours held back.
    """

    channel: str
    severity: Severity | None
    verdicts: tuple[Verdict, ...]

    @property
    def is_single(self) -> bool:
        return len(self.verdicts) == 1

    def key(self, now: datetime) -> str:
        """The message key of its overview, unique by channel, severity and run."""
        kind = f"storm/{self.channel}/{self.severity}" if self.severity else f"quiet/{self.channel}"
        return f"{kind}/{now.isoformat(timespec='seconds').replace('+00:00', 'Z')}"


def groups(new: Iterable[tuple[str, Verdict]]) -> list[Group]:
    """New alerts, each with its channel, as the messages they become, worst first."""
    channels: dict[str, list[Verdict]] = {}
    for channel, one in sorted(new, key=lambda pair: rank(pair[1].finding)):
        channels.setdefault(channel, []).append(one)
    return [group for channel, some in channels.items() for group in _groups(channel, some)]


def _groups(channel: str, verdicts: Sequence[Verdict]) -> list[Group]:
    held = tuple(one for one in verdicts if one.was_held)
    fresh = [one for one in verdicts if not one.was_held]
    after_quiet = [Group(channel, None, held)] if held else []
    if len(fresh) <= SINGLES:
        return after_quiet + [Group(channel, one.finding.severity, (one,)) for one in fresh]
    severities = dict.fromkeys(one.finding.severity for one in fresh)
    return after_quiet + [
        Group(channel, severity, tuple(v for v in fresh if v.finding.severity is severity))
        for severity in severities
    ]


def rank(finding: Finding) -> tuple[int, bool, float, str]:
    """Worst first: severity, money before counts, how far above the limit; then by key."""
    above = float(finding.observed) - float(finding.limit or finding.expected or 0)
    return (-finding.severity.rank, not finding.measure.is_money, -abs(above), finding.key)
