"""What a line item of the bill names: model, component, tier, or a service without a model.

OpenAI documents no grammar. What real bills show is
`[<surface or tier> | ]<model>[ <modality>], <component>[, long context]`, or the name of a service
without a comma. What does not fit keeps its money under its raw name, without a model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

TIERS = frozenset({"priority", "flex", "batch", "scale", "default"})
"""Prefixes that name a service tier; any other prefix is a surface, such as `evals`."""

MODALITIES = frozenset({"text", "image", "audio"})

COMPONENTS = frozenset({"input", "output", "cached input", "cache writes"})
"""The components of 66 of 67 line items of one measured bill. Others are kept as they are."""

MODEL_ALIASES = {"whisper": "whisper-1"}
"""Names that the bill gives to models of the usage pages, and which need no component."""

LONG_CONTEXT = "long context"
_DATE = re.compile(r"-[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_MODEL = re.compile(r"[a-z0-9][\w.:/-]*\Z", re.ASCII)
_KEPT = 4096  # a bill has a hundred or so; the bound is against a source that makes them up


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line item taken apart. Money without a `family` is shown under "other"."""

    raw: str
    surface: str | None = None
    """Where the model was used, if not by plain API calls: `evals`, `assistants api`."""
    tier: str | None = None
    """`priority`, `flex` ...; None is the standard tier. Batch discounts are never named."""
    snapshot: str | None = None
    """The model as billed: `gpt-4o-2024-08-06`."""
    family: str | None = None
    """The model without its date, as `family` gives it for the usage pages: `gpt-4o`."""
    modality: str | None = None
    """`text`, `image` or `audio` where one model has a price for each."""
    component: str | None = None
    """What of the model is charged: `input`, `cached input`, `output` ..."""
    long_context: bool = False
    service: str | None = None
    """What is charged where there is no model: `web search tool calls`, `Vector storage`."""
    parsed: bool = True
    """False where the string does not follow the grammar: only `raw` is known."""


@lru_cache(maxsize=_KEPT)
def parse(raw: str) -> LineItem:
    """Take a line item apart. Any string is accepted: what is not understood is only kept."""
    *prefixes, body = (part.strip() for part in raw.split("|"))
    head, *details = (part.strip() for part in body.split(","))
    if not all((*prefixes, head, *details)):
        return LineItem(raw, parsed=False)
    tier = next((prefix for prefix in prefixes if prefix in TIERS), None)
    surface = " | ".join(prefix for prefix in prefixes if prefix not in TIERS) or None
    if not details and head not in MODEL_ALIASES:
        return LineItem(raw, surface, tier, service=head)
    return _model_line(raw, surface, tier, head, details)


@lru_cache(maxsize=_KEPT)
def family(model: str) -> str:
    """Return the name that a model goes by in usage and bill alike: its date is stripped.

    Usage and costs disagree about the date in both directions (`gpt-image-1-2025-04-23` is billed
    as `gpt-image-1`, `gpt-image-2` as `gpt-image-2-2026-04-21`), and a fine-tuned
    `ft:gpt-4o-2024-08-06:acme::abc` is billed as `ft-gpt-4o-2024-08-06`: all fine-tunes of a model
    are one family, apart from the model's own. Only `-YYYY-MM-DD` is a date: `gpt-3.5-turbo-0125`
    and `gpt-3.5-turbo-1106` stay two models.
    """
    name = model.strip()
    prefix, colon, tuned = name.partition(":")
    base = tuned.partition(":")[0]
    if prefix == "ft" and colon and base:
        name = f"ft-{base}"
    undated = _DATE.sub("", name) or name
    return MODEL_ALIASES.get(undated, undated)


def _model_line(
    raw: str, surface: str | None, tier: str | None, head: str, details: list[str]
) -> LineItem:
    snapshot, modality = _without_modality(head)
    if not _MODEL.match(snapshot):
        return LineItem(raw, parsed=False)
    charged = ", ".join(detail for detail in details if detail != LONG_CONTEXT)
    spoken, _, component = charged.partition(" ")
    if spoken in MODALITIES and component in COMPONENTS:  # "..., audio input"
        modality, charged = spoken, component
    return LineItem(
        raw,
        surface,
        tier,
        snapshot=snapshot,
        family=family(snapshot),
        modality=modality,
        component=charged or None,
        long_context=LONG_CONTEXT in details,
    )


def _without_modality(head: str) -> tuple[str, str | None]:
    """Split `gpt-image-2 image` into the model and what of it is charged."""
    name, _, last = head.rpartition(" ")
    return (name.strip(), last) if name and last in MODALITIES else (head, None)
