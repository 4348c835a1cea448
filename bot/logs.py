"""What is written to stderr while nobody watches: one line per event, as text or as JSON.

No value breaks a line, and nothing that looks like a key, a token or a webhook's address gets out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from bot import redaction
from bot.redaction import without_secrets

TEXT, JSON = "text", "json"

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_hidden = redaction.hidden
_writing: set[str] = set()


def hide(*secrets: str) -> None:
    """Never shows these values in a log, or anywhere, from now on."""
    redaction.hide(*secrets)


def safe(text: str) -> str:
    """The text on one line, without secrets: control characters become spaces."""
    return _CONTROL.sub(" ", without_secrets(text)).strip()


class TextFormat(logging.Formatter):
    """`2026-11-20T09:00:00Z warning worker: what happened (exit=70)`."""

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{k}={v}" for k, v in _fields(record).items())
        told = f"{safe(record.getMessage())}{f' ({safe(fields)})' if fields else ''}"
        why = f": {safe(str(record.exc_info[1]))}" if record.exc_info else ""
        return f"{_instant(record)} {record.levelname.lower()} {_name(record)}: {told}{why}"


class JsonFormat(logging.Formatter):
    """One JSON object per line: `at`, `level`, `name`, `message`, and what belongs to the event."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": _instant(record),
            "level": record.levelname.lower(),
            "name": _name(record),
            "message": safe(record.getMessage()),
            **{k: safe(v) if isinstance(v, str) else v for k, v in _fields(record).items()},
        }
        if record.exc_info:
            told["error"] = safe(self.formatException(record.exc_info))
        return json.dumps(told)


class PlainFormat(logging.Formatter):
    """As Python writes a message where nobody asked for logs; without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


if logging.lastResort is not None:
    logging.lastResort.setFormatter(PlainFormat())
_bugs: list[str] = []


def bug(what: str, error: BaseException | None = None) -> None:
    """Notes that an exception, the one being handled, is a bug that stopped one part.

    The other parts go on; the command then ends with exit 70.
    """
    _bugs.append(what)
    logging.getLogger("bot").error("%s: a bug in the bot", what, exc_info=error or sys.exc_info())


@contextmanager
def harmless(what: str) -> Iterator[None]:
    """A bug inside stops what is inside, and nothing else."""
    try:
        yield
    except Exception:  # noqa: BLE001 - the others are told
        bug(what)


def bugs() -> list[str]:
    """The bugs noted since this was asked last."""
    found, _bugs[:] = list(_bugs), []
    return found


_FORMATS = {TEXT: TextFormat, JSON: JsonFormat}


def write_logs(form: str, stream: TextIO | None = None) -> None:
    """Sends every log of this process to stderr, in the form `text` or `json`."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_FORMATS[form]())
    _writing.add(form)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("urllib3", "slack_sdk", "matplotlib", "schedule"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def say(text: str) -> None:
    """A line or two for whoever runs a command: on stderr as it is, or as a log if logs are on."""
    if _writing:
        event("bot", logging.WARNING, text.removeprefix("bot: "))
    else:
        sys.stderr.write(without_secrets(text) + "\n")


def crash(text: str) -> None:
    """Says that the exception being handled is a bug, with its traceback."""
    if _writing:
        told = text.removeprefix("bot: ")
        logging.getLogger("bot").error(told, exc_info=sys.exc_info())
    else:
        sys.stderr.write(without_secrets(traceback.format_exc() + text) + "\n")


def event(name: str, level: int, message: str, **fields: object) -> None:
    """Logs that something happened; `fields` are what a machine may look for."""
    logging.getLogger(name).log(level, "%s", message, extra={"fields": fields})


def _fields(record: logging.LogRecord) -> dict[str, object]:
    found = getattr(record, "fields", {})
    return dict(found) if isinstance(found, dict) else {}


def _name(record: logging.LogRecord) -> str:
    return record.name.removeprefix("bot.")


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def relay(line: str) -> str:
    """Logs a line that a child process has logged as JSON, or written in any other form.

    Returns what it says, without time and level.
    """
    try:
        told = json.loads(line)
        level = logging.getLevelNamesMapping()[told.pop("level").upper()]
        name, message, _ = told.pop("name"), str(told.pop("message")), told.pop("at")
    except (ValueError, KeyError, AttributeError, TypeError):
        event("bot.run", logging.WARNING, line)
        return safe(line)
    event(f"bot.{name}", level, message, **told)
    return message
