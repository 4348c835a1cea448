"""What `bot init` needs to know: from flags, or asked on a terminal."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from bot.config.problems import printable, short
from bot.config.settings import SourceKind
from bot.config.yamlwrite import quoted
from bot.errors import UsageError

DEFAULT_CHANNEL = "#llm-costs"
DEFAULT_RULES = ("rules", "budget-rules")
RULE_FILE = "budget.yaml"


@dataclass(frozen=True, slots=True)
class Flags:
    """The command line."""

    source: str | None
    path: Path | None
    base_url: str | None
    channel: str | None
    timezone: str | None
    config: Path | None
    rules: Path | None
    yes: bool
    force: bool
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything known. `asks`: a person sits there who may still say no."""

    source: SourceKind
    path: Path | None
    base_url: str | None
    channel: str
    timezone: str
    config: Path
    rules: Path
    asks: bool
    as_of: datetime | None

    @property
    def rule_file(self) -> Path:
        return self.rules / RULE_FILE

    def config_text(self) -> str:
        """config.yaml, with what differs from the defaults and the secrets' variables."""
        return "\n".join(
            [
                "# Written by `bot init`. Every setting and its default: config.example.yaml.",
                "source:",
                *self._source_lines(),
                "store:",
                "  url: sqlite:///budget-bot.db  # beside this file",
                "slack:",
                "  bot_token: ${SLACK_BOT_TOKEN:-}  # xoxb-…, from the environment",
                f"  channel: {_text(self.channel)}",
                "schedule:",
                f"  timezone: {_text(self.timezone)}",
                f"rules: {_text(_relative(self.rules, self.config.parent))}",
                "",
            ]
        )

    def _source_lines(self) -> list[str]:
        lines = [f"  kind: {self.source.value}"]
        if self.path is not None:
            lines.append(f"  path: {_text(_relative(self.path, self.config.parent))}")
        if self.source is SourceKind.OPENAI:
            lines.append("  admin_key: ${OPENAI_ADMIN_KEY}  # from the environment")
        if self.base_url:
            lines.append(f"  base_url: {_text(self.base_url)}")
        return lines


def answered(flags: Flags) -> Answers:
    """The flags, and answers to what they leave open if somebody is there to ask.

    Raises UsageError for what is missing, impossible, or would overwrite something.
    """
    config = flags.config or Path("config.yaml")
    rules = flags.rules or _free_folder(config.parent, flags.force)
    if not flags.force:
        _refuse_to_overwrite(config, rules)
    _refuse_other_rules(rules)
    asks = sys.stdin.isatty() and not flags.yes
    source = _source(flags, asks)
    return Answers(
        source=source,
        path=_path(flags, source, asks),
        base_url=flags.base_url if source is SourceKind.OPENAI else None,
        channel=_channel(_asked(flags.channel, asks, "Slack channel", DEFAULT_CHANNEL)),
        timezone=_zone(_asked(flags.timezone, asks, "Time zone of digests", _here())),
        config=config,
        rules=rules,
        asks=asks,
        as_of=flags.as_of,
    )


def _source(flags: Flags, asks: bool) -> SourceKind:
    if flags.source:
        return SourceKind(flags.source)
    if not asks:
        raise UsageError(
            "--source is missing",
            hint="--source openai reads your bill, sample shows how it looks, recording replays",
        )
    words = [kind.value for kind in SourceKind]
    default = "openai" if os.environ.get("OPENAI_ADMIN_KEY") else "sample"
    return SourceKind(
        click.prompt("Where the bill comes from", type=click.Choice(words), default=default)
    )


def _path(flags: Flags, source: SourceKind, asks: bool) -> Path | None:
    if source is not SourceKind.RECORDING:
        return None
    path = flags.path
    if path is None and asks:
        path = click.prompt("Folder of the recording", type=click.Path(path_type=Path))
    if path is None:
        raise UsageError(
            "--path is missing", hint="--source recording needs the recording's folder"
        )
    if not path.is_dir():
        raise UsageError(f"--path {path}: there is no such folder")
    return path


def _asked(given: str | None, asks: bool, what: str, default: str) -> str:
    if given is not None:
        return given
    return str(click.prompt(what, default=default)) if asks else default


def _channel(word: str) -> str:
    """A channel's name with its `#`, or an id as it is."""
    name = word.strip()
    if not name or not name.isprintable() or any(character.isspace() for character in name):
        raise UsageError(
            f"--channel {word!r} is no channel", hint='write "#llm-costs" or C0123ABCD'
        )
    is_id = name[0] in "CGD" and name.isalnum() and name.isupper()
    return name if name[0] in "#@" or is_id else f"#{name}"


def _zone(word: str) -> str:
    try:
        ZoneInfo(word)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"--timezone {word!r} is no time zone", hint="write one such as Europe/Berlin or UTC"
        ) from None
    return word


def _here() -> str:
    """This machine's time zone where it says so, else UTC."""
    named = os.environ.get("TZ", "")
    try:
        return _zone(named) if named else "UTC"
    except UsageError:
        return "UTC"


def _free_folder(home: Path, force: bool) -> Path:
    """The first folder of the usual names that holds no rules of somebody else."""
    for name in DEFAULT_RULES:
        if not _others(home / name) and (force or not (home / name / RULE_FILE).exists()):
            return home / name
    return home / DEFAULT_RULES[0]


def _others(folder: Path) -> list[str]:
    """The rule files of a folder that are not ours."""
    if not folder.is_dir():
        return []
    files = (one for one in folder.iterdir() if one.suffix in (".yaml", ".yml"))
    return sorted(one.name for one in files if one.name != RULE_FILE)


def _refuse_to_overwrite(config: Path, rules: Path) -> None:
    there = [str(path) for path in (config, rules / RULE_FILE) if path.exists()]
    if there:
        raise UsageError(
            f"{' and '.join(there)} would be overwritten",
            hint="replace with --force, or name other places with --config and --rules",
        )


def _refuse_other_rules(rules: Path) -> None:
    if rules.exists() and not rules.is_dir():
        raise UsageError(f"--rules {rules} is a file", hint="name a folder")
    if others := _others(rules):
        raise UsageError(
            f"{rules} holds other rules: {', '.join(others[:5])}",
            hint="name a new folder with --rules",
        )


def _relative(path: Path, home: Path) -> str:
    """A path as the configuration has it: from its own folder where it lies below, else whole."""
    whole, start = path.resolve(), home.resolve()
    return str(whole.relative_to(start)) if whole.is_relative_to(start) else str(whole)


def _text(value: str) -> str:
    """A string of the configuration, in which `$` begins a variable."""
    try:
        return quoted(value.replace("$", "$$"))
    except ValueError as error:
        raise UsageError(f"{printable(short(value))}: {error}") from None
