"""What the fake organisation has: rows of money and volume, projects, keys, users.

Rows are values; a test restates a day by changing the lists of `FakeOpenAI`. Amounts keep their
exact literal on the wire (`dumps`): a `Decimal` or `Raw` is written as it stands, a `str` as a
JSON string, anything else as JSON has it.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Context, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, NamedTuple


class Raw(str):
    """Text written into the JSON without quotes: `Raw("0E-6176")`, also `Raw("NaN")`."""

    __slots__ = ()


class CostRow(NamedTuple):
    """Money of one UTC day. `amount` is any JSON value, `Decimal` or `Raw`; dollars."""

    day: date
    amount: Any
    project_id: str | None = None
    line_item: str | None = None
    api_key_id: str | None = None
    currency: str = "usd"
    quantity: Any = None
    unit: str | None = None
    user_id: str | None = None


class UsageRow(NamedTuple):
    """Volume of one UTC day, spread evenly over it (over what has passed of it, for today)."""

    day: date
    measures: Mapping[str, int]
    project_id: str | None = None
    model: str | None = None
    api_key_id: str | None = None
    user_id: str | None = None
    dims: Mapping[str, Any] = MappingProxyType({})  # batch, service_tier, size, source, ...

    def dimension(self, name: str) -> Any:
        """The row's value of a dimension, None if it has none."""
        return self.dims.get(name) if name not in self._fields else getattr(self, name)


class Project(NamedTuple):
    """A project; archived when `archived_at` (Unix seconds) is set."""

    id: str
    name: str | None
    archived_at: int | None = None
    created_at: int = 1711471533


class ApiKey(NamedTuple):
    """A project's key. An owner without access hides it unless the listing asks for `any`."""

    id: str
    name: str | None
    owner_access: str = "active"
    created_at: int = 1711471533


class User(NamedTuple):
    """A person of the organisation."""

    id: str
    name: str | None
    email: str | None = None
    role: str = "reader"
    added_at: int = 1711471533


class Kind(NamedTuple):
    """One usage endpoint: what its results are called, measure, and can be grouped by."""

    result: str
    measures: tuple[str, ...]
    group_by: tuple[str, ...]
    filters: Mapping[str, str]  # parameter -> dimension
    optional: tuple[str, ...] = ()


_COMMON = ("project_id", "user_id", "api_key_id", "model")
_FILTERS = {
    "project_ids": "project_id",
    "user_ids": "user_id",
    "api_key_ids": "api_key_id",
    "models": "model",
}
_BY_PROJECT = {"project_ids": "project_id"}
_TOKENS = (
    "input_cached_tokens",
    "input_cache_write_tokens",
    "input_uncached_tokens",
    "input_text_tokens",
    "output_text_tokens",
    "input_cached_text_tokens",
    "input_audio_tokens",
    "input_cached_audio_tokens",
    "output_audio_tokens",
    "input_image_tokens",
    "input_cached_image_tokens",
    "output_image_tokens",
)
_FILE_SEARCH = {k: v for k, v in _FILTERS.items() if k != "models"}

KINDS: Mapping[str, Kind] = {
    "completions": Kind(
        "completions",
        ("input_tokens", "output_tokens", "num_model_requests"),
        (*_COMMON, "batch", "service_tier"),
        _FILTERS | {"batch": "batch"},
        _TOKENS,
    ),
    "embeddings": Kind("embeddings", ("input_tokens", "num_model_requests"), _COMMON, _FILTERS),
    "moderations": Kind("moderations", ("input_tokens", "num_model_requests"), _COMMON, _FILTERS),
    "images": Kind(
        "images",
        ("images", "num_model_requests"),
        (*_COMMON, "size", "source"),
        _FILTERS | {"sources": "source", "sizes": "size"},
    ),
    "audio_speeches": Kind(
        "audio_speeches", ("characters", "num_model_requests"), _COMMON, _FILTERS
    ),
    "audio_transcriptions": Kind(
        "audio_transcriptions", ("seconds", "num_model_requests"), _COMMON, _FILTERS
    ),
    "vector_stores": Kind("vector_stores", ("usage_bytes",), ("project_id",), _BY_PROJECT),
    "code_interpreter_sessions": Kind(
        "code_interpreter_sessions", ("num_sessions",), ("project_id",), _BY_PROJECT
    ),
    "file_search_calls": Kind(
        "file_searches",
        ("num_requests",),
        ("project_id", "user_id", "api_key_id", "vector_store_id"),
        _FILE_SEARCH | {"vector_store_ids": "vector_store_id"},
    ),
    "web_search_calls": Kind(
        "web_searches",
        ("num_model_requests", "num_requests"),
        (*_COMMON, "context_level"),
        _FILTERS | {"context_levels": "context_level"},
    ),
}


def dumps(value: Any) -> bytes:
    """JSON with `Decimal` and `Raw` as bare literals, digit for digit."""
    mark = uuid.uuid4().hex
    text = json.dumps(_marked(value, mark), ensure_ascii=False)
    return re.sub(f'"{mark}(.*?)"', r"\1", text).encode("utf-8", "surrogatepass")


def _marked(value: Any, mark: str) -> Any:
    match value:
        case Raw() | Decimal():
            return f"{mark}{value}"
        case dict():
            return {key: _marked(item, mark) for key, item in value.items()}
        case list():
            return [_marked(item, mark) for item in value]
        case _:
            return value


_EXACT = Context(prec=200)


def total(amounts: Iterable[Any]) -> Any:
    """The sum as the API would write it: one amount keeps its literal; several are added exactly.

    Strings only give a string, else a number. Where one is no number at all (a hostile test), it
    stands for the whole group.
    """
    values = list(amounts)
    if len(values) == 1:
        return values[0]
    numbers = [_number(value) for value in values]
    for value, number in zip(values, numbers, strict=True):
        if number is None:
            return value
    exact = Decimal(0)
    for number in numbers:
        if number:  # a zero such as 0E-6176 would only stretch the exponent
            exact = _EXACT.add(exact, number)
    strings = all(isinstance(value, str) and not isinstance(value, Raw) for value in values)
    return str(exact) if strings else exact


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
