"""The buttons of an alert, and what a press of one says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.alerts.life import Alert
from bot.alerts.standing import Standing
from bot.messages.blockkit import blocks
from bot.messages.compose_alert import Address, compose_alert, compose_place
from bot.messages.controls import DASHBOARD_URL, controls, fingerprint, fingerprint_in
from bot.messages.html import page
from bot.messages.model import Buttons, Message
from tests.build import NOW
from tests.fakes.blockkit import problems
from tests.messages.test_alert_messages import first, search, shown, told

TO = Address("#llm-costs", None, NOW, interactive=True)


def actions(message: Message) -> list[dict[str, Any]]:
    made = blocks(message)
    assert problems(made) == []
    return [block for block in made if block["type"] == "actions"]


def labels(message: Message) -> list[str]:
    """What stands on the buttons, and in the menu."""
    (block,) = actions(message)
    found = []
    for element in block["elements"]:
        texts = [element.get("text") or element["placeholder"]]
        texts += [option["text"] for option in element.get("options", ())]
        found.append(" / ".join(text["text"] for text in texts))
    return found


def place(alert: Alert, **how: Any) -> Message:
    return compose_place(alert, search(140), NOW, interactive=True, **how)


def test_a_new_alert_can_be_acknowledged_silenced_explained_and_looked_up() -> None:
    message = compose_alert(first(search()), TO)
    assert labels(message) == [
        "Acknowledge",
        "Snooze / Snooze 1h / Snooze 4h / Snooze 24h",
        "Why?",
        "Open dashboard",
    ]
    (block,) = actions(message)
    acknowledge, _, why, dashboard = block["elements"]
    assert acknowledge["style"] == "primary"
    assert {acknowledge["value"], why["value"]} == {search().key}
    assert dashboard["url"] == DASHBOARD_URL == "https://platform.openai.com/usage"


def test_without_anybody_who_listens_there_are_no_buttons() -> None:
    assert actions(compose_alert(first(search()), replace(TO, interactive=False))) == []
    assert actions(compose_place(told(), search(), NOW)) == []


def test_the_rest_of_a_period_can_be_chosen_while_it_goes_on() -> None:
    today = replace(search().period, start=NOW.date(), end=NOW.date() + timedelta(days=1))
    message = compose_alert(first(replace(search(), period=today)), TO)
    assert "Snooze 24h / Rest of the period" in labels(message)[1]


def test_what_somebody_has_in_hand_is_not_acknowledged_again() -> None:
    acked = replace(told(), acked_at=NOW, acked_by="<@U0ADA00001>", updates=1)
    assert labels(place(acked))[0].startswith("Snooze")
    assert labels(place(replace(told(), snoozed_until=NOW, updates=1)))[0] == "Acknowledge"


def test_what_has_ended_has_no_buttons() -> None:
    for standing in (Standing.RESOLVED, Standing.CLOSED):
        assert actions(place(replace(told(), standing=standing, resolved_at=NOW))) == []


def test_who_pressed_is_named_as_a_member_and_anybody_else_as_a_word() -> None:
    alert = replace(told(), acked_at=NOW, acked_by="<@U0ADA00001>", snoozed_by="ann")
    made = blocks(place(replace(alert, snoozed_until=NOW + timedelta(hours=4))))
    (state,) = made[2]["elements"]
    assert {"type": "user", "user_id": "U0ADA00001"} in state["elements"]
    text = shown([place(replace(alert, snoozed_until=NOW + timedelta(hours=4)))])
    assert "Acknowledged by @U0ADA00001 on " in text
    assert "Snoozed by ann until " in text
    hostile = blocks(place(replace(alert, acked_by="<!channel> <@U0ADA00001>")))
    assert "user_id" not in str(hostile)


def test_each_update_has_another_block_that_still_tells_which_alert() -> None:
    ids = {actions(place(replace(told(), updates=n)))[0]["block_id"] for n in range(3)}
    assert len(ids) == 3
    assert {fingerprint_in(one) for one in ids} == {fingerprint(search().key)}
    assert fingerprint_in("other:block") == ""


def test_the_longest_key_keeps_to_slacks_limits_and_a_longer_one_has_no_buttons() -> None:
    longest = controls(Buttons("k" * 2_000, ("1h",)))
    assert problems(longest) == []
    assert controls(Buttons("k" * 2_001, ("1h",))) == []


def test_a_page_shows_the_buttons_and_a_terminal_leaves_them_out() -> None:
    message = compose_alert(first(search()), TO)
    assert ">Acknowledge</span>" in page([message], NOW, "$")
    assert "Acknowledge" not in shown([message])
