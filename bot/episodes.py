"""One event, one alert: an event that was told keeps its key when later data move its beginning.

A drop whose first day could not be read, or a newcomer whose second day was read first, begins on
another day once that day is known. It is the same event, and was told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from bot.alerts.model import Finding
from bot.kinds import Rule
from bot.spend.ledger import Ledger
from bot.store.alerts import AlertBook


def recognised(
    findings: Sequence[Finding],
    rules: Mapping[str, Rule],
    ledger: Ledger,
    book: AlertBook,
    connection: Connection,
) -> list[Finding]:
    """The findings in their order, those of a known event with the period it was told under.

    An alert is taken once, and never from a finding that has its key by itself.
    """
    taken = {finding.key for finding in findings}
    found = []
    for finding in findings:
        rule = rules[finding.rule]
        told = book.alike(connection, finding) if rule.has_episodes else ()
        known = [alert.finding for alert in told if alert.key not in taken and alert.finding]
        same = next((one for one in known if rule.is_same(finding, one, ledger)), None)
        found.append(replace(finding, period=same.period) if same else finding)
        taken.add(found[-1].key)
    return found
