"""`bot health`: is the bot alive and its data fresh? Read in milliseconds.

Loads nothing heavier than PyYAML and sqlite3: a prober calls it every few seconds.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname
from typing import Any, NamedTuple

from bot.errors import BotError, ConfigError
from bot.store.light import Light, open_light
from bot.store.tallies import CRASHED, MISREAD, TICKED, pulses

STALE_SECONDS = 26 * 3600
"""A bot whose last whole fetch is older than a day and a bit is not watching any more."""
STUCK_SECONDS = 3600
"""A message that has waited this long is stuck."""
MISSED_TICKS = 3
"""A worker that has missed so many ticks is dead or stopped."""


def options(arguments: Sequence[str]) -> tuple[Path | None, str] | None:
    """Configuration and output format of a plain `bot health …`; None if click must explain."""
    found = {"--config": "", "--output": "text"}
    rest = list(arguments)
    while rest:
        name, _, value = rest.pop(0).partition("=")
        if name not in found or not (value or rest):
            return None
        found[name] = value or rest.pop(0)
    if found["--output"] not in ("text", "json"):
        return None
    return (Path(found["--config"]) if found["--config"] else None), found["--output"]


def report(config: Path | None, output: str, environ: Mapping[str, str]) -> int:
    """One line, or JSON, on stdout; exit code 0 healthy, 1 not."""
    verdict = _verdict(config or _default(environ), environ)
    if output == "json":
        sys.stdout.write(json.dumps(verdict) + "\n")
    else:
        sys.stdout.write(f"{'ok' if verdict['healthy'] else 'not healthy'}: {verdict['why']}\n")
    return 0 if verdict["healthy"] else 1


def _default(environ: Mapping[str, str]) -> Path:
    if Path("config.yaml").exists():
        return Path("config.yaml")
    return Path(environ.get("BOT_CONFIG", "config.yaml"))


def _verdict(config: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        url = _store_url(config, environ)
    except (BotError, OSError, ValueError, ImportError) as error:
        return {"healthy": False, "why": str(error).partition("\n")[0]}
    return verdict(open_light(url), datetime.now(UTC), gethostname().partition(".")[0])


def verdict(light: Light, now: datetime, host: str) -> dict[str, Any]:
    """What a database tells of the bot's health: `healthy`, `why`, and what that rests on.

    Of several workers, the one on this host counts; without one, the one heard last.
    """
    try:
        found = pulses(light)
        oldest = light.rows(_OLDEST)[0][0]
    except (BotError, ImportError, sqlite3.Error) as error:
        return {"healthy": False, "why": str(error).partition("\n")[0]}
    return _judged(found, oldest, now, host)


def _judged(
    pulses: Mapping[str, tuple[str, str]], oldest: str | None, now: datetime, host: str
) -> dict[str, Any]:
    fetched = pulses.get("fetched")
    failed = pulses.get("failed")
    worker = _worker(pulses, now, host)
    found: dict[str, Any] = {
        "last_fetch": fetched[0] if fetched else None,
        "last_check": pulses["checked"][0] if "checked" in pulses else None,
        "last_tick": worker.at if worker else None,
        "last_error": failed[1] if failed else None,
        "oldest_waiting": oldest,
    }
    why = (worker and worker.trouble(now)) or _misread(pulses) or _trouble(found, now)
    ticked = f", last tick {max(0.0, _seconds(worker.at, now)):.0f} s ago" if worker else ""
    fine = f"last fetch {_age(fetched, now)} ago{ticked}"
    return {"healthy": why is None, "why": why or fine, **found}


class _Worker(NamedTuple):
    """A worker's last tick, and what it said of itself."""

    host: str
    at: str
    said: Mapping[str, Any]

    def trouble(self, now: datetime) -> str | None:
        silent = _seconds(self.at, now)
        if silent > MISSED_TICKS * float(self.said.get("tick", 30)):
            return f"the worker on {self.host} has not ticked for {silent:.0f} seconds"
        if self.said.get("stopped"):
            return f"the worker's {self.said.get('doing') or 'run'} is stopped and does not move"
        return self.said.get("unread") or None


def _worker(pulses: Mapping[str, tuple[str, str]], now: datetime, host: str) -> _Worker | None:
    """The worker that counts; one that was silent for longer than a fetch may be old is history."""
    known = [
        _Worker(name.removeprefix(TICKED), at, _json(detail))
        for name, (at, detail) in pulses.items()
        if name.startswith(TICKED) and _seconds(at, now) < STALE_SECONDS
    ]
    here = [worker for worker in known if worker.host == host[:32]]
    return max(here or known, key=lambda worker: worker.at, default=None)


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _misread(pulses: Mapping[str, tuple[str, str]]) -> str | None:
    if MISREAD in pulses:
        return f"the configuration has mistakes, the last good one is used: {pulses[MISREAD][1]}"
    crashed = sorted(name for name in pulses if name.startswith(CRASHED))
    return pulses[crashed[0]][1] if crashed else None


def _trouble(found: Mapping[str, Any], now: datetime) -> str | None:
    if found["last_fetch"] is None:
        return "nothing was fetched yet"
    if _seconds(found["last_fetch"], now) > STALE_SECONDS:
        return f"the last whole fetch is {_hours(found['last_fetch'], now)} hours old"
    if found["oldest_waiting"] and _seconds(found["oldest_waiting"], now) > STUCK_SECONDS:
        return f"a message has waited {_hours(found['oldest_waiting'], now)} hours in the outbox"
    if found["last_error"]:
        return str(found["last_error"]).partition("\n")[0]
    return None


def _age(pulse: tuple[str, str] | None, now: datetime) -> str:
    seconds = _seconds(pulse[0], now) if pulse else 0
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _hours(text: str, now: datetime) -> int:
    return round(_seconds(text, now) / 3600)


def _seconds(text: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(text)).total_seconds()


def _store_url(config: Path, environ: Mapping[str, str]) -> str:
    from bot.config import written, yamlfile  # noqa: PLC0415 - only needed here; no pydantic

    data = yamlfile.load(config).data
    store = (data.get("store", {}) if isinstance(data, dict) else data) or {}
    url = store.get("url", written.DEFAULT_STORE) if isinstance(store, dict) else None
    if not isinstance(url, str):
        raise ConfigError(f"{config} has mistakes: `bot config validate` tells them")
    if "${" in url:
        from bot.config.environment import expand  # noqa: PLC0415
        from bot.config.textfile import read_secret  # noqa: PLC0415

        url = expand({"url": url}, environ, read_secret)[0]["url"]
    return written.absolute_store_url(url, config.parent)


_OLDEST = "SELECT min(created_at) FROM outbox WHERE state <> 'sent'"
