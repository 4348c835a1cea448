"""What people see when messages cannot go where they should: Slack, exit codes, the log, status."""

from __future__ import annotations

import json

import pytest

from tests.cases.stage import Place, at
from tests.fakes import Channel
from tests.fakes.slack_model import Person

RULE = "rules: [{{name: day cap, kind: cap, limit_usd: 100{0}}}]\n"
ARCHIVED = Channel("C0OLD00001", "old", is_archived=True)


def test_a_rule_whose_channel_is_archived_speaks_in_the_default_channel(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.slack.channels.append(ARCHIVED)
    place.write("rules.yaml", RULE.format(', channel: "#old", mention: "@nobody"'))
    ran = place.run("check", *at(0))
    assert ran.code == 0
    told = {message.channel for message in place.slack.messages}
    assert told == {"C0COSTS001"}
    assert "(Could not be told in #old: #old is archived" in place.slack.messages[0].text
    assert "told in #llm-costs instead of #old" in caplog.text
    assert "@nobody was not called: nobody in Slack is called so" in caplog.text


def test_if_no_channel_takes_it_status_is_red_until_one_does(place: Place) -> None:
    place.write("rules.yaml", RULE.format(""))
    place.slack.channels[0].is_archived = True
    ran = place.run("check", *at(0))
    assert ran.code == 5
    assert "#llm-costs is archived (is_archived)" in ran.err
    status = place.run("status", *at(0))
    assert status.code == 5
    assert "#llm-costs is archived (is_archived)" in status.out
    place.slack.channels[0].is_archived = False
    assert place.run("check", *at(0)).code == 0
    assert place.run("status", *at(0)).code == 0
    assert len(set(place.keys)) == len(place.keys) > 0


def test_somebody_found_by_handle_is_remembered_by_the_next_run(place: Place) -> None:
    place.slack.people.append(Person("U0ADA00001", "ada"))
    place.write("rules.yaml", RULE.format(', mention: "@ada"'))
    place.run("check", *at(0))
    place.spend(500)
    place.run("check", *at(0))
    assert len(place.slack.calls("users.list")) == 1
    called = '{"type": "user", "user_id": "U0ADA00001"}'
    assert all(called in json.dumps(message.blocks) for message in place.slack.messages)
