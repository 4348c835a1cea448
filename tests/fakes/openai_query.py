"""A request to a costs or usage endpoint, read and refused as the API does.

Arrays come as repeated keys, as `name[]` or joined by commas. Limits, defaults and messages follow
the OpenAI API reference; messages nobody has published are marked "wording is ours". Stricter than
known: a parameter the reference does not have is refused.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, NoReturn

from tests.fakes.http import Request
from tests.fakes.openai_rows import KINDS

DAY = 86_400
API_KEY_COSTS_SINCE = 1_764_979_200  # 2025-12-06: costs by key exist from here on
COST_GROUPS = ("project_id", "line_item", "api_key_id", "user_id")  # user_id is undocumented
COST_FILTERS = {"project_ids": "project_id", "api_key_ids": "api_key_id"}
WIDTHS = {"1d": (DAY, 7, 31), "1h": (3_600, 24, 168), "1m": (60, 60, 1_440)}
COST_WIDTHS = {"1d": (DAY, 7, 180)}
SINGLE = ("start_time", "end_time", "bucket_width", "limit", "page")


class ApiError(Exception):
    """An answer of the form `{"error": {...}}`."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {
                "message": message,
                "type": "invalid_request_error",
                "param": param,
                "code": code,
            }
        }


class Query(NamedTuple):
    """What a valid request asks: buckets of `width` seconds in [start, end), and which page."""

    kind: str | None  # None: costs
    start: int
    end: int
    width: int
    limit: int
    group_by: tuple[str, ...]
    filters: dict[str, frozenset[str]]  # dimension -> accepted values
    page: int  # 0 for the first
    digest: bytes

    def cursor(self, page: int) -> str:
        """The opaque `next_page`: good for this very query only. Holds `=` as real ones do."""
        return "page_" + base64.b64encode(page.to_bytes(4) + self.digest).decode()


def read_query(request: Request, kind: str | None, now: int) -> Query:
    """The request as a `Query`; raises `ApiError` (400) where the API refuses."""
    arguments = _arguments(request, kind)
    start = _integer(arguments, "start_time", required=True)
    end = _integer(arguments, "end_time", default=now)
    width, limit = _width_and_limit(arguments, kind)
    groups = _groups(arguments, kind)
    if kind is None:
        start, end = _cost_range(start, end, arguments, groups)
    if end <= start and "end_time" in arguments:
        refuse("'end_time' must be after 'start_time'.", param="end_time")  # wording is ours
    asked = repr((request.path, sorted(_unpaged(request))))
    digest = hashlib.blake2s(asked.encode("utf-8", "replace"), digest_size=16).digest()
    page = _page(arguments, digest)
    filters = _filters(arguments, kind)
    return Query(kind, start, min(end, now), width, limit, groups, filters, page, digest)


def refuse(message: str, *, param: str | None = None, code: str | None = None) -> NoReturn:
    """400."""
    raise ApiError(400, message, param=param, code=code)


def _arguments(request: Request, kind: str | None) -> dict[str, list[str]]:
    known = {*SINGLE, "group_by", *_filter_names(kind)}
    arguments: dict[str, list[str]] = {}
    for raw_name, value in request.query:
        name = raw_name.removesuffix("[]")
        if name not in known:
            refuse(f"Unknown parameter: '{raw_name}'.", param=raw_name, code="unknown_parameter")
        values = [value] if name in SINGLE else value.split(",")
        arguments.setdefault(name, []).extend(values)
    return arguments


def _filter_names(kind: str | None) -> dict[str, str]:
    return dict(COST_FILTERS if kind is None else KINDS[kind].filters)


def _integer(
    arguments: dict[str, list[str]], name: str, *, default: int = 0, required: bool = False
) -> int:
    if name not in arguments:
        if required:
            message = f"Missing required parameter: '{name}'."
            refuse(message, param=name, code="missing_required_parameter")
        return default
    text = arguments[name][-1]
    try:
        return int(text)
    except ValueError:
        message = f"Invalid type for '{name}': expected an integer, but got '{text}' instead."
        refuse(message, param=name, code="invalid_type")


def _width_and_limit(arguments: dict[str, list[str]], kind: str | None) -> tuple[int, int]:
    widths = COST_WIDTHS if kind is None else WIDTHS
    name = arguments.get("bucket_width", ["1d"])[-1]
    if name not in widths:
        refuse(_not_among(name, widths), param="bucket_width", code="invalid_value")
    width, default, largest = widths[name]
    limit = _integer(arguments, "limit", default=default)
    bound = f"less than or equal to {largest}" if limit > largest else "greater than 0"
    if not 1 <= limit <= largest:
        message = f"Invalid limit provided: {limit}. Limit must be {bound}."
        refuse(message, code="invalid_request_error")
    return width, limit


def _groups(arguments: dict[str, list[str]], kind: str | None) -> tuple[str, ...]:
    allowed = COST_GROUPS if kind is None else KINDS[kind].group_by
    groups = tuple(dict.fromkeys(arguments.get("group_by", ())))
    for name in groups:
        if name not in allowed:
            refuse(_not_among(name, allowed), param="group_by", code="invalid_value")
    return groups


def _not_among(value: str, allowed: Any) -> str:
    return f"Invalid value: '{value}'. Supported values are: {', '.join(map(repr, allowed))}."


def _cost_range(
    start: int, end: int, arguments: dict[str, list[str]], groups: tuple[str, ...]
) -> tuple[int, int]:
    """Costs know whole days: start down, end up to midnight; a range within one date is refused."""
    if "api_key_id" in groups and start < API_KEY_COSTS_SINCE:
        message = (
            "Grouping by 'api_key_id' is only available for 'start_time' on or after "
            f"{API_KEY_COSTS_SINCE}."
        )
        refuse(message, param="start_time", code="invalid_request_error")
    if "end_time" in arguments and end // DAY == start // DAY:
        message = "'start_time' and 'end_time' must not be on the same UTC date."  # ours
        refuse(message, param="end_time", code="invalid_request_error")
    return start - start % DAY, end + -end % DAY


def _filters(arguments: dict[str, list[str]], kind: str | None) -> dict[str, frozenset[str]]:
    names = _filter_names(kind)
    return {names[name]: frozenset(arguments[name]) for name in names if name in arguments}


def _unpaged(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.query if name != "page"]


def _page(arguments: dict[str, list[str]], digest: bytes) -> int:
    if "page" not in arguments:
        return 0
    cursor = arguments["page"][-1]
    try:
        raw = base64.b64decode(cursor.removeprefix("page_"), validate=True)
    except ValueError:
        raw = b""
    if len(raw) != 20 or raw[4:] != digest:
        message = "Invalid 'page': the cursor does not belong to this query."  # wording is ours
        refuse(message, param="page", code="invalid_request_error")
    return int.from_bytes(raw[:4])


def day_of(second: int) -> date:
    """The UTC day an instant belongs to."""
    return datetime.fromtimestamp(second, UTC).date()


def midnight(day: date) -> int:
    """Unix seconds at the start of a UTC day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
