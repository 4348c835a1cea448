"""`bot init`: a configuration and first rules for an organisation, from its own history."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from bot import app as flow
from bot.backtest import Backtest
from bot.commands.answers import RULE_FILE, Answers, Flags, answered
from bot.commands.backtest import load_recorded, open_history
from bot.commands.common import note
from bot.commands.newfiles import NewFiles
from bot.config import yamlfile
from bot.config.environment import expand
from bot.config.load import Configuration
from bot.config.rulebook import Rulebook, gather_rules
from bot.config.settings import Settings, SourceKind
from bot.config.textfile import read_secret
from bot.context import App, days_to_fetch, open_ledger
from bot.errors import BotError
from bot.firstrules import FirstRules, first_rules, guessed_rules
from bot.spend.calendar import DayState
from bot.spend.currency import USD
from bot.wiring import dry_app, fetching_app

KEY = "OPENAI_ADMIN_KEY"
_NO_KEY = (
    f"bot: {KEY} is not set, so there is no history to look at\n"
    f"  export {KEY}=…  (an admin key of your organisation; read-only is enough),\n"
    "  then `bot init --force` replaces the guesses by numbers of your own"
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What the history gave: rules, what they would have told, and whether all of it was read."""

    rules: FirstRules
    book: Rulebook
    replayed: Backtest | None
    failed: bool


def run_init(flags: Flags) -> int:
    """Exit code 0, or 4 where the bill could not be read: then the rules are guesses.

    Raises UsageError before anything is asked or fetched if a file would be overwritten.
    """
    answers = answered(flags)
    looked = _looked(answers)
    _show(looked)
    if answers.asks and not click.confirm(
        f"\nWrite {answers.config} and {answers.rule_file}?", default=True
    ):
        note("nothing was written")
        return 0
    with NewFiles() as files:
        files.write(answers.rule_file, looked.rules.text)
        files.write(answers.config, answers.config_text())
    note(f"wrote {answers.config} and {answers.rule_file}")
    named = "" if str(answers.config) == "config.yaml" else f" --config {answers.config}"
    note(f"next: bot check --dry-run{named}")
    return 4 if looked.failed else 0


def _looked(answers: Answers) -> Looked:
    configuration = Configuration(_settings(answers), Rulebook((), ()), answers.config.parent)
    if answers.source is SourceKind.OPENAI and not _has_key():
        note(_NO_KEY)
        return _guessed()
    with _opened(configuration, answers) as app:
        failed = _read(app)
        ledger = open_ledger(app)
        rules = first_rules(ledger)
        book = _book(rules)
        held = any(state is not DayState.MISSING for state in ledger.cost_states.values())
        try:
            replayed = _replayed(app, rules, book) if held else None
        except BotError:  # a day or two of history: nothing to replay yet
            replayed = None
    return Looked(rules, book, replayed, failed)


def _replayed(app: App, rules: FirstRules, book: Rulebook) -> Backtest:
    """What they would have told in the days that they were worked out from."""
    return open_history(app, [book], rules.since).replayed(book.rules)


def _guessed() -> Looked:
    rules = guessed_rules(USD)
    return Looked(rules, _book(rules), None, False)


def _book(rules: FirstRules) -> Rulebook:
    """The rules as the loader reads them."""
    return Rulebook(gather_rules([], yamlfile.parse(rules.text, RULE_FILE)), ())


def _has_key() -> bool:
    return bool(os.environ.get(KEY) or os.environ.get(f"{KEY}_FILE"))


def _settings(answers: Answers) -> Settings:
    data = yamlfile.parse(answers.config_text(), str(answers.config)).data
    if answers.source is SourceKind.OPENAI:
        data["source"]["admin_key"] = "${" + KEY + ":-}"
    expanded, _ = expand(data, os.environ, read_secret)
    return Settings.model_validate(expanded)


@contextmanager
def _opened(configuration: Configuration, answers: Answers) -> Iterator[App]:
    """A bill that replays is read into memory; a real one is kept in the database it will use."""
    keeps = answers.source is SourceKind.OPENAI
    with (fetching_app if keeps else dry_app)(configuration, answers.as_of) as app:
        yield app


def _read(app: App) -> bool:
    """Whether a part of the bill could not be read."""
    if app.configuration.settings.source.kind is not SourceKind.OPENAI:
        load_recorded(app)
        return False
    days = days_to_fetch(app)
    note(f"reading {len(days)} days of the bill …")
    failures = [one for one in flow.collect(app, days) if not one.optional]
    for message, hint in dict.fromkeys((one.message, one.hint) for one in failures):
        note(f"bot: {message}" + (f"\n  {hint}" if hint else ""))
    return bool(failures)


def _show(looked: Looked) -> None:
    lines = textwrap.wrap(looked.rules.basis, 80, break_on_hyphens=False)
    if looked.replayed is not None:
        lines += ["", "In that time the rules would have told", *_counts(looked.replayed)]
    sys.stdout.write("\n".join(lines) + "\n")


def _counts(result: Backtest) -> Iterator[str]:
    widest = max(len(rule.name) for rule in result.rules)
    for rule in result.rules:
        alerts = len(result.of(rule))
        rate = f"  {result.rate(alerts)}" if alerts else ""
        yield f"  {rule.name:{widest}}  {_alerts(alerts):>10}{rate}"


def _alerts(count: int) -> str:
    return "no alert" if not count else f"{count} alert{'' if count == 1 else 's'}"
