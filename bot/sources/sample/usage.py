"""Usage results of a day of Acme, as each of the ten endpoints would write them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any, Final, NamedTuple

from bot.sources.sample.acme import STREAMS, Stream
from bot.sources.sample.days import Measures, used

Json = dict[str, Any]

_HOURS_OF_A_DAY: Final = 24
_BYTES_OF_A_GIBIBYTE: Final = 2**30
_TEXT: Final = ("uncached", "cached", "writes")


class Endpoint(NamedTuple):
    """One usage endpoint: what its results are called, group by, have as null, and measure."""

    result: str
    group_by: tuple[str, ...]
    nulls: tuple[str, ...]
    measured: Callable[[Measures], Json]


def _completions(measures: Measures) -> Json:
    """`input_tokens` holds the cached ones and the cache writes too, as OpenAI's does."""
    text = sum(measures.get(name, 0) for name in _TEXT)
    audio, cached = measures.get("audio", 0), measures.get("cached", 0)
    output, image = measures.get("output", 0), measures.get("image_output", 0)
    return {
        "input_tokens": text + audio,
        "output_tokens": output + image,
        "num_model_requests": measures["requests"],
        "input_cached_tokens": cached,
        "input_cache_write_tokens": measures.get("writes", 0),
        "input_uncached_tokens": measures.get("uncached", 0) + audio,
        "input_text_tokens": text,
        "output_text_tokens": output,
        "input_cached_text_tokens": cached,
        "input_audio_tokens": audio,
        "input_cached_audio_tokens": 0,
        "output_audio_tokens": 0,
        "input_image_tokens": 0,
        "input_cached_image_tokens": 0,
        "output_image_tokens": image,
    }


def _tokens(measures: Measures) -> Json:
    return {"input_tokens": measures["uncached"], "num_model_requests": measures["requests"]}


def _seconds(measures: Measures) -> Json:
    return {"seconds": measures["seconds"], "num_model_requests": measures["requests"]}


def _searches(measures: Measures) -> Json:
    return {"num_model_requests": measures["requests"], "num_requests": measures["calls"]}


def _calls(measures: Measures) -> Json:
    return {"num_requests": measures["calls"]}


def _stored(measures: Measures) -> Json:
    stored = measures["gibibyte_hours"] * _BYTES_OF_A_GIBIBYTE // _HOURS_OF_A_DAY
    return {"usage_bytes": stored}


def _never(_: Measures) -> Json:
    """Acme uses none of it: GPT images are among the completions, and it has no voices."""
    return {}


_USUAL: Final = ("project_id", "model", "api_key_id")
ENDPOINTS: Final = {
    "completions": Endpoint(
        "completions", (*_USUAL, "batch", "service_tier"), ("user_id",), _completions
    ),
    "embeddings": Endpoint("embeddings", _USUAL, ("user_id",), _tokens),
    "moderations": Endpoint("moderations", _USUAL, ("user_id",), _tokens),
    "images": Endpoint("images", _USUAL, ("user_id", "size", "source"), _never),
    "audio_speeches": Endpoint("audio_speeches", _USUAL, ("user_id",), _never),
    "audio_transcriptions": Endpoint("audio_transcriptions", _USUAL, ("user_id",), _seconds),
    "vector_stores": Endpoint("vector_stores", ("project_id",), (), _stored),
    "code_interpreter_sessions": Endpoint("code_interpreter_sessions", ("project_id",), (), _never),
    "file_search_calls": Endpoint(
        "file_searches", ("project_id", "api_key_id"), ("user_id", "vector_store_id"), _calls
    ),
    "web_search_calls": Endpoint("web_searches", _USUAL, ("user_id", "context_level"), _searches),
}
"""By the last part of their path; the results of two are called otherwise."""


def usage_results(kind: str, day: date) -> list[Json]:
    """The results of one bucket of an endpoint, ordered by their dimensions."""
    endpoint = ENDPOINTS[kind]
    groups: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for stream in STREAMS:
        if stream.product.kind == kind and (measures := used(stream, day)):
            dimensions = _dimensions(stream)
            groups[tuple(dimensions[name] for name in endpoint.group_by)].update(measures)
    return [_result(endpoint, ids, sums) for ids, sums in sorted(groups.items(), key=_by_ids)]


def _by_ids(group: tuple[tuple[Any, ...], Counter[str]]) -> list[str]:
    return [str(part) for part in group[0]]


def _result(endpoint: Endpoint, ids: tuple[Any, ...], sums: Counter[str]) -> Json:
    return {
        "object": f"organization.usage.{endpoint.result}.result",
        **endpoint.measured(dict(sums)),
        **dict(zip(endpoint.group_by, ids, strict=True)),
        **dict.fromkeys(endpoint.nulls),
    }


def _dimensions(stream: Stream) -> Json:
    return {
        "project_id": stream.key.project.id,
        "model": stream.product.model,
        "api_key_id": stream.key.id,
        "batch": stream.batch,
        "service_tier": stream.tier,
    }
