"""All rules together: what each of them says, then each event told once.

The live bot and the replay judge here, so that they agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date

from bot.alerts.model import Outcome, Skipped
from bot.kinds.base import Rule
from bot.kinds.rollup import told_once
from bot.kinds.told import Told
from bot.logs import bug
from bot.spend.currency import Currency
from bot.spend.ledger import Ledger


def judge(
    rules: Iterable[Rule], ledger: Ledger, days: Sequence[date], told: Told | None = None
) -> list[Outcome]:
    """What the rules say about the periods of the days (UTC, oldest first).

    With `told`, findings that are no news beside it may be left out; else all that hold are given.

    A finding that another one tells already has that one's key in `inhibited_by`. A rule that
    fails by a bug of the bot becomes a `Skipped`; the others are judged.
    """
    rules, others = fitting(rules, ledger.currency)
    unfit = [in_dollars(rule, ledger.currency) for rule in others]
    for rule in rules:
        with suppress(Exception):  # it shows again, and is told, when the rule is judged
            rule.announce(ledger, days)
    outcomes = [outcome for rule in rules for outcome in _judged(rule, ledger, days, told)]
    try:
        return [*told_once(rules, ledger, outcomes), *unfit]
    except Exception:  # noqa: BLE001 - told twice is better than not at all
        bug("findings on one event could not be told as one")
        return [*outcomes, *unfit]


def fitting(rules: Iterable[Rule], currency: Currency) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """The rules whose amounts mean something for a bill in that currency; and the others."""
    fit: list[Rule] = []
    others: list[Rule] = []
    for rule in rules:
        (fit if rule.fits(currency) else others).append(rule)
    return tuple(fit), tuple(others)


def unfitting(rules: Iterable[Rule], currency: Currency) -> list[Skipped]:
    """The others of `fitting`, and why."""
    return [in_dollars(rule, currency) for rule in fitting(rules, currency)[1]]


def in_dollars(rule: Rule, currency: Currency) -> Skipped:
    """Why a rule with amounts in US dollars is not judged: 200 never means euros by itself."""
    theirs = " and ".join(f"`{name}`" for name in rule.in_dollars)
    twins = " and ".join(f"`{name}`" for name in rule.in_dollars.values())
    verb = "is" if len(rule.in_dollars) == 1 else "are"
    return Skipped(
        rule.name,
        rule.everyone,
        f"{theirs} {verb} in US dollars and this bill is in {currency.code}: write {twins} with "
        f"amounts in {currency.code} instead",
    )


def _judged(
    rule: Rule, ledger: Ledger, days: Sequence[date], told: Told | None
) -> Iterator[Outcome]:
    try:
        found = rule.judge(ledger, days) if told is None else rule.judge_news(ledger, days, told)
        yield from list(found)
    except Exception as error:  # noqa: BLE001  # one rule's bug must not silence the other rules
        bug(f"rule {rule.name!r} could not be judged")
        yield Skipped(rule.name, rule.everyone, _bug_words(error))


def _bug_words(error: Exception) -> str:
    return (
        f"a bug in the bot stopped this rule: {type(error).__name__}. The other rules were judged; "
        "the log has the details."
    )
