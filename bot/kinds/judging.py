"""All rules together: what each of them says, then each event told once.

The live bot and the replay judge here, so that they agree.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date

from bot.alerts.model import Outcome, Skipped
from bot.kinds.base import Rule
from bot.kinds.rollup import told_once
from bot.spend.ledger import Ledger

_log = logging.getLogger(__name__)


def judge(rules: Iterable[Rule], ledger: Ledger, days: Sequence[date]) -> list[Outcome]:
    """What the rules say about the periods of the days (UTC, oldest first).

    A finding that another one tells already has that one's key in `inhibited_by`. A rule that
    fails by a bug of the bot becomes a `Skipped`; the others are judged.
    """
    rules = tuple(rules)
    for rule in rules:
        with suppress(Exception):  # it shows again, and is told, when the rule is judged
            rule.announce(ledger, days)
    outcomes = [outcome for rule in rules for outcome in _judged(rule, ledger, days)]
    return told_once(rules, ledger, outcomes)


def _judged(rule: Rule, ledger: Ledger, days: Sequence[date]) -> Iterator[Outcome]:
    try:
        yield from list(rule.judge(ledger, days))
    except Exception as bug:  # noqa: BLE001  # one rule's bug must not silence the other rules
        _log.exception("rule %r could not be judged", rule.name)
        yield Skipped(rule.name, rule.everyone, _bug_words(bug))


def _bug_words(bug: Exception) -> str:
    return (
        f"a bug in the bot stopped this rule: {type(bug).__name__}. The other rules were judged; "
        "the log has the details."
    )
