"""`bot doctor` from the command line: each thing that can be wrong has its line and its way out."""

from __future__ import annotations

import json
import sqlite3
import stat
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.commands.checkup import Examination, load
from tests.cases.conftest import CHANNELS
from tests.cases.stage import Place
from tests.fakes import Channel, Fault
from tests.fakes.socket_mode import FakeSocketSlack

SECRETS = ("sk-admin-test", "xoxb-test", "xapp-test", "hook0secret", "ticket=", "CANARY")


@pytest.fixture
def slack() -> Iterator[FakeSocketSlack]:
    with FakeSocketSlack(channels=[Channel(*channel) for channel in CHANNELS]) as slack:
        slack.processing_calls = 0
        yield slack


_held: dict[date, bytes] = {}


@pytest.fixture
def here(today: Place) -> Place:
    """The small bill of today, its history fetched: once for all tests of a day."""
    day = datetime.now(UTC).date()
    if day in _held:
        today.database.write_bytes(_held[day])
    else:
        assert today.bot("fetch") == 0
        _held[day] = today.database.read_bytes()
    return today


def diagnosis(place: Place, *arguments: str, code: int = 0) -> dict[str, tuple[str, str, str]]:
    """State, words and way out by name. Whatever is wrong, no secret is in it."""
    ran = place.run("doctor", "--output", "json", *arguments)
    assert ran.code == code, ran.out
    assert [secret for secret in SECRETS if secret in ran.out + ran.err] == []
    document = json.loads(ran.out)
    assert document["ok"] is (code == 0)
    found = {c["name"]: (c["state"], c["says"], c["way_out"]) for c in document["checks"]}
    states = [check["state"] for check in document["checks"]]
    assert {state: states.count(state) for state in document["counts"]} == document["counts"]
    return found


def states(found: dict[str, tuple[str, str, str]], state: str) -> set[str]:
    return {name for name, check in found.items() if check[0] == state}


def test_where_all_is_well_nothing_is_sent_or_written(here: Place) -> None:
    before = here.bytes_of_database()
    names = sorted(here.home.iterdir())
    asked = len(here.openai.requests)
    found = diagnosis(here)
    assert states(found, "failed") == set()
    assert states(found, "warning") == {"source"}  # 127.0.0.1 is not OpenAI
    assert found["openai key"] == ("ok", "an admin key", "")
    assert found["openai costs"] == ("ok", "costs can be read", "")
    assert found["slack account"] == ("ok", "@budget_bot in Fake", "")
    assert found["slack scopes"] == ("ok", "all 4 that are used", "")
    assert found["channel #llm-costs"] == ("ok", "the bot is in it (public)", "")
    assert found["days"] == ("ok", "all 12 are held", "")
    assert found["rules"] == ("ok", "1 in 1 file", "")
    assert found["socket mode"] == ("skipped", "no app token: no buttons, no /budget", "")
    assert len(here.openai.requests) - asked == 3
    assert all("limit" in dict(r.query) for r in here.openai.requests[asked:])
    assert here.slack.messages == []
    assert here.slack.files == {}
    assert here.bytes_of_database() == before
    assert sorted(here.home.iterdir()) == names


def test_people_get_one_line_each_with_the_way_out_below(here: Place) -> None:
    here.slack.channels[0].is_member = False
    here.slack.scopes.remove("chat:write.public")
    ran = here.run("doctor")
    assert ran.code == 1
    assert "ok      openai costs             costs can be read\n" in ran.out
    assert "FAILED  channel #llm-costs       the bot is not in it\n" in ran.out
    assert "→ write /invite @<the bot> in #llm-costs\n" in ran.out
    assert ran.out.rstrip().splitlines()[-1].startswith("1 failed, 1 to look at, ")
    others = [line for line in ran.out.splitlines() if str(here.home) not in line]
    assert max(map(len, others)) <= 80


# -- OpenAI


