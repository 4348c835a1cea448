"""Which channel a finding goes to, and who is called."""

from __future__ import annotations

from bot.alerts.model import Finding
from bot.config.settings import Route, SlackSettings
from bot.spend.globs import matches


def route(finding: Finding, slack: SlackSettings) -> tuple[str, str | None]:
    """Channel and mention: the rule's own first, then the first route that matches, then the
    default channel."""
    found = next((r for r in slack.routes if _fits(r, finding)), None)
    channel = found.channel if found else slack.channel
    mention = found.mention if found else None
    return finding.channel or channel, finding.mention or mention


def _fits(candidate: Route, finding: Finding) -> bool:
    words = {
        "rule": (finding.rule, finding.rule),
        "severity": (finding.severity.value, finding.severity.value),
    }
    subject = finding.subject
    parts = zip(subject.dimensions, subject.ids, subject.names, strict=True)
    words |= {dimension.value: (member or "", name) for dimension, member, name in parts}
    return all(
        dimension in words and matches(globs, words[dimension][0], words[dimension][1])
        for dimension, globs in candidate.match.items()
    )
