"""`bot export`: what is held, as CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from bot.commands.common import configuration
from bot.errors import UsageError
from bot.spend.calendar import ONE_DAY, Span, utc_day
from bot.spend.names import visible
from bot.store.database import open_forgetful
from bot.store.history import History
from bot.store.listing import ALERTS, USAGE, Listing, Row

Rows = Generator[Row, None, None]
Writer = Callable[[Rows, Sequence[str], IO[bytes]], None]

_BEGINNING = date(2020, 6, 1)  # the API's
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""A text cell that begins so is a formula to a spreadsheet (OWASP, "CSV injection")."""
_UNSEEN = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def run_export(
    *,
    what: str,
    form: str,
    out: Path | None,
    since: date | None,
    until: date | None,
    config: Path | None,
) -> int:
    """Exit code 0. Raises UsageError where the output cannot be written."""
    loaded = configuration(config)
    now = datetime.now(UTC)
    end = (until or utc_day(now)) + ONE_DAY
    days = Span(min(since or _BEGINNING, end), end)
    database = open_forgetful(loaded.store_url)
    try:
        History(database).decide_currency(now)  # in the copy: a first reading may be under way
        listing = Listing(database)
        columns = {"costs": listing.columns_of_costs, "usage": USAGE, "alerts": ALERTS}[what]
        rows = {"costs": listing.costs, "usage": listing.usage, "alerts": listing.alerts}[what]
        with _opened(out) as file, closing(rows(days)) as found:
            _WRITERS[form](found, columns, file)
    finally:
        database.close()
    return 0


def _csv(rows: Rows, columns: Sequence[str], file: IO[bytes]) -> None:
    line = csv.writer(_Encoded(file), lineterminator="\n")
    line.writerow(columns)
    for row in rows:
        line.writerow([_cell(row[column]) for column in columns])


def _cell(value: Any) -> Any:
    """Text on one line without terminal codes; a `'` in front where it would be a formula."""
    if not isinstance(value, str):
        return value
    text = visible(value)
    is_risky = text.lstrip().startswith(_FORMULA) and not _is_number(text)
    return f"'{text}" if is_risky else text


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()


def _json(rows: Rows, _columns: Sequence[str], file: IO[bytes]) -> None:
    """One array, an object a line; what cannot be seen is escaped, and so harms no terminal."""
    before = b"[\n"
    for row in rows:
        line = json.dumps(row, ensure_ascii=False, default=str)
        file.write(before + _UNSEEN.sub(_escaped, line).encode())
        before = b",\n"
    file.write((before if before == b"[\n" else b"\n") + b"]\n")


def _parquet(rows: Rows, columns: Sequence[str], file: IO[bytes]) -> None:
    import pandas as pd  # noqa: PLC0415 - heavy, and only needed here

    frame = pd.DataFrame.from_records(list(rows), columns=list(columns))
    try:
        frame.to_parquet(file, index=False)
    except ImportError:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed",
            hint="pip install 'openai-budget-bot[parquet]', or choose --format csv or json",
        ) from None


_WRITERS: dict[str, Writer] = {"csv": _csv, "json": _json, "parquet": _parquet}


class _Encoded:
    """A binary file as the csv module wants one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        self._file.write(text.encode("utf-8", "replace"))


@contextmanager
def _opened(out: Path | None) -> Iterator[IO[bytes]]:
    """Stdout, or a file that appears whole or not at all."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}.", delete=False) as file:
            try:
                yield file
                file.flush()
                os.replace(file.name, out)  # noqa: PTH105 - of a name, not of a path
            except BaseException:
                os.unlink(file.name)  # noqa: PTH108 - as above
                raise
    except OSError as error:
        raise UsageError(
            f"--out {out}: {error.strerror}", hint="name a file in a folder that can be written"
        ) from None
