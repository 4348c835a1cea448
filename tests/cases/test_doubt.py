"""An empty answer for a day that was known changes nothing that was told, and is told itself."""

from __future__ import annotations

from tests.cases.stage import YESTERDAY, Place, at

NOT_BELIEVED = (
    "bot: Thu 19 Nov reads $0.00 where $120.00 was known, without 2 projects of it: not "
    "believed yet"
)


def test_a_known_day_that_comes_back_empty_keeps_its_money_and_is_missing(place: Place) -> None:
    assert place.bot("check", *at(0)) == 0
    told = list(place.keys)
    place.openai.hidden_days.add(YESTERDAY)
    ran = place.run("check", *at(1))
    assert ran.code == 4
    assert NOT_BELIEVED in ran.err
    assert "To believe it at once: bot fetch --since 2026-11-19" in ran.err
    assert "Thu 19 Nov is missing: not read whole, only what was known before counts." in ran.out
    found = place.document("check", "--dry-run", *at(2), code=4)["data"]
    assert found["totals"]["2026-11-19"] == {"state": "missing", "usd": "120"}
    assert found["missing_days"] == ["2026-11-19"]
    place.openai.hidden_days.clear()
    assert place.bot("check", *at(3)) == 0
    assert place.keys == told


def test_what_is_read_so_for_a_day_is_believed_and_so_is_what_somebody_asks_for(
    place: Place,
) -> None:
    place.bot("check", *at(0))
    place.openai.hidden_days.add(YESTERDAY)
    assert place.bot("fetch", *at(1)) == 4
    assert place.bot("fetch", *at(24)) == 4
    assert place.bot("fetch", *at(25)) == 0
    place.openai.hidden_days.clear()
    place.bot("fetch", *at(26))
    place.openai.hidden_days.add(YESTERDAY)
    assert place.bot("fetch", *at(27)) == 4
    assert place.bot("fetch", "--since", str(YESTERDAY), *at(27)) == 0
