"""What stands in an answer of Slack, or the error that something else answered.

A proxy or a sign-in page can send any JSON. A list that is not there is no empty list: taken for
one, a message that was posted would be looked for in vain and posted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.delivery.base import Json
from bot.delivery.slack_errors import in_doubt
from bot.errors import DeliveryError

_LONGEST_CURSOR = 4_096


def not_slack() -> DeliveryError:
    """An answer that cannot be Slack's. The message may have been posted all the same."""
    return in_doubt("the answer did not come from Slack")


def words(answer: Mapping[str, Any], name: str) -> str:
    """The text under a name; raises DeliveryError if there is none."""
    found = answer.get(name)
    if not isinstance(found, str) or not found:
        raise not_slack()
    return found


def an_object(answer: Mapping[str, Any], name: str) -> Json:
    """The object under a name, empty if there is none; raises DeliveryError for anything else."""
    found = answer.get(name)
    if found is not None and not isinstance(found, dict):
        raise not_slack()
    return found or {}


def a_list(answer: Mapping[str, Any], name: str) -> list[Any]:
    """The list under a name; raises DeliveryError if there is none."""
    found = answer.get(name)
    if not isinstance(found, list):
        raise not_slack()
    return found


def objects(answer: Mapping[str, Any], name: str) -> list[Json]:
    """The list of objects under a name; raises DeliveryError if it is none."""
    found = a_list(answer, name)
    if not all(isinstance(one, dict) for one in found):
        raise not_slack()
    return found


def next_cursor(answer: Mapping[str, Any]) -> str | None:
    """What asks for the next page; None after the last. Raises DeliveryError if it is no text."""
    found = an_object(answer, "response_metadata").get("next_cursor")
    if found is None or found == "":
        return None
    if not isinstance(found, str) or len(found) > _LONGEST_CURSOR:
        raise not_slack()
    return found
