"""What is remembered of alerts and said about them belongs together."""

from __future__ import annotations

import pytest

from bot.changes import Changes
from bot.messages.model import Message, MessageType
from tests.build import NOW


def message(key: str) -> Message:
    return Message(key=key, type=MessageType.ALERT, channel="#costs", summary=key, blocks=())


def said_in_part(changes: Changes) -> None:
    with changes.whole():
        changes.messages.append(message("caps/two"))
        raise ZeroDivisionError


def test_an_error_takes_back_what_was_said_of_one_alert_and_of_no_other() -> None:
    changes = Changes(NOW)
    with changes.whole():
        changes.messages.append(message("caps/one"))
    with pytest.raises(ZeroDivisionError):
        said_in_part(changes)
    assert [said.key for said in changes.messages] == ["caps/one"]
    assert changes.alerts == []
