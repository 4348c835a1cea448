"""`bot doctor`: every check, told for people or as JSON."""

from __future__ import annotations

import os
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.app import App
from bot.commands.backtest import load_recorded
from bot.commands.common import console, print_json
from bot.config.load import Configuration, load_configuration, load_settings
from bot.config.problems import ConfigProblems, in_a_line
from bot.config.rulebook import Rulebook
from bot.config.settings import SourceKind
from bot.config.textfile import read_secret
from bot.config.whereabouts import config_path
from bot.doctor import database, history, openai, sending, slack, surroundings
from bot.doctor.channels import Used, used_by
from bot.doctor.checkup import Check, Checks, Part, State, failed, ok, skipped
from bot.errors import ConfigError
from bot.logs import hide
from bot.spend.calendar import utc_day
from bot.store.database import open_forgetful
from bot.store.outbox import Outbox
from bot.wiring import dry_app

_MARKS = {State.OK: "ok", State.WARNING: "warning", State.FAILED: "FAILED", State.SKIPPED: "–"}
_STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red", State.SKIPPED: ""}
_MARK_WIDTH, _NAME_WIDTH = 8, 22
_MOST_MISTAKES = 20


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration as far as it can be used, the secret files read, and what is wrong.

    `has_rules`: the rules could be read too; without them its rulebook is empty.
    """

    path: Path | None
    configuration: Configuration | None
    has_rules: bool
    secrets: tuple[str, ...]
    checks: tuple[Check, ...]


def run_doctor(*, config: Path | None, output: str, send_test: bool) -> int:
    """Exit code 0 if nothing failed, else 1. Raises nothing for what is wrong."""
    checks = examined(_loaded(config), send_test, lambda: datetime.now(UTC))
    if output == "json":
        found = list(checks)
        print_json(_document(found))
    else:
        found = _shown(checks, console())
    return 1 if any(check.state is State.FAILED for check in found) else 0


def examined(loaded: Loaded, send_test: bool, now: Callable[[], datetime]) -> Iterator[Check]:
    """Every check, as soon as it is done."""
    yield surroundings.program_check()
    yield from loaded.checks
    if loaded.configuration is None or loaded.path is None:
        yield skipped("everything else", "needs a configuration that can be read")
        return
    _hide_secrets(loaded.configuration)
    for part in _parts(loaded, loaded.configuration, loaded.path, send_test, now):
        yield from part.done()


def _parts(
    loaded: Loaded,
    configuration: Configuration,
    path: Path,
    send_test: bool,
    now: Callable[[], datetime],
) -> Iterator[Part]:
    settings = configuration.settings
    source, started = settings.source, now()
    yield Part("secret files", lambda: surroundings.file_checks(loaded.secrets, path, settings))
    yield Part("time zone", lambda: [surroundings.zone_check(settings.schedule, started)])
    yield Part("source", lambda: openai.source_checks(source))
    if source.kind is SourceKind.OPENAI:
        yield Part("openai", lambda: openai.key_checks(source, utc_day(started), now))
    yield Part("slack", lambda: slack.slack_checks(settings.slack, _used(configuration), now))
    if send_test:
        yield Part(sending.NAME, lambda: sending.sending_checks(settings.slack, started))
    yield Part("database", lambda: database.database_checks(configuration.store_url))
    yield Part("data", lambda: _of_history(loaded, configuration))
    yield Part(
        "heartbeat",
        lambda: [surroundings.heartbeat_check(settings.heartbeat_url.get_secret_value())],
    )


def _used(configuration: Configuration) -> Used:
    """Channels and people; ids of channels from the database, if that can be read."""
    try:
        with closing(open_forgetful(configuration.store_url)) as opened:
            outbox = Outbox(opened)
            known = {one: outbox.known_id(one) for one in used_by(configuration, str).channels}
    except ConfigError:
        known = {}
    return used_by(configuration, lambda channel: known.get(channel, ""))


def _of_history(loaded: Loaded, configuration: Configuration) -> Checks:
    with dry_app(configuration, None) as app:
        if configuration.settings.source.kind is SourceKind.OPENAI:
            yield from history.data_checks(app)
        yield history.outbox_check(app)
        if loaded.has_rules:
            load_recorded(app)
            yield from _of_rules(app)


def _of_rules(app: App) -> Iterable[Check]:
    part = Part("rules", lambda: history.rule_checks(app, app.configuration.rulebook))
    return part.done()


# -- the configuration


def _loaded(given: Path | None) -> Loaded:
    """What can be used of the configuration: all, or at least the settings without the rules."""
    secrets: list[str] = []

    def read(file: str) -> str:
        secrets.append(file)
        return read_secret(file)

    path: Path | None = None
    try:
        path = config_path(given)
        found = load_configuration(path, os.environ, read)
    except ConfigProblems as problems:
        return _without_rules(path, problems, secrets, read)
    except ConfigError as error:
        check = failed("configuration", error.message, error.hint or "")
        return Loaded(None, None, False, (), (check,))
    return Loaded(path, found, True, tuple(secrets), (ok("configuration", str(path)),))


def _without_rules(
    path: Path | None,
    problems: ConfigProblems,
    secrets: list[str],
    read: Callable[[str], str],
) -> Loaded:
    checks = tuple(_mistakes(problems))
    if path is None:
        return Loaded(None, None, False, (), checks)
    try:
        settings = load_settings(path, os.environ, read)
    except ConfigProblems:
        return Loaded(path, None, False, (), checks)
    found = Configuration(settings, Rulebook((), ()), path.parent)
    return Loaded(path, found, False, tuple(secrets), checks)


def _mistakes(problems: ConfigProblems) -> Iterator[Check]:
    for problem in problems.problems[:_MOST_MISTAKES]:
        yield failed("configuration", in_a_line(problem), problem.hint or "bot config validate")
    if (more := len(problems.problems) - _MOST_MISTAKES) > 0:
        yield failed("configuration", f"and {more} more mistakes", "bot config validate")


def _hide_secrets(configuration: Configuration) -> None:
    settings = configuration.settings
    of_slack = settings.slack
    for secret in (
        settings.source.admin_key,
        settings.heartbeat_url,
        of_slack.bot_token,
        of_slack.app_token,
        of_slack.webhook_url,
    ):
        hide(secret.get_secret_value())


# -- telling


def _document(checks: Sequence[Check]) -> dict[str, object]:
    return {
        "ok": all(check.state is not State.FAILED for check in checks),
        "counts": _counts(checks),
        "checks": [asdict(replace(check, state=check.state)) for check in checks],
    }


def _counts(checks: Iterable[Check]) -> dict[str, int]:
    found = Counter(check.state for check in checks)
    return {state.value: found[state] for state in State}


def _shown(checks: Iterable[Check], out: Console) -> list[Check]:
    """Prints each check when it is done."""
    found = []
    for check in checks:
        found.append(check)
        for line in _lines(check, out.width):
            out.print(line)
        sys.stdout.flush()
    out.print(_summary(found))
    return found


def _lines(check: Check, width: int) -> Iterator[Text]:
    room = max(30, width - _MARK_WIDTH - _NAME_WIDTH - 2)
    says = textwrap.wrap(check.says, room, break_on_hyphens=False) or [""]
    head = Text(f"{_MARKS[check.state]:{_MARK_WIDTH}}", _STYLES[check.state])
    is_long = len(check.name) > _NAME_WIDTH
    yield head + Text(check.name if is_long else f"{check.name:{_NAME_WIDTH}}  {says[0]}")
    before = " " * (_MARK_WIDTH + _NAME_WIDTH + 2)
    for line in says if is_long else says[1:]:
        yield Text(before + line)
    if check.way_out:
        for n, line in enumerate(textwrap.wrap(check.way_out, room - 2, break_on_hyphens=False)):
            yield Text(f"{before}{'  ' if n else '→ '}{line}")


def _summary(checks: Sequence[Check]) -> Text:
    counts = _counts(checks)
    fine, wrong, bad = counts["ok"], counts["warning"], counts["failed"]
    if bad:
        return Text(f"\n{bad} failed, {wrong} to look at, {fine} fine.", "bold red")
    if wrong:
        return Text(f"\nIt works. {wrong} to look at, {fine} fine.", "bold")
    return Text(f"\nAll {fine} fine.", "bold green")
