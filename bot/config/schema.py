"""JSON Schemas of the configuration and of rule files: what editors check and complete by.

They say what may be written in YAML, before `${VARIABLES}` are put in. What one field demands of
another is not in them: `bot config validate` knows all of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import WithDefaultSchema

from bot.config.settings import Settings
from bot.kinds import KINDS
from bot.spend.durations import duration_words

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, Any]:
    """The schema of config.yaml."""
    found = Settings.model_json_schema(schema_generator=_AsWritten)
    return {"$schema": _DIALECT, **found, "title": "Budget Bot configuration"}


class _AsWritten(GenerateJsonSchema):
    """Defaults as people write them; none for whole sections, which show how we hold them."""

    def encode_default(self, dft: Any) -> Any:
        return duration_words(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        return {k: v for k, v in found.items() if k != "default" or not isinstance(v, dict)}


def rules_schema() -> dict[str, Any]:
    """The schema of a rules file: a list of rules, each by the schema of its `kind`."""
    references, shared = models_json_schema(
        [(model, "validation") for model in KINDS.values()], schema_generator=_AsWritten
    )
    for model in KINDS.values():
        shared["$defs"][model.__name__]["required"] = ["name", "kind"]
    return {
        "$schema": _DIALECT,
        "title": "Budget Bot rules",
        "type": "object",
        "additionalProperties": False,
        "required": ["rules"],
        "properties": {"rules": {"type": "array", "items": {"oneOf": list(references.values())}}},
        "$defs": shared["$defs"],
    }
