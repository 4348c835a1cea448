"""What Acme can use, and what each unit of it is billed as.

Line items are spelt as real bills spell them. Prices are invented, of a believable size: they are
not OpenAI's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple


class Line(NamedTuple):
    """What one measure of a product becomes on the bill."""

    measure: str
    item: str
    usd: Decimal
    """Dollars per unit."""
    unit: str | None


class Product(NamedTuple):
    """A model, or a service without one, as one usage endpoint reports it."""

    kind: str
    model: str | None
    """Its name in usage rows."""
    lines: tuple[Line, ...]


def _per_million(measure: str, item: str, usd: str) -> Line:
    return Line(measure, item, Decimal(usd) / 1_000_000, "tokens")


def _chat(model: str, uncached: str, cached: str, writes: str, output: str) -> Product:
    lines = (
        _per_million("uncached", f"{model}, input", uncached),
        _per_million("cached", f"{model}, cached input", cached),
        _per_million("writes", f"{model}, cache writes", writes),
        _per_million("output", f"{model}, output", output),
    )
    return Product("completions", model, lines)


SOL: Final = _chat("gpt-5.6-sol", "2.50", "0.25", "3.125", "15")
TERRA: Final = _chat("gpt-5.6-terra", "0.80", "0.08", "1", "4.80")
MINI: Final = _chat("gpt-5.4-mini-2026-03-17", "0.30", "0.03", "0.375", "2.40")
OLDER: Final = _chat("gpt-5.4-2026-03-05", "1.75", "0.175", "2.1875", "14")

# Usage and bill give the image model's date differently, as they do in reality.
IMAGE: Final = Product(
    "completions",
    "gpt-image-2-2026-04-21",
    (
        _per_million("uncached", "gpt-image-2 text, input", "5"),
        _per_million("image_output", "gpt-image-2 image, output", "30"),
    ),
)
AUDIO: Final = Product(
    "completions",
    "gpt-audio-mini-2025-12-15",
    (
        _per_million("audio", "gpt-audio-mini-2025-12-15 audio, input", "10"),
        _per_million("output", "gpt-audio-mini-2025-12-15 text, output", "2.40"),
    ),
)
EMBEDDING: Final = Product(
    "embeddings",
    "text-embedding-3-small",
    (_per_million("uncached", "text-embedding-3-small, input", "0.02"),),
)
WHISPER: Final = Product(
    "audio_transcriptions",
    "whisper-1",
    (Line("seconds", "whisper", Decimal("0.0001"), "duration_seconds"),),
)
MODERATION: Final = Product("moderations", "omni-moderation-latest", ())  # free of charge
WEB_SEARCH: Final = Product(
    "web_search_calls",
    "gpt-5.6-sol",
    (Line("calls", "web search tool calls", Decimal("0.01"), None),),
)
FILE_SEARCH: Final = Product(
    "file_search_calls",
    None,
    (Line("calls", "assistants api | file search", Decimal("0.0025"), None),),
)
VECTOR_STORAGE: Final = Product(
    "vector_stores",
    None,
    (Line("gibibyte_hours", "Vector storage", Decimal("0.0042"), "gibibyte_hours"),),
)