def test_a_project_key_is_told_by_its_prefix_and_by_what_it_may_not_read(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-proj-CANARY0123456789")
    found = diagnosis(here, code=1)
    assert found["openai key"][:2] == ("warning", "this is a project key; costs need an admin key")
    assert found["openai costs"][0] == "failed"
    assert "admin-keys" in found["openai costs"][2]
    assert found["slack account"][0] == "ok"


@pytest.mark.parametrize(
    ("scope", "failing", "warns", "words"),
    [
        ("api.usage.read", {"openai costs"}, "openai usage", "without it there are no requests"),
        ("api.management.read", set(), "openai names", "without it alerts show ids"),
    ],
)
def test_each_scope_the_key_lacks_is_told_with_what_it_costs(
    here: Place, scope: str, failing: set[str], warns: str, words: str
) -> None:
    here.openai.missing_scopes = {scope}
    found = diagnosis(here, code=1 if failing else 0)
    assert states(found, "failed") == failing
    assert found[warns][0] == "warning"
    assert f"the admin key lacks {scope}" in found[warns][1]
    assert words in found[warns][1]


def test_a_server_that_hangs_is_asked_once_and_costs_a_few_seconds(here: Place) -> None:
    for fake in (here.openai, here.slack):
        fake.faults.add(Fault("timeout", seconds=20, times=None))
    begun = time.monotonic()
    checks = list(Examination(load(None), patience=0.3).checks())
    assert time.monotonic() - begun < 4
    found = {check.name: (check.state.value, check.says) for check in checks}
    assert found["openai costs"][0] == "failed"
    assert found["openai usage"] == ("skipped", "not asked, as OpenAI did not answer before")
    assert found["slack account"][0] == "failed"
    assert found["channel #llm-costs"] == ("skipped", "not asked, as Slack did not answer before")
    assert found["database"][0] == "ok"


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (20, "ok", "s apart"),
        (-150, "warning", "this clock is 1"),
        (1830, "failed", "30 minutes behind OpenAI's"),
    ],
)
def test_a_clock_that_is_wrong_is_seen_by_the_servers_date(
    here: Place, seconds: int, state: str, words: str
) -> None:
    here.openai.now = here.openai.instant() + timedelta(seconds=seconds)
    found = diagnosis(here, code=1 if state == "failed" else 0)
    assert found["clock by OpenAI"][0] == state
    assert words in found["clock by OpenAI"][1]
    assert found["clock by Slack"][0] == "ok"


# -- Slack


@pytest.mark.parametrize(
    ("scope", "state", "words"),
    [
        ("chat:write", "failed", "nothing can be posted"),
        ("files:write", "warning", "messages go without their charts"),
        ("channels:history", "warning", "an alert may come twice, marked, and a digest not at all"),
        ("channels:read", "warning", "#channel cannot be turned into the id"),
    ],
)
def test_each_scope_the_token_lacks_says_what_does_not_work(
    here: Place, scope: str, state: str, words: str
) -> None:
    here.slack.scopes.remove(scope)
    found = diagnosis(here, code=1 if state == "failed" else 0)
    assert "slack scopes" not in found
    assert found[f"slack scope {scope}"][0] == state
    assert words in found[f"slack scope {scope}"][1]
    assert "reinstall the app" in found[f"slack scope {scope}"][2]


def test_scopes_for_people_are_asked_only_where_people_are_called(here: Place) -> None:
    here.slack.scopes -= {"users:read", "usergroups:read", "users:read.email"}
    assert diagnosis(here)["slack scopes"][0] == "ok"
    here.write(
        "rules.yaml",
        "rules: [{name: cap, kind: cap, limit_usd: 900, mention: '@ada'}, "
        "{name: more, kind: cap, limit_usd: 950, mention: ada@example.com}, "
        "{name: most, kind: cap, limit_usd: 990, mention: U0ADA00001}]\n",
    )
    missing = {n for n in states(diagnosis(here), "warning") if n.startswith("slack scope ")}
    assert missing == {
        "slack scope users:read",
        "slack scope usergroups:read",
        "slack scope users:read.email",
    }


def test_every_channel_of_settings_and_rules_is_looked_at(here: Place) -> None:
    here.edit(
        "slack:\n",
        "slack:\n  routes:\n"
        '    - {match: {project: "s*"}, channel: "#search-team"}\n'
        '    - {match: {project: "x*"}, channel: "C0GONE0001"}\n',
    )
    here.write("rules.yaml", "rules: [{name: cap, kind: cap, limit_usd: 900, channel: '#typo'}]\n")
    here.slack.channels[1].is_archived = True
    found = diagnosis(here, code=1)
    assert found["channel #llm-costs"][0] == "ok"
    assert found["channel #search-team"] == (
        "failed",
        "is archived",
        "unarchive it, or name another one in slack.routes[0]",
    )
    assert found["channel C0GONE0001"][0] == "failed"
    assert found["channel #typo"] == (
        "failed",
        "Slack does not know #typo, or it is private",
        "correct it in rule “cap”; in a private channel write /invite @<the bot>",
    )


