"""Whatever goes wrong in whichever call, in whatever order: each key is in Slack exactly once.

`make sweep` plays everything: all 512 sequences of three of the eight network faults on posts,
replies, updates and the three steps of an upload, and all 64 of two on every other call. The suite
plays a fixed slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from bot.messages.compose_alert import called
from bot.messages.model import Lines, Message, MessageType, Span
from tests.delivery.stage import NOW, Stage, alert, chart, digest, reply, update
from tests.fakes import Fault, eight_faults
from tests.fakes.slack_model import Person

POST, UPDATE = "/api/chat.postMessage", "/api/chat.update"
UPLOAD = "*[Uu]pload*"
"""Asking for an address, sending the bytes there, completing."""
LATER = NOW + timedelta(minutes=30)
FIRST, STEP, NEWEST = "caps/a#first", "caps/a#step-80", "caps/a#update:2"
PATIENCE = 0.15
"""Seconds for an answer: short, as many of these answers never come."""

ADA = Person("U0ADA00001", "ada", "ada@example.com")
OTHER_CALLS = (
    "/api/files.getUploadURLExternal",
    "/upload/*",
    "/api/files.completeUploadExternal",
    "/api/conversations.list",
    "/api/conversations.history",
    "/api/conversations.replies",
    "/api/users.list",
    "/api/usergroups.list",
    "/api/users.lookupByEmail",
    UPDATE,
)


def faults_of(path: str) -> tuple[Fault, ...]:
    return eight_faults(path, hold=PATIENCE * 2)


def names_of(faults: Sequence[Fault]) -> str:
    return "-".join(one.kind if one.kind != "status" else str(one.code) for one in faults)


def sequences(path: str, length: int) -> list[tuple[Fault, ...]]:
    return list(product(faults_of(path), repeat=length))


def _a_post(stage: Stage) -> None:
    stage.decide(alert(FIRST))


def _a_reply(stage: Stage) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.decide(reply(STEP, FIRST))


def _an_update(stage: Stage) -> None:
    stage.decide(alert(FIRST))
    stage.deliver()
    stage.decide(update("caps/a#update:1", FIRST, "older"), update(NEWEST, FIRST, "newest"))


def _an_upload(stage: Stage) -> None:
    stage.decide(digest("daily", "#llm-costs", chart()))


def play_three(stage: Stage, what: str, faults: tuple[Fault, ...]) -> None:
    """A post, reply, update or upload meets the faults; a second run goes well."""
    scenes = {"post": _a_post, "reply": _a_reply, "update": _an_update, "upload": _an_upload}
    shown = {"reply": [FIRST, STEP], "upload": ["daily"]}.get(what, [FIRST])
    stage.timeout = PATIENCE
    scenes[what](stage)
    stage.slack.faults.add(*faults)
    stage.deliver()
    stage.deliver(now=LATER)
    assert stage.shown() == shown
    assert set(stage.states()) == {"sent"}
    if what == "update":
        assert stage.said(FIRST).text == "newest"
    if what == "reply":
        assert stage.said(STEP).thread_ts == stage.said(FIRST).ts


def _calling(one: Message, *people: str) -> Message:
    line = [piece for who in people for piece in (*called(who), Span(" "))]
    return replace(one, blocks=(*one.blocks, Lines((tuple(line),))))


def play_everything(stage: Stage, faults: Sequence[Fault]) -> None:
    """An alert with a picture and people, news and an update of it, a digest; answers are lost.

    Faults hit one other call too. So every call the bot knows is made, and some of them fail.
    """
    stage.timeout = PATIENCE
    stage.slack.people.append(ADA)
    stage.slack.faults.add(Fault("drop_after", POST), Fault("drop_after", POST, after=1), *faults)
    first = _calling(alert(FIRST, "#llm-costs", chart()), "@ada", "ada@example.com")
    newest = update(NEWEST, FIRST, "newest")
    stage.decide(first, reply(STEP, FIRST), newest, digest("daily", "#llm-costs", chart()))
    stage.deliver()
    stage.deliver(now=LATER)
    assert sorted(stage.shown()) == [FIRST, STEP, "daily"]
    assert stage.states() == {"sent": 4}
    assert stage.said(FIRST).text == "newest"
    assert stage.said(STEP).thread_ts == stage.said(FIRST).ts


def test_the_story_makes_every_call_the_sweep_spoils(stage: Stage) -> None:
    play_everything(stage, [])
    assert [path for path in (*OTHER_CALLS, POST) if not stage.slack.requests_to(path)] == []
    (picture,) = (b for b in stage.said("daily").blocks if b["type"] == "image")
    assert picture["slack_file"]["id"] in stage.slack.files
    assert stage.said(FIRST).edited == 1


# --- the slice of the suite

SLICE = slice(5, None, 37)
"""14 of 512: every fault in every position."""


@pytest.mark.parametrize("what", ["reply", "update", "upload"])
@pytest.mark.parametrize("n", range(len(range(512)[SLICE])))
def test_three_faults_in_a_row_end_with_each_message_once(stage: Stage, what: str, n: int) -> None:
    path = {"update": UPDATE, "upload": UPLOAD}.get(what, POST)
    play_three(stage, what, sequences(path, 3)[SLICE][n])


@pytest.mark.parametrize(("n", "path"), list(enumerate(OTHER_CALLS)))
def test_two_faults_in_any_other_call_cost_no_message(stage: Stage, n: int, path: str) -> None:
    play_everything(stage, sequences(path, 2)[n * 6 + 1])


@pytest.mark.parametrize("kind", [MessageType.ALERT, MessageType.DIGEST])
def test_where_nobody_can_look_an_alert_comes_at_least_once_and_a_digest_at_most(
    stage: Stage, kind: MessageType
) -> None:
    for fault in faults_of(POST):
        stage.slack.scopes -= {"channels:history", "groups:history"}
        stage.timeout = PATIENCE
        stage.slack.faults.add(fault)
        key = f"{kind}/{names_of([fault])}"
        stage.decide(replace(alert(key), type=kind))
        stage.deliver()
        stage.deliver(now=LATER)
        times = stage.shown().count(key)
        repeated = [m for m in stage.slack.messages if m.text.endswith("(possibly repeated)")]
        if kind is MessageType.ALERT:
            assert times == 1 or (times == 2 and repeated[-1].key == key)
        else:
            assert times <= 1
            assert repeated == []
    assert set(stage.states()) == {"sent"}


# --- everything


@pytest.mark.sweep
@pytest.mark.parametrize("what", ["post", "reply"])
@pytest.mark.parametrize("faults", sequences(POST, 3), ids=names_of)
def test_every_sequence_of_three_faults_ends_with_one_message(
    stage: Stage, what: str, faults: tuple[Fault, ...]
) -> None:
    play_three(stage, what, faults)


@pytest.mark.sweep
@pytest.mark.parametrize("faults", sequences(UPDATE, 3), ids=names_of)
def test_every_sequence_of_three_faults_ends_with_the_update_shown(
    stage: Stage, faults: tuple[Fault, ...]
) -> None:
    play_three(stage, "update", faults)


@pytest.mark.sweep
@pytest.mark.parametrize("faults", sequences(UPLOAD, 3), ids=names_of)
def test_every_sequence_of_three_faults_in_an_upload_ends_with_one_message(
    stage: Stage, faults: tuple[Fault, ...]
) -> None:
    play_three(stage, "upload", faults)


@pytest.mark.sweep
@pytest.mark.parametrize("path", OTHER_CALLS)
@pytest.mark.parametrize("n", range(64))
def test_every_sequence_of_two_faults_in_any_other_call_costs_no_message(
    stage: Stage, path: str, n: int
) -> None:
    play_everything(stage, sequences(path, 2)[n])
