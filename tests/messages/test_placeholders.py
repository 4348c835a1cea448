"""Charts find their place in blocks that were rendered before they were uploaded."""

from __future__ import annotations

from bot.messages.placeholders import Json, placed, placeholders

DIVIDER: Json = {"type": "divider"}


def image(file_id: str) -> Json:
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": "up"}


def test_charts_get_their_ids_and_those_without_one_are_left_out() -> None:
    marks = placeholders(["a.png", "b.png"])
    waiting = [image(marks["a.png"]), DIVIDER, image(marks["b.png"])]
    assert placed(waiting, {"b.png": "F02"}) == [DIVIDER, image("F02")]
    assert placed(waiting, {}) == [DIVIDER]
    assert waiting[0] == image("@chart:a.png")


def test_a_picture_that_has_its_id_stays() -> None:
    assert placed([image("F01")], {}) == [image("F01")]