def test_a_refused_token_is_told_once_and_the_rest_goes_on(here: Place) -> None:
    here.slack.token_error = "token_revoked"
    found = diagnosis(here, code=1)
    assert states(found, "failed") == {"slack account"}
    assert "token was revoked" in found["slack account"][1]
    assert found["slack scopes"][1] == "not asked: the token was refused"
    assert found["clock by Slack"][0] == "ok"
    assert found["rules"][0] == "ok"


def test_a_token_of_another_kind_is_told_by_its_prefix(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xapp-CANARY-1")
    found = diagnosis(here, code=1)
    assert found["slack token"][1] == "this is an app-level token, not a bot token (xoxb-…)"


@pytest.mark.parametrize(
    ("token", "state", "words"),
    [
        ("xapp-test", "ok", "a connection is offered"),
        ("xapp-CANARY", "failed", "Slack refused the app token (invalid_auth)"),
    ],
)
def test_the_app_token_is_tried_without_opening_a_connection(
    here: Place, monkeypatch: pytest.MonkeyPatch, token: str, state: str, words: str
) -> None:
    monkeypatch.setenv("SLACK_APP_TOKEN", token)
    here.edit("slack:\n", "slack:\n  app_token: ${SLACK_APP_TOKEN:-}\n")
    here.slack.scopes.add("commands")
    found = diagnosis(here, code=0 if state == "ok" else 1)
    assert found["socket mode"][:2] == (state, words)
    (asked,) = here.slack.requests_to("/api/apps.connections.open")
    assert token not in f"{asked.query}{asked.body!r}"
    assert isinstance(here.slack, FakeSocketSlack)
    assert here.slack.connections == 0


def test_with_an_app_token_the_scopes_for_budget_and_groups_are_looked_for(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-test")
    settings = "  app_token: ${SLACK_APP_TOKEN:-}\n  may_answer: [U0ADA00001, S0ONCALL01]\n"
    here.edit("slack:\n", f"slack:\n{settings}")
    here.slack.scopes -= {"usergroups:read"}
    found = diagnosis(here)
    assert found["slack scope commands"][1] == "missing: there is no /budget"
    assert found["slack scope usergroups:read"][1] == (
        "missing: who is in a group of slack.may_answer cannot be seen: its members may not answer"
    )


def test_a_webhook_alone_is_known_by_its_form_and_not_called(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/CANARY")
    here.edit("slack:\n", "slack:\n  webhook_url: ${SLACK_WEBHOOK_URL:-}\n")
    assert diagnosis(here)["webhook"][0] == "warning"
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://example.com/CANARY")
    assert diagnosis(here, code=1)["webhook"][0] == "failed"
    assert here.slack.requests == []


def test_with_send_test_one_message_with_its_chart_is_posted_and_found_again(here: Place) -> None:
    before = here.bytes_of_database()
    found = diagnosis(here, "--send-test")
    assert found["test message"] == ("ok", "posted with its chart in #llm-costs", "")
    assert found["looking it up"][0] == "ok"
    (message,) = here.slack.messages
    assert [block["type"] for block in message.blocks] == [
        "header",
        "rich_text",
        "section",
        "image",
        "context",
    ]
    assert message.blocks[0]["text"]["text"] == "Test: Example search is over its daily cap"
    assert message.text.startswith("Test of Budget Bot, nothing has happened: Example search cost")
    assert here.bytes_of_database() == before
    diagnosis(here, "--send-test")
    assert len({message.key for message in here.slack.messages}) == 2


def test_a_test_message_tells_what_had_to_be_left_out(here: Place) -> None:
    here.slack.scopes -= {"files:write", "channels:history"}
    found = diagnosis(here, "--send-test")
    assert found["test message"][0] == "warning"
    assert "the bot's token lacks files:write" in found["test message"][1]
    assert found["looking it up"][0] == "warning"
    here.slack.channels[0].is_member = False
    here.slack.scopes -= {"chat:write.public"}
    assert diagnosis(here, "--send-test", code=1)["test message"][0] == "failed"


@pytest.mark.parametrize("kind", ["html", "reset", "truncate", "redirect", "wrong_type"])
def test_what_is_not_openai_or_slack_is_told_and_nothing_breaks(here: Place, kind: str) -> None:
    for fake in (here.openai, here.slack):
        fake.faults.add(Fault(kind, times=None, body="[1, 2"))  # type: ignore[arg-type]  # of the list
    found = diagnosis(here, code=1)
    assert found["openai costs"][0] == found["slack account"][0] == "failed"
    assert "this is a bug" not in str(found)


# -- files, rules, data


def test_a_locked_database_is_one_failed_check_after_a_few_seconds(here: Place) -> None:
    other = sqlite3.connect(here.database, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    begun = time.monotonic()
    found = diagnosis(here, code=1)
    other.close()
    assert time.monotonic() - begun < 3
    assert states(found, "failed") == {"database"}
    assert found["database"][1] == f"{here.database}: database is locked"
    assert found["data"] == ("skipped", "needs a database that can be used", "")


def test_a_broken_configuration_is_a_failed_check_and_no_more_is_asked(here: Place) -> None:
    here.edit("slack:\n", "slack:\n  chanel: '#x'\n")
    found = diagnosis(here, code=1)
    assert "unknown key 'chanel' in 'slack'; did you mean 'channel'?" in found["configuration"][1]
    assert found["everything else"][0] == "skipped"


def test_broken_rules_leave_keys_and_channels_to_be_looked_at(here: Place) -> None:
    here.write("rules.yaml", "rules: [{name: cap, kind: capp}]\n")
    found = diagnosis(here, code=1)
    assert states(found, "failed") == {"configuration"}
    assert "'capp' is not a kind of rule; did you mean 'cap'?" in found["configuration"][1]
    assert found["openai costs"][0] == found["slack account"][0] == "ok"
    assert "rules" not in found


def test_without_a_configuration_it_says_so(today: Place) -> None:
    (today.home / "config.yaml").unlink()
    found = diagnosis(today, code=1)
    assert found["configuration"][:2] == ("failed", "there is no config.yaml in this folder")
    found = diagnosis(today, "--config", "other.yaml", code=1)
    assert found["configuration"][1].endswith("there is no such file")


def test_rules_that_match_nothing_or_cannot_be_judged_are_named(here: Place) -> None:
    here.write(
        "rules.yaml",
        "rules:\n"
        "  - {name: typo, kind: cap, per: project, match: {project: 'serch*'}, limit_usd: 900}\n"
        "  - {name: creep, kind: drift, per: project}\n"
        "  - {name: idle, kind: cap, limit_usd: 1, enabled: false}\n",
    )
    found = diagnosis(here)
    assert found["rules"][1] == "2 in 1 file, 1 off"
    assert found["rule typo"][:2] == ("warning", "matches nothing in the days that are held")
    assert found["rule creep"][1].startswith("could not be judged for ")


def test_missing_days_and_what_waits_are_told(here: Place) -> None:
    here.slack.channels[0].is_archived = True
    here.write("rules.yaml", "rules: [{name: cap, kind: cap, limit_usd: 1}]\n")
    assert here.bot("check") == 5
    with sqlite3.connect(here.database) as connection:
        connection.execute("DELETE FROM days WHERE day = (SELECT min(day) FROM days)")
    connection.close()
    found = diagnosis(here, code=1)
    assert found["days"][:2][0] == "warning"
    assert "1 of 12 days are missing" in found["days"][1]
    assert found["days"][2].startswith("bot fetch --since 20")
    assert found["outbox"][0] == "warning"
    assert "#llm-costs is archived" in found["outbox"][1]


def test_files_of_secrets_that_others_may_read_are_named(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = here.home / "key"
    file.write_text("sk-admin-test\n")
    monkeypatch.delenv("OPENAI_ADMIN_KEY")
    monkeypatch.setenv("OPENAI_ADMIN_KEY_FILE", str(file))
    file.chmod(0o640)
    found = diagnosis(here)
    assert found[f"secret file {file}"] == (
        "warning",
        "others on this machine may use it (0640)",
        f"chmod 600 {file}",
    )
    file.chmod(stat.S_IRUSR)
    assert diagnosis(here)["secret files"] == ("ok", "1 read, none open to others", "")


def test_the_heartbeat_is_known_by_its_form_and_not_called(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTBEAT_URL", f"{here.slack.url}/CANARY")
    here.edit("rules: rules.yaml", "rules: rules.yaml\nheartbeat_url: ${HEARTBEAT_URL:-}")
    assert diagnosis(here)["heartbeat"][:2] == ("ok", "goes to 127.0.0.1; none was sent now")
    assert here.slack.requests_to("/CANARY*") == []
    monkeypatch.setenv("HEARTBEAT_URL", "http://example.com/CANARY")
    diagnosis(here, code=1)
