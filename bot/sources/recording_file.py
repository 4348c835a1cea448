"""A recorded folder: recording.json, and the raw pages it names.

    {"format": 1, "as_of": "2026-11-20T09:30:00Z", "organization": "Acme",
     "days": ["2026-08-12", "2026-11-21"],
     "calls": [{"path": "/organization/costs", "params": [["start_time", "1786..."], ...],
                "pages": ["costs-0001.json", ...]}, ...]}

Pages are bodies as the API sent them; any file may be gzipped, with `.gz` behind its name.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bot.errors import ConfigError, SourceError
from bot.sources.paging import Answer, Call, Get, Params
from bot.spend.calendar import ONE_DAY, Span, utc_day

FORMAT = 1
INDEX = "recording.json"
LARGEST_FILE = 64 * 1024 * 1024
"""Decompressed bytes a file may have."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One query, the days it asked for, and the names of its pages."""

    call: Call
    asked: Span
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """What recording.json says: `days` is covered, half-open; `as_of` is aware, in UTC."""

    folder: Path
    as_of: datetime
    days: Span
    calls: tuple[RecordedCall, ...]
    organization: str | None = None

    def at(self, path: str) -> list[RecordedCall]:
        """The calls to one endpoint, in order."""
        return [recorded for recorded in self.calls if recorded.call.path == path]

    def pages_of(self, recorded: RecordedCall) -> Get:
        """Answers the questions of this call with its pages, one after another."""
        names = iter(recorded.pages)

        def get(_path: str, _params: Params) -> Answer:
            name = next(names, None)
            if name is None:
                raise SourceError(
                    f"{recorded.call.endpoint}: the recording breaks off, a page is missing"
                )
            return Answer(_page(self.folder, name))

        return get


def load(folder: Path) -> Recording:
    """Read recording.json; ConfigError names the file if it is missing or not a recording."""
    path = folder / INDEX
    try:
        content = json.loads(_read(path))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such recording",
            hint="`bot fetch --record DIR` makes one; source.path names its folder.",
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{path} cannot be read: {_reason(error)}") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{path} is not valid JSON") from None
    try:
        return _recording(folder, content)
    except _WrongError as wrong:
        raise ConfigError(f"{path}: {wrong}") from None


class _WrongError(Exception):
    """What is wrong with recording.json."""


def _recording(folder: Path, content: Any) -> Recording:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _WrongError(f"`format` must be {FORMAT}")
    as_of = _instant(content.get("as_of"))
    days = _days(content.get("days"))
    calls = content.get("calls")
    if not isinstance(calls, list):
        raise _WrongError("`calls` must be a list")
    name = content.get("organization")
    return Recording(
        folder,
        as_of,
        days,
        tuple(_call(number, call, days, as_of) for number, call in enumerate(calls, 1)),
        name if isinstance(name, str) else None,
    )


def _instant(text: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise _WrongError("`as_of` must be an instant such as 2026-11-20T09:30:00Z") from None
    if instant.tzinfo is None:
        raise _WrongError("`as_of` must end with Z or an offset")
    return instant.astimezone(UTC)


def _days(pair: Any) -> Span:
    try:
        start, end = pair
        return Span(date.fromisoformat(start), date.fromisoformat(end))
    except (TypeError, ValueError):
        wrong = '`days` must be the first day and the day after the last: ["2026-08-12", ...]'
        raise _WrongError(wrong) from None


def _call(number: int, call: Any, days: Span, as_of: datetime) -> RecordedCall:
    where = f"call {number}"
    if not isinstance(call, dict) or not isinstance(call.get("path"), str):
        raise _WrongError(f"{where} has no `path`")
    params = _params(call.get("params", []), where)
    pages = call.get("pages")
    if not isinstance(pages, list) or not all(_is_file_name(name) for name in pages):
        raise _WrongError(f"{where}: `pages` must be a list of file names in the same folder")
    asked = _asked(dict(params), days, as_of, where)
    return RecordedCall(Call(call["path"], params), asked, tuple(pages))


def _params(pairs: Any, where: str) -> Params:
    try:
        params = tuple((name, value) for name, value in pairs)
    except (TypeError, ValueError):
        params = ((None, None),)
    if not all(isinstance(text, str) for pair in params for text in pair):
        raise _WrongError(f"{where}: `params` must be a list of pairs of strings")
    return params


def _asked(params: Mapping[str, str], days: Span, as_of: datetime, where: str) -> Span:
    """The days from `start_time` to `end_time`; without an end, until the recording was made."""
    try:
        start = _day(params["start_time"]) if "start_time" in params else days.start
        end = _day(params["end_time"], -1) if "end_time" in params else utc_day(as_of)
        return Span(start, end + ONE_DAY)
    except (ValueError, OverflowError, OSError):
        raise _WrongError(f"{where}: its times are not a span of Unix seconds") from None


def _day(seconds: str, offset: int = 0) -> date:
    return utc_day(datetime.fromtimestamp(int(seconds) + offset, UTC))


def _is_file_name(name: Any) -> bool:
    """Whether a name stays in its folder, on any system."""
    plain = isinstance(name, str) and Path(name).name == name and name != ".."
    return plain and not set(name) & set("/\\:\0")


def _page(folder: Path, name: str) -> bytes:
    try:
        return _read(folder / name)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise SourceError(f"{folder / name} cannot be read: {_reason(error)}") from None


def _read(path: Path) -> bytes:
    """The bytes of a file, or of its gzipped form."""
    zipped = path if path.suffix == ".gz" else path.with_name(f"{path.name}.gz")
    if path.suffix != ".gz" and (path.exists() or not zipped.exists()):
        with path.open("rb") as plain:
            content = plain.read(LARGEST_FILE + 1)
    else:
        with gzip.open(zipped) as unzipped:
            content = unzipped.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise OSError(f"larger than {LARGEST_FILE // 1024 // 1024} MiB")
    return content


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or "it is incomplete"
