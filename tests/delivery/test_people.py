"""Who is called by handle, name or address; nobody who cannot be found holds a message back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.delivery.base import Json
from bot.delivery.people import People
from bot.delivery.webhook import WebhookNotifier
from bot.messages.compose_alert import called
from bot.messages.model import Action, Lines, Message, MessageType, Span
from bot.store.outbox import Placing
from bot.store.slack_names import SlackNames
from tests.delivery.stage import NOW, TIMEOUT, Stage
from tests.fakes import Channel, Fault
from tests.fakes.slack_model import Person, UserGroup

ADA = Person("U0ADA00001", "ada", "ada@example.com", "Ada Lovelace")
BEA = Person("U0BEA00001", "b.smith", "bea@example.com", "Bea Smith", display_name="Bea")
LATER = NOW + timedelta(days=1)
USERS, GROUPS, ADDRESS = "/api/users.list", "/api/usergroups.list", "/api/users.lookupByEmail"


@pytest.fixture
def staffed(stage: Stage) -> Stage:
    stage.slack.people += [ADA, BEA]
    stage.slack.usergroups.append(UserGroup("S0ONCALL01", "search-oncall"))
    return stage


def calling(mention: str, key: str = "a") -> Message:
    """An alert as it is composed for that mention in the configuration."""
    line = (*called(mention), Span(" search passed its cap"))
    return Message(key, MessageType.ALERT, "#llm-costs", "search passed its cap", (Lines((line,)),))


def element(stage: Stage) -> Json:
    """The first thing the last message says: who is called, or words."""
    found: Json = stage.slack.messages[-1].blocks[0]["elements"][0]["elements"][0]
    return found


def user(person: Person) -> Json:
    return {"type": "user", "user_id": person.id}


def word(text: str) -> Json:
    return {"type": "text", "text": text}


@pytest.mark.parametrize(
    ("mention", "expected"),
    [
        ("@ada", user(ADA)),
        ("ada", user(ADA)),
        ("@ADA", user(ADA)),
        ("Ada Lovelace", user(ADA)),
        ("@b.smith", user(BEA)),
        ("@bea", user(BEA)),
        ("bea@example.com", user(BEA)),
        ("Bea@Example.com", user(BEA)),
        ("@search-oncall", {"type": "usergroup", "usergroup_id": "S0ONCALL01"}),
        ("@Search-OnCall", {"type": "usergroup", "usergroup_id": "S0ONCALL01"}),
        ("U0BEA00001", {"type": "user", "user_id": "U0BEA00001"}),
        ("S0ONCALL01", {"type": "usergroup", "usergroup_id": "S0ONCALL01"}),
        ("@here", {"type": "broadcast", "range": "here"}),
        ("channel", {"type": "broadcast", "range": "channel"}),
    ],
)
def test_whom_a_mention_calls(staffed: Stage, mention: str, expected: Json) -> None:
    staffed.decide(calling(mention))
    delivered = staffed.deliver()
    assert (delivered.sent, delivered.notes) == (("a",), ())
    assert element(staffed) == expected


@pytest.mark.parametrize(
    ("mention", "shown", "why"),
    [
        ("@nobody", "@nobody", "nobody in Slack is called so"),
        ("no@example.com", "no@example.com", "nobody in Slack has this address"),
        ("@HERE", "@HERE", "nobody in Slack is called so"),
        ("Everyone", "@Everyone", "nobody in Slack is called so"),
        ("<!channel>", "@<!channel>", "nobody in Slack is called so"),
    ],
)
def test_who_is_not_found_is_a_word_and_a_note(
    staffed: Stage, mention: str, shown: str, why: str
) -> None:
    staffed.decide(calling(mention))
    delivered = staffed.deliver()
    assert delivered.notes == (("a", f"{shown} was not called: {why}"),)
    assert element(staffed) == word(shown)


def test_somebody_who_took_the_name_of_a_broadcast_is_called_alone(staffed: Stage) -> None:
    """Only `here`, `channel` and `everyone` to the letter call a channel, and nothing looked up."""
    staffed.slack.people.append(Person("U0EVE00001", "Everyone"))
    staffed.decide(calling("@Everyone"))
    staffed.deliver()
    assert element(staffed) == {"type": "user", "user_id": "U0EVE00001"}


def test_ids_that_are_none_are_not_believed(staffed: Stage) -> None:
    staffed.slack.people.append(Person("here> <!channel", "mallory"))
    staffed.slack.usergroups.append(UserGroup("S1|<!here>", "mallory"))
    staffed.decide(calling("@mallory"))
    staffed.deliver()
    assert element(staffed) == word("@mallory")


@pytest.mark.parametrize(
    "other",
    [Person("U0ADA00002", "ada.b", display_name="Ada"), UserGroup("S0ADA00001", "ada")],
)
def test_two_of_the_same_name_are_not_told_apart(staffed: Stage, other: Person | UserGroup) -> None:
    place: list[Any] = staffed.slack.people
    if isinstance(other, UserGroup):
        place = staffed.slack.usergroups
    place.append(other)
    staffed.decide(calling("@ada"))
    ((_, note),) = staffed.deliver().notes
    assert note == "@ada was not called: 2 people or groups are called so: write the Slack id"
    assert element(staffed) == word("@ada")


def test_somebody_who_left_is_not_called(staffed: Stage) -> None:
    staffed.slack.people.append(Person("U0ADA00009", "ada", deleted=True))
    staffed.decide(calling("@ada"))
    staffed.deliver()
    assert element(staffed) == user(ADA)


def test_everybody_is_listed_page_by_page_and_once(staffed: Stage) -> None:
    staffed.slack.people[:0] = [Person(f"U0{n:08}", f"person-{n}") for n in range(450)]
    staffed.decide(calling("@ada"), calling("@bea", "b"), calling("@ada", "c"))
    assert staffed.deliver().notes == ()
    assert len(staffed.slack.calls("users.list")) == 3
    assert len(staffed.slack.calls("usergroups.list")) == 1


@pytest.mark.parametrize(
    ("scope", "mention", "shown"),
    [
        ("users:read", "@ada", "@ada"),
        ("usergroups:read", "@search-oncall", "@search-oncall"),
        ("users:read.email", "ada@example.com", "ada@example.com"),
    ],
)
def test_without_the_scope_a_mention_is_a_word_and_the_note_names_it(
    staffed: Stage, scope: str, mention: str, shown: str
) -> None:
    staffed.slack.scopes -= {scope}
    staffed.decide(calling(mention))
    delivered = staffed.deliver()
    why = f"{shown} was not called: the bot's token lacks {scope} (missing_scope)"
    assert delivered.notes == (("a", why),)
    assert element(staffed) == word(shown)


def test_a_group_is_found_without_the_scope_for_people(staffed: Stage) -> None:
    staffed.slack.scopes -= {"users:read", "users:read.email"}
    staffed.decide(calling("@search-oncall"))
    assert staffed.deliver().notes == ()
    assert element(staffed)["type"] == "usergroup"


@pytest.mark.parametrize(
    ("path", "mention"), [(USERS, "@ada"), (GROUPS, "@ada"), (ADDRESS, "ada@example.com")]
)
def test_while_slack_cannot_say_the_message_goes_and_the_next_run_asks_again(
    staffed: Stage, path: str, mention: str
) -> None:
    staffed.slack.faults.add(Fault("status", path, status=503))
    staffed.decide(calling(mention))
    ((_, note),) = staffed.deliver().notes
    assert note == (
        f"{mention} was not called: Slack answered with an error of its own (service_unavailable)"
    )
    assert element(staffed) == word(mention)
    staffed.decide(calling(mention, "b"))
    assert staffed.deliver().notes == ()
    assert element(staffed) == user(ADA)


# --- remembered


def test_who_was_found_is_remembered_for_a_week(staffed: Stage) -> None:
    def told(key: str, days: int) -> int:
        """How often people were listed, all in all."""
        staffed.decide(calling("@ada", key))
        bot = staffed.bot(SlackNames(staffed.database, NOW + timedelta(days=days)))
        staffed.deliver(bot)
        assert element(staffed) == user(ADA)
        return len(staffed.slack.calls("users.list"))

    assert [told("a", 0), told("b", 7), told("c", 8), told("d", 9)] == [1, 1, 2, 2]


def test_who_was_found_long_ago_is_called_while_slack_cannot_say(staffed: Stage) -> None:
    SlackNames(staffed.database, NOW).remember("@ada", ADA.id)
    staffed.slack.faults.add(Fault("status", USERS, status=503))
    staffed.decide(calling("@ada"))
    staffed.deliver(staffed.bot(SlackNames(staffed.database, NOW + timedelta(days=30))))
    assert element(staffed) == user(ADA)


def test_who_left_since_is_not_called_for_ever(staffed: Stage) -> None:
    SlackNames(staffed.database, NOW).remember("@gone", "U0GONE0001")
    staffed.decide(calling("@gone"))
    staffed.deliver(staffed.bot(SlackNames(staffed.database, NOW + timedelta(days=30))))
    assert element(staffed) == word("@gone")


def test_an_update_shows_who_was_called(staffed: Stage) -> None:
    first, second = calling("@ada", "a#first"), calling("@ada", "a#update:1")
    with staffed.database.writing() as connection:
        staffed.outbox.add(connection, first, NOW)
        placing: Placing = {"action": Action.UPDATE, "parent": "a#first"}
        staffed.outbox.add(connection, second, LATER, **placing)
    staffed.deliver(now=LATER)
    (message,) = staffed.slack.messages
    assert (message.edited, element(staffed)) == (1, user(ADA))


def test_a_webhook_writes_a_word(staffed: Stage) -> None:
    staffed.decide(calling("@ada"))
    hook = WebhookNotifier(staffed.slack.webhook_url, timeout=TIMEOUT)
    notes = staffed.deliver(hook).notes
    assert notes == (("a", "@ada was not called: a webhook looks nobody up"),)
    assert element(staffed) == word("@ada")


class Endless:
    """A workspace that never ends."""

    def users(self) -> Iterator[Json]:
        while True:
            yield {"id": "U0ADA00001", "name": "ada"}

    def groups(self) -> Iterator[Json]:
        yield from ()

    def user_by_email(self, address: str) -> Json:
        return {"id": address}


def test_a_listing_that_never_ends_is_left_and_odd_answers_are_nobody() -> None:
    found = People(Endless()).find(["@ada", "a@b.example"])
    assert found.elements["@ada"] == user(ADA)
    assert found.elements["a@b.example"] == word("a@b.example")


def test_a_mention_in_a_private_channel_needs_nothing_more(stage: Stage) -> None:
    stage.slack.people.append(ADA)
    stage.slack.channels.append(Channel("C0SECRET01", "secret", is_private=True))
    stage.decide(replace(calling("@ada"), channel="#secret"))
    assert stage.deliver().sent == ("a",)
    assert element(stage) == user(ADA)
