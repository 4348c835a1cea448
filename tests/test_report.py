"""What a run could not see, in words."""

from __future__ import annotations

from bot.report import DataState, Report
from bot.sources.base import FetchFailure
from bot.spend.calendar import ONE_DAY, Span
from bot.spend.currency import USD
from tests.build import NOW, TODAY

DAYS = Span(TODAY, TODAY + ONE_DAY)
REFUSED = "the connection was refused (tried 5 times)"


def trouble(*failures: tuple[str, str, str | None]) -> tuple[tuple[str, str | None], ...]:
    data = DataState(None, None, (), {}, {}, USD)
    parts = tuple(FetchFailure(part, DAYS, why, hint) for part, why, hint in failures)
    return Report(NOW, data, failures=parts).trouble


def test_what_fails_alike_is_told_as_one() -> None:
    kinds = ["completions", "embeddings", "images"]
    failures = [(f"usage/{kind}", f"usage/{kind}: {REFUSED}", None) for kind in kinds]
    told = trouble(("costs", f"costs: {REFUSED}", None), *failures)
    assert told == ((f"costs and 3 kinds of usage: {REFUSED}", None),)


def test_two_kinds_of_usage_are_named() -> None:
    told = trouble(*((f"usage/{k}", f"usage/{k}: {REFUSED}", None) for k in ("images", "audio")))
    assert told == ((f"usage/images and usage/audio: {REFUSED}", None),)


def test_another_reason_or_way_out_is_told_by_itself() -> None:
    failures = (
        ("costs", "costs: refused", "look here"),
        ("usage/images", "usage/images: refused", None),
        ("names", "names could not be read", None),
    )
    assert trouble(*failures) == (
        ("costs: refused", "look here"),
        ("usage/images: refused", None),
        ("names could not be read", None),
    )
