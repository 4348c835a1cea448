"""Rows as the API states them: money per day, and use per day.

Named tuples rather than dataclasses because there may be millions of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class CostRow(NamedTuple):
    """Money billed for one UTC day × project × line item × API key. The truth about money.

    A dimension that was not grouped by, or that the organisation itself is charged for, is None.
    """

    day: date
    project_id: str | None
    line_item: str | None
    api_key_id: str | None
    nanos: int
    quantity: float | None = None
    quantity_unit: str | None = None


class UsageKind(StrEnum):
    """The ten usage endpoints, by the last part of their path (OpenAI API reference)."""

    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"
    MODERATIONS = "moderations"
    IMAGES = "images"
    AUDIO_SPEECHES = "audio_speeches"
    AUDIO_TRANSCRIPTIONS = "audio_transcriptions"
    VECTOR_STORES = "vector_stores"
    CODE_INTERPRETER_SESSIONS = "code_interpreter_sessions"
    FILE_SEARCH_CALLS = "file_search_calls"
    WEB_SEARCH_CALLS = "web_search_calls"


class UsageRow(NamedTuple):
    """Volume for one UTC day × project × model × API key. The truth about use; not money.

    `input_tokens` already holds the cached ones. `units` counts what is not a token:
    images, characters, seconds, bytes, sessions or calls, as the kind says.
    """

    day: date
    kind: UsageKind
    project_id: str | None
    model: str | None
    api_key_id: str | None
    batch: bool | None = None
    service_tier: str | None = None
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    units: float = 0.0


class CostDay(NamedTuple):
    """Everything the Costs API says of one UTC day. `whole` is False for a part of the day.

    `currency` is the ISO 4217 code that all amounts are in; None where there are none. `rows` may
    be columns (`bot.spend.columns`), which make each row only when it is asked for.
    """

    day: date
    rows: Sequence[CostRow]
    whole: bool = True
    currency: str | None = None


class UsageDay(NamedTuple):
    """Everything one usage endpoint says of one UTC day. `whole` is False for a part of it."""

    day: date
    kind: UsageKind
    rows: tuple[UsageRow, ...]
    whole: bool = True


class Name(NamedTuple):
    """What people call an id. `dimension` is `project`, `api_key` or `user`."""

    dimension: str
    id: str
    name: str
    project_id: str | None = None
