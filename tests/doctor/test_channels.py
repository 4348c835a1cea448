"""Channels are found by id or by name, in a workspace of any size, in bounded time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.delivery.line import Line
from bot.delivery.slack_account import SlackAccount
from bot.doctor.channels import Channels, Used
from tests.fakes import Channel, FakeSlack

PRIVATE = Channel("C0SECRET01", "secret", is_private=True)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    many = [Channel(f"C0MANY{n:05}", f"many-{n}") for n in range(2_500)]
    with FakeSlack(channels=[*many, Channel("C0COSTS001", "llm-costs"), PRIVATE]) as slack:
        yield slack


def looked_at(slack: FakeSlack, used: Used, *instants: float) -> dict[str, tuple[str, str]]:
    """State and words by channel; the clock tells these instants, then the last one on."""
    told = [*instants] or [0.0]
    account = SlackAccount(slack.bot_token, slack.base_url, Line(timeout=5))
    channels = Channels(account, used, lambda: told.pop(0) if len(told) > 1 else told[0])
    return {check.name: (check.state.value, check.says) for check in channels.checks()}


def test_names_are_looked_up_in_one_listing_and_ids_one_by_one(slack: FakeSlack) -> None:
    found = looked_at(
        slack,
        Used(dict.fromkeys(("#llm-costs", "many-7", "C0SECRET01", "#nowhere", "U0ADA00001"), "x")),
    )
    assert found == {
        "channel #llm-costs": ("ok", "the bot is in it (public)"),
        "channel many-7": ("ok", "the bot is in it (public)"),
        "channel C0SECRET01": ("ok", "the bot is in it (private)"),
        "channel #nowhere": ("failed", "Slack does not know #nowhere, or it is private"),
        "channel U0ADA00001": ("ok", "somebody's direct messages"),
    }
    assert len(slack.calls("conversations.list")) == 3  # pages
    assert len(slack.calls("conversations.info")) == 1


def test_an_id_that_is_remembered_saves_the_listing(slack: FakeSlack) -> None:
    used = Used({"#llm-costs": "slack.channel"}, known_ids={"#llm-costs": "C0COSTS001"})
    assert looked_at(slack, used)["channel #llm-costs"][0] == "ok"
    assert slack.calls("conversations.list") == []


def test_a_workspace_too_large_to_list_in_time_is_no_failure(slack: FakeSlack) -> None:
    found = looked_at(slack, Used({"#llm-costs": "slack.channel"}), 0, 11)
    assert found["channel #llm-costs"] == (
        "skipped",
        "not found in the first thousands of channels: write its id",
    )
    assert len(slack.calls("conversations.list")) == 1


def test_without_the_scope_for_private_channels_public_ones_are_found(slack: FakeSlack) -> None:
    slack.scopes.remove("groups:read")
    assert looked_at(slack, Used({"#llm-costs": "slack.channel"}))["channel #llm-costs"][0] == "ok"
    slack.scopes.remove("channels:read")
    assert looked_at(slack, Used({"#llm-costs": "slack.channel"}))["channel #llm-costs"] == (
        "skipped",
        "cannot be looked up: the bot's token lacks channels:read (missing_scope)",
    )


@pytest.mark.parametrize(("may", "state"), [(True, "warning"), (False, "failed")])
def test_a_public_channel_without_the_bot_in_it_depends_on_a_scope(
    slack: FakeSlack, may: bool, state: str
) -> None:
    slack.channels[-2].is_member = False
    if not may:
        slack.scopes.remove("chat:write.public")
    assert looked_at(slack, Used({"#llm-costs": "slack.channel"}))["channel #llm-costs"][0] == state
