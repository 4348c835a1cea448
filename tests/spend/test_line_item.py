"""Line items as bills show them, and what is made of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.spend.line_item import LineItem, family, parse
from tests.examples import examples

REAL = [
    LineItem(
        "ft-gpt-4o-2024-08-06, input",
        snapshot="ft-gpt-4o-2024-08-06",
        family="ft-gpt-4o",
        component="input",
    ),
    LineItem(
        "ft-gpt-4o-2024-08-06, output",
        snapshot="ft-gpt-4o-2024-08-06",
        family="ft-gpt-4o",
        component="output",
    ),
    LineItem(
        "evals | gpt-4o-mini-2024-07-18, input",
        surface="evals",
        snapshot="gpt-4o-mini-2024-07-18",
        family="gpt-4o-mini",
        component="input",
    ),
    LineItem("assistants api | file search", surface="assistants api", service="file search"),
    LineItem(
        "gpt-4o-2024-08-06, input",
        snapshot="gpt-4o-2024-08-06",
        family="gpt-4o",
        component="input",
    ),
    LineItem(
        "gpt-4o-mini-2024-07-18, input",
        snapshot="gpt-4o-mini-2024-07-18",
        family="gpt-4o-mini",
        component="input",
    ),
    LineItem(
        "gpt-4o-mini-2024-07-18, output",
        snapshot="gpt-4o-mini-2024-07-18",
        family="gpt-4o-mini",
        component="output",
    ),
    LineItem(
        "gpt-4o-mini-2024-07-18, cached input",
        snapshot="gpt-4o-mini-2024-07-18",
        family="gpt-4o-mini",
        component="cached input",
    ),
    LineItem(
        "text-embedding-3-small, input",
        snapshot="text-embedding-3-small",
        family="text-embedding-3-small",
        component="input",
    ),
    LineItem(
        "gpt-4.1-2025-04-14, input",
        snapshot="gpt-4.1-2025-04-14",
        family="gpt-4.1",
        component="input",
    ),
    LineItem(
        "gpt-4.1-2025-04-14, output",
        snapshot="gpt-4.1-2025-04-14",
        family="gpt-4.1",
        component="output",
    ),
    LineItem(
        "gpt-5-mini-2025-08-07, output",
        snapshot="gpt-5-mini-2025-08-07",
        family="gpt-5-mini",
        component="output",
    ),
    LineItem(
        "gpt-5.5-2026-04-23, input",
        snapshot="gpt-5.5-2026-04-23",
        family="gpt-5.5",
        component="input",
    ),
    LineItem(
        "gpt-5.5-2026-04-23, output",
        snapshot="gpt-5.5-2026-04-23",
        family="gpt-5.5",
        component="output",
    ),
    LineItem(
        "gpt-5.5-2026-04-23, cached input",
        snapshot="gpt-5.5-2026-04-23",
        family="gpt-5.5",
        component="cached input",
    ),
    LineItem("web search tool calls", service="web search tool calls"),
    LineItem(
        "priority | gpt-5.6-sol, output, long context",
        tier="priority",
        snapshot="gpt-5.6-sol",
        family="gpt-5.6-sol",
        component="output",
        long_context=True,
    ),
    LineItem(
        "flex | gpt-5-mini-2025-08-07, input",
        tier="flex",
        snapshot="gpt-5-mini-2025-08-07",
        family="gpt-5-mini",
        component="input",
    ),
    LineItem(
        "gpt-5.4-mini-2026-03-17, input",
        snapshot="gpt-5.4-mini-2026-03-17",
        family="gpt-5.4-mini",
        component="input",
    ),
    LineItem(
        "gpt-5.4-mini-2026-03-17, output",
        snapshot="gpt-5.4-mini-2026-03-17",
        family="gpt-5.4-mini",
        component="output",
    ),
    LineItem(
        "gpt-5.4-mini-2026-03-17, cached input",
        snapshot="gpt-5.4-mini-2026-03-17",
        family="gpt-5.4-mini",
        component="cached input",
    ),
    LineItem(
        "gpt-5.4-2026-03-05, output",
        snapshot="gpt-5.4-2026-03-05",
        family="gpt-5.4",
        component="output",
    ),
    LineItem(
        "gpt-5.6-sol, input",
        snapshot="gpt-5.6-sol",
        family="gpt-5.6-sol",
        component="input",
    ),
    LineItem(
        "gpt-audio-mini-2025-12-15 audio, input",
        snapshot="gpt-audio-mini-2025-12-15",
        family="gpt-audio-mini",
        modality="audio",
        component="input",
    ),
    LineItem(
        "gpt-audio-mini-2025-12-15 text, input",
        snapshot="gpt-audio-mini-2025-12-15",
        family="gpt-audio-mini",
        modality="text",
        component="input",
    ),
    LineItem(
        "gpt-audio-mini-2025-12-15 text, output",
        snapshot="gpt-audio-mini-2025-12-15",
        family="gpt-audio-mini",
        modality="text",
        component="output",
    ),
    LineItem(
        "gpt-5.6-terra, output",
        snapshot="gpt-5.6-terra",
        family="gpt-5.6-terra",
        component="output",
    ),
    LineItem(
        "gpt-5.6-terra, cached input",
        snapshot="gpt-5.6-terra",
        family="gpt-5.6-terra",
        component="cached input",
    ),
    LineItem(
        "gpt-5.6-terra, cache writes",
        snapshot="gpt-5.6-terra",
        family="gpt-5.6-terra",
        component="cache writes",
    ),
    LineItem(
        "gpt-image-1 image, output",
        snapshot="gpt-image-1",
        family="gpt-image-1",
        modality="image",
        component="output",
    ),
    LineItem(
        "gpt-image-1 text, input",
        snapshot="gpt-image-1",
        family="gpt-image-1",
        modality="text",
        component="input",
    ),
    LineItem(
        "gpt-image-2-2026-04-21 text, input",
        snapshot="gpt-image-2-2026-04-21",
        family="gpt-image-2",
        modality="text",
        component="input",
    ),
    LineItem(
        "gpt-image-2 image, output",
        snapshot="gpt-image-2",
        family="gpt-image-2",
        modality="image",
        component="output",
    ),
    LineItem(
        "gpt-image-1.5-2025-12-16 image, cached input",
        snapshot="gpt-image-1.5-2025-12-16",
        family="gpt-image-1.5",
        modality="image",
        component="cached input",
    ),
    LineItem(
        "gpt-image-2.5-flare image, output",
        snapshot="gpt-image-2.5-flare",
        family="gpt-image-2.5-flare",
        modality="image",
        component="output",
    ),
    LineItem(
        "gpt-image-2.5-flare text, input",
        snapshot="gpt-image-2.5-flare",
        family="gpt-image-2.5-flare",
        modality="text",
        component="input",
    ),
    LineItem(
        "gpt-image-2.5-sunburst text, cached input",
        snapshot="gpt-image-2.5-sunburst",
        family="gpt-image-2.5-sunburst",
        modality="text",
        component="cached input",
    ),
    LineItem("whisper", snapshot="whisper", family="whisper-1"),
    LineItem("Vector storage", service="Vector storage"),
]

WEAK = [
    LineItem("Text tokens", service="Text tokens"),
    LineItem("Web search tool calls", service="Web search tool calls"),
    LineItem("Image models", service="Image models"),
    LineItem("input_tokens", service="input_tokens"),
    LineItem(
        "whisper-1, audio",
        snapshot="whisper-1",
        family="whisper-1",
        component="audio",
    ),
    LineItem(
        "gpt-realtime-2.1-mini-2026-08-28, audio input",
        snapshot="gpt-realtime-2.1-mini-2026-08-28",
        family="gpt-realtime-2.1-mini",
        modality="audio",
        component="input",
    ),
    LineItem(
        "gpt-live-1, voice session",
        snapshot="gpt-live-1",
        family="gpt-live-1",
        component="voice session",
    ),
    LineItem("fine-tuning", service="fine-tuning"),
    LineItem("Completions", service="Completions"),
    LineItem("flex | gpt-5-mini-...", tier="flex", service="gpt-5-mini-..."),
]

COMBINED = [
    LineItem(
        "evals | priority | gpt-5.6-sol, input",
        surface="evals",
        tier="priority",
        snapshot="gpt-5.6-sol",
        family="gpt-5.6-sol",
        component="input",
    ),
    LineItem(
        "gpt-5.6-sol, input, some zone, long context",
        snapshot="gpt-5.6-sol",
        family="gpt-5.6-sol",
        component="input, some zone",
        long_context=True,
    ),
    LineItem(
        "  gpt-5.6-sol ,  input ",
        snapshot="gpt-5.6-sol",
        family="gpt-5.6-sol",
        component="input",
    ),
]


@pytest.mark.parametrize("expected", REAL, ids=lambda item: item.raw)
def test_every_line_item_seen_on_a_real_bill_is_taken_apart(expected: LineItem) -> None:
    assert parse(expected.raw) == expected


@pytest.mark.parametrize("expected", WEAK, ids=lambda item: item.raw)
def test_line_items_of_weak_evidence_make_sense_too(expected: LineItem) -> None:
    assert parse(expected.raw) == expected


@pytest.mark.parametrize("expected", COMBINED, ids=lambda item: item.raw)
def test_parts_combine(expected: LineItem) -> None:
    assert parse(expected.raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        ",",
        "|",
        ", input",
        "gpt-4o,",
        "evals | ",
        " | gpt-4o, input",
        "Scale Tier units, monthly",
        "-x, input",
        "gpt-4o, input, ,",
        "Größe, input",
    ],
)
def test_what_does_not_follow_the_grammar_keeps_its_raw_name_and_no_model(raw: str) -> None:
    assert parse(raw) == LineItem(raw, parsed=False)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o", "gpt-4o"),
        ("gpt-5.4-mini-2026-03-17", "gpt-5.4-mini"),
        ("gpt-3.5-turbo-0125", "gpt-3.5-turbo-0125"),
        ("gpt-3.5-turbo-1106", "gpt-3.5-turbo-1106"),
        ("gpt-4-turbo-2024-04-09-preview", "gpt-4-turbo-2024-04-09-preview"),
        ("ft:gpt-4o-2024-08-06:acme::abc", "ft-gpt-4o"),
        ("ft:gpt-4o-2024-08-06:acme:triage:abc:ckpt-step-90", "ft-gpt-4o"),
        ("ft:gpt-3.5-turbo-0125:acme::abc", "ft-gpt-3.5-turbo-0125"),
        ("ft:", "ft:"),
        ("-2024-08-06", "-2024-08-06"),
        ("gpt-4o-٢٠٢٤-٠٨-٠٦", "gpt-4o-٢٠٢٤-٠٨-٠٦"),
        ("whisper", "whisper-1"),
        ("", ""),
    ],
)
def test_a_models_family_is_its_name_without_the_date(model: str, name: str) -> None:
    assert family(model) == name


@pytest.mark.parametrize(
    ("used", "billed"),
    [
        ("gpt-image-1-2025-04-23", "gpt-image-1 image, output"),
        ("gpt-image-2", "gpt-image-2-2026-04-21 text, input"),
        ("gpt-5.4-mini-2026-03-17", "gpt-5.4-mini-2026-03-17, cached input"),
        ("gpt-5.6-sol", "priority | gpt-5.6-sol, output, long context"),
        ("ft:gpt-4o-2024-08-06:acme::abc", "ft-gpt-4o-2024-08-06, input"),
        ("whisper-1", "whisper"),
        ("gpt-audio-mini-2025-12-15", "gpt-audio-mini-2025-12-15 audio, input"),
    ],
)
def test_usage_and_bill_call_a_model_by_one_family(used: str, billed: str) -> None:
    assert family(used) == parse(billed).family


def test_a_fine_tuned_model_is_not_mixed_with_the_model_it_was_tuned_from() -> None:
    assert parse("ft-gpt-4o-2024-08-06, input").family != parse("gpt-4o-2024-08-06, input").family


PIECES = st.sampled_from(
    (
        *(" | ", "|", ", ", ",", " ", "gpt-4o", "-2024-08-06", "priority", "text", "input"),
        *("whisper", "long context", "ft:", ":", "\n", "\ud800", "٢"),
    )
)


@examples(50)
@given(st.text() | st.lists(PIECES).map("".join))
def test_no_string_is_refused_or_lost(raw: str) -> None:
    item = parse(raw)
    assert item.raw == raw
    assert item.family is None or item.family == family(item.snapshot or "") != ""
    if item.parsed:
        assert (item.family is None) != (item.service is None)
    else:
        assert item == LineItem(raw, parsed=False)


@examples(50)
@given(st.text() | st.lists(PIECES).map("".join))
def test_every_model_with_a_name_has_a_family(model: str) -> None:
    assert bool(family(model)) is bool(model.strip())
