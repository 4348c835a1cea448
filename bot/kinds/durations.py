"""Lengths of time as options of rules and settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, StringConstraints

from bot.spend.durations import FORM, duration_words, parse_duration

Written = Annotated[str, StringConstraints(pattern=f"^{FORM.pattern}$")]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration, json_schema_input_type=Written),
    PlainSerializer(duration_words, when_used="json"),
]
