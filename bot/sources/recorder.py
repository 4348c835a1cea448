"""Saves what a fetch reads as a recording: raw pages, and recording.json at the end.

    recorder = Recorder(client, folder, as_of=now)
    for item in OpenAISource(recorder).fetch(days): ...
    recorder.finish(days)

Bodies only: never a header, a key, or anything of the request but path and parameters. Pages name
the organisation's people and keys, so files are readable by their owner alone.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import UsageError
from bot.sources.body import pieces
from bot.sources.deadline import Halt
from bot.sources.openai import Client
from bot.sources.paging import ROOT, Answer, Params
from bot.sources.recording_file import FORMAT, INDEX
from bot.spend.calendar import Span

_CURSORS = {"page", "after"}
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")
_KEYS = re.compile(re.escape(f"{ROOT}projects/") + "(.+)/api_keys")


@dataclass(slots=True)
class _Call:
    path: str
    params: Params
    pages: list[str] = field(default_factory=list)


class Recorder:
    """A client that writes every sound answer of another client to a new folder.

    Raises UsageError unless the folder is empty or does not exist. Threads may share it.
    """

    def __init__(
        self, client: Client, folder: Path, *, as_of: datetime, organization: str | None = None
    ) -> None:
        self._client = client
        self._folder = folder
        self._as_of = as_of.astimezone(UTC)
        self._organization = organization
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._numbers: Counter[str] = Counter()
        _make_empty(folder)

    def get(self, path: str, params: Params, halt: Halt | None = None) -> Answer:
        """As the other client's `get`; the body is on disk before it is handed on."""
        answer = self._client.get(path, params, halt)
        with self._lock:
            name = self._next_name(path)
            self._call(path, params).pages.append(name)
        _write_new(self._folder / name, pieces(answer.body))
        return answer

    def finish(self, days: Span) -> Path:
        """Write recording.json for the half-open span that was fetched; only now it is one."""
        index: dict[str, Any] = {
            "format": FORMAT,
            "as_of": self._as_of.isoformat().replace("+00:00", "Z"),
            "days": [days.start.isoformat(), days.end.isoformat()],
            "calls": [
                {"path": call.path, "params": [list(pair) for pair in call.params]}
                | {"pages": call.pages}
                for call in sorted(self._calls, key=lambda call: call.path)
            ],
        }
        if self._organization is not None:
            index["organization"] = self._organization
        path = self._folder / INDEX
        _write_new(path, [json.dumps(index, indent=1).encode()])
        return path

    def _call(self, path: str, params: Params) -> _Call:
        """The call a page belongs to; a question without a cursor begins a new one."""
        asked = tuple(pair for pair in params if pair[0] not in _CURSORS)
        if asked != params:
            for call in reversed(self._calls):
                if (call.path, call.params) == (path, asked):
                    return call
        self._calls.append(_Call(path, asked))
        return self._calls[-1]

    def _next_name(self, path: str) -> str:
        """`usage-completions-0001.json`: plain, short and unique whatever the ids hold."""
        keys = _KEYS.fullmatch(path)
        plain = f"api_keys-{keys[1]}" if keys else path.removeprefix(ROOT)
        stem = "-".join(_UNSAFE.sub("-", part)[:60] for part in re.split("[-/]", plain)[:4])
        self._numbers[stem.lower()] += 1  # some file systems do not tell A from a
        return f"{stem}-{self._numbers[stem.lower()]:04}.json"


def _make_empty(folder: Path) -> None:
    hint = "Name a folder that does not exist yet."
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder} is not a folder to record into", hint=hint)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty: a recording starts afresh", hint=hint)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}", hint=hint) from None


def _write_new(path: Path, content: Iterable[bytes]) -> None:
    """Write a file that must not exist yet, all or nothing, through no symbolic link."""
    part = path.with_name(f"{path.name}.part")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
        if path.is_symlink() or path.exists():
            raise UsageError(f"{path} appeared while recording")
        part.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
