"""Write the sample: `python -m bot.sources.sample.make [FOLDER]`.

The same bytes on every run. A recording's pages are what OpenAI would have answered at its instant.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from bot.sources.sample import FOLDER
from bot.sources.sample.acme import (
    AS_OF,
    EVERY_DAY,
    FIRST_DAY,
    KEYS,
    PEOPLE,
    PROJECTS,
    QUERIES,
    TODAY,
    Key,
    Project,
    token,
)
from bot.sources.sample.days import Bill, bills
from bot.sources.sample.usage import ENDPOINTS, usage_results

Json = dict[str, Any]

COST_BUCKETS: Final = 60
USAGE_BUCKETS: Final = 31
BIG_PAGE: Final = 12_000
"""Bytes from which on a page is compressed."""

FREE_LINE: Final = (date(2026, 11, 9), "evals | gpt-5.6-terra, input")
"""Tokens shared with OpenAI that day: free, its amount a Decimal128 zero."""
LONG_AMOUNT: Final = (date(2026, 10, 21), "text-embedding-3-small, input", QUERIES.id)
"""Written with the 34 digits that a Decimal128 has."""


def make(folder: Path) -> None:
    """Write the whole recording into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    calls = [
        {"path": path, "params": params, "pages": [_write(folder, *page) for page in pages]}
        for path, params, pages in _calls()
    ]
    recording = {
        "format": 1,
        "as_of": f"{AS_OF:%Y-%m-%dT%H:%M:%SZ}",
        "organization": "Acme",
        "days": [str(FIRST_DAY), str(TODAY + timedelta(days=1))],
        "calls": calls,
    }
    (folder / "recording.json").write_bytes(_dumped(recording, indent=1))


_Params = list[list[str]]
_Page = tuple[str, Json]
_Call = tuple[str, _Params, list[_Page]]


def _calls() -> Iterator[_Call]:
    yield _by_day("costs", COST_BUCKETS, ("project_id", "line_item", "api_key_id"), _cost_results)
    for kind, endpoint in ENDPOINTS.items():
        results = partial(usage_results, kind)
        yield _by_day(f"usage/{kind}", USAGE_BUCKETS, endpoint.group_by, results)
    yield _listed("projects", [["include_archived", "true"]], [_project(p) for p in PROJECTS])
    for project in PROJECTS:
        keys = [_key(key) for key in KEYS if key.project is project and not key.deleted]
        access = [["owner_project_access", "any"]]
        yield _listed(f"projects/{project.id}/api_keys", access, keys)
    yield _listed("users", [], [_user(name) for name in PEOPLE])


def _by_day(
    path: str, limit: int, group_by: tuple[str, ...], results: Callable[[date], list[Json]]
) -> _Call:
    buckets = [_bucket(day, results(day)) for day in EVERY_DAY]
    params = [
        ["start_time", str(_unix(FIRST_DAY))],
        ["end_time", str(_unix(TODAY + timedelta(days=1)))],
        ["bucket_width", "1d"],
        *(["group_by", name] for name in group_by),
        ["limit", str(limit)],
    ]
    pages = [
        (_file(path, n), _page(path, buckets[first : first + limit], first + limit))
        for n, first in enumerate(range(0, len(buckets), limit), start=1)
    ]
    return f"/organization/{path}", params, pages


def _page(path: str, buckets: list[Json], following: int) -> Json:
    more = following < len(EVERY_DAY)
    cursor = b64encode(f"{path}:{following}".encode()).decode()
    return {
        "object": "page",
        "data": buckets,
        "has_more": more,
        "next_page": f"page_{cursor}" if more else None,
    }


def _bucket(day: date, results: list[Json]) -> Json:
    end = min(_unix(day + timedelta(days=1)), int(AS_OF.timestamp()))
    return {"object": "bucket", "start_time": _unix(day), "end_time": end, "results": results}


def _cost_results(day: date) -> list[Json]:
    return [_cost_result(day, bill) for bill in bills(day)]


def _cost_result(day: date, bill: Bill) -> Json:
    return {
        "object": "organization.costs.result",
        "amount": {"value": _amount(day, bill), "currency": "usd"},
        "line_item": bill.line_item,
        "project_id": bill.project_id,
        "api_key_id": bill.api_key_id,
        "quantity": bill.quantity,
        "quantity_unit": bill.unit,
    }


def _amount(day: date, bill: Bill) -> str:
    """Most amounts are JSON numbers, some are strings, as real bills have them."""
    if (day, bill.line_item) == FREE_LINE:
        return _number("0E-6176")
    if (day, bill.line_item, bill.api_key_id) == LONG_AMOUNT:
        places = 33 - bill.amount.adjusted()
        return _number(f"{bill.amount:.{places}f}")
    text = f"{bill.amount.normalize():f}"
    is_string = token(day, bill.line_item, bill.api_key_id, size=1) in "abcdefghijk"
    return text if is_string else _number(text)


def _listed(path: str, params: _Params, items: list[Json]) -> _Call:
    page = {
        "object": "list",
        "data": items,
        "first_id": items[0]["id"] if items else None,
        "last_id": items[-1]["id"] if items else None,
        "has_more": False,
    }
    return f"/organization/{path}", [*params, ["limit", "100"]], [(_file(path, 1), page)]


def _project(project: Project) -> Json:
    return {
        "id": project.id,
        "object": "organization.project",
        "name": project.name,
        "created_at": _unix(project.created),
        "archived_at": None if project.archived is None else _unix(project.archived),
        "status": "active" if project.archived is None else "archived",
        "external_key_id": None,
    }


def _key(key: Key) -> Json:
    created = _unix(key.project.created)
    return {
        "object": "organization.project.api_key",
        "redacted_value": f"sk-...{token('shown', key.name, size=4)}",
        "name": key.name,
        "created_at": created,
        "last_used_at": _unix(key.project.archived or TODAY),
        "id": key.id,
        "owner_project_access": "active",
        "owner": {"type": "user", "user": {**_person(key.owner), "created_at": created}},
    }


def _user(name: str) -> Json:
    added = _unix(date(2025, 2, 3))
    return {"object": "organization.user", **_person(name), "added_at": added}


def _person(name: str) -> Json:
    email = f"{name.split(maxsplit=1)[0].lower()}@acme.example"
    role = PEOPLE[name]
    return {
        "id": f"user-{token('user', name, size=24)}",
        "name": name,
        "email": email,
        "role": role,
    }


def _unix(day: date) -> int:
    return int(datetime.combine(day, time.min, UTC).timestamp())


def _file(path: str, number: int) -> str:
    stem = re.sub(r"^projects/(.*)/api_keys$", r"api_keys-\1", path).replace("/", "-")
    return f"{stem}-{number:04}.json"


def _number(text: str) -> str:
    """A marked string, which `_dumped` writes as a bare JSON number, digit for digit."""
    return f"\0{text}\0"


def _dumped(value: Json, indent: int | None = None) -> bytes:
    text = json.dumps(value, indent=indent)
    return re.sub(r'"\\u0000(.*?)\\u0000"', r"\1", text).encode() + b"\n"


def _write(folder: Path, name: str, page: Json) -> str:
    body = _dumped(page)
    if len(body) > BIG_PAGE:
        name, body = f"{name}.gz", gzip.compress(body, mtime=0)
    (folder / name).write_bytes(body)
    return name


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
