"""The buttons of an alert as Block Kit, and what a press of one of them says.

A button carries the alert's key. A menu's option holds 150 characters, too few for one, so the
block's id tells the alert by a fingerprint of its key. Limits: docs.slack.dev, "Block Kit".
"""

from __future__ import annotations

from hashlib import sha256

from bot.messages.model import REST_OF_PERIOD, Buttons
from bot.messages.slack_text import Json, plain_text

ACKNOWLEDGE = "budget_bot_acknowledge"
SNOOZE = "budget_bot_snooze"
WHY = "budget_bot_why"
DASHBOARD = "budget_bot_dashboard"
DASHBOARD_URL = "https://platform.openai.com/usage"

_MOST_VALUE = 2_000
_BLOCK = "budget_bot"


def controls(part: Buttons) -> list[Json]:
    """The block of buttons; none for a key that no button can carry."""
    if len(part.alert_key) > _MOST_VALUE:
        return []
    known = f"{_BLOCK}:{fingerprint(part.alert_key)}:{part.version}"
    acknowledge = {**_button("Acknowledge", ACKNOWLEDGE, part.alert_key), "style": "primary"}
    return [
        {
            "type": "actions",
            "block_id": known,
            "elements": [
                *([acknowledge] if part.acknowledge else []),
                _menu(part.snoozes),
                _button("Why?", WHY, part.alert_key),
                {**_button("Open dashboard", DASHBOARD, part.alert_key), "url": DASHBOARD_URL},
            ],
        }
    ]


def fingerprint(key: str) -> str:
    """Stands for an alert's key where that is too long: 40 letters."""
    return sha256(key.encode()).hexdigest()[:40]


def fingerprint_in(block_id: str) -> str:
    """The fingerprint in the id of a block of buttons; empty for any other block."""
    name, _, rest = block_id.partition(":")
    return rest.partition(":")[0] if name == _BLOCK else ""


def _button(label: str, action: str, value: str) -> Json:
    return {"type": "button", "text": plain_text(label), "action_id": action, "value": value}


def _menu(snoozes: tuple[str, ...]) -> Json:
    return {
        "type": "static_select",
        "action_id": SNOOZE,
        "placeholder": plain_text("Snooze"),
        "options": [{"text": plain_text(_label(one)), "value": one} for one in snoozes],
    }


def _label(length: str) -> str:
    return "Rest of the period" if length == REST_OF_PERIOD else f"Snooze {length}"
