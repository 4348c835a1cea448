"""The main job from the bill to Slack, over real sockets, as a person runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.cli import run
from tests.cases.stage import NOW, TODAY, Place
from tests.fakes import FakeOpenAI, FakeSlack
from tests.fakes.blockkit import problems
from tests.fakes.openai_rows import CostRow, Raw
from tests.fakes.organisation import organisation

AS_OF = ["--as-of", "2026-11-20T09:30:00Z"]
LATER = ["--as-of", "2026-11-20T10:30:00Z"]
EXACT = Context(prec=200)

RULES = """
rules:
  - {name: day cap, kind: cap, limit_usd: 400, steps: [50, 80, 100]}
  - {name: project spikes, kind: spike, per: project}
"""


def bill(days: int) -> dict[str, Any]:
    found = organisation(end=TODAY + timedelta(days=1), days=days, projects=6, seed=5)
    costs = [row for row in found.costs if row.day < TODAY]
    spike = [
        row._replace(amount=Decimal(str(row.amount)) * 5)
        for row in costs
        if row.day == TODAY - timedelta(days=1) and row.project_id == "proj_002"
    ]
    costs = [r for r in costs if (r.day, r.project_id) != (TODAY - timedelta(days=1), "proj_002")]
    return {**found._asdict(), "costs": [*costs, *spike]}


@pytest.fixture
def place(
    request: pytest.FixtureRequest, home: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    days = getattr(request, "param", 14)
    with FakeOpenAI(**bill(days), now=NOW) as openai, FakeSlack() as slack:
        found = Place(home, openai, slack, capsys, days)
        found.write("rules.yaml", RULES)
        yield found


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def total(rows: list[CostRow], day: date) -> Decimal:
    amounts = Decimal(0)
    for row in rows:
        if row.day == day:
            amounts = EXACT.add(amounts, Decimal(str(row.amount)))
    return EXACT.quantize(amounts, Decimal("1e-9"))


@pytest.mark.parametrize("place", [90], indirect=True)
def test_the_true_findings_are_posted_once_each_with_its_key(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.bot("check", "--output", "json", *AS_OF) == 0
    found = document(capsys)
    spikes = [f for f in found["findings"] if f["kind"] == "spike"]
    assert [(f["subject"]["id"], f["period"]["start"]) for f in spikes] == [
        ("proj_002", "2026-11-19")
    ]
    keys = [message.key for message in place.slack.messages]
    assert len(keys) == len(set(keys)) == len(found["findings"])
    assert all(message.key.startswith(f["key"]) for message, f in _by_key(place, found))
    assert [problems(message.blocks) for message in place.slack.messages] == [[]] * len(keys)
    before = len(place.slack.messages)
    assert place.bot("check", *AS_OF) == 0
    assert len(place.slack.messages) == before


def _by_key(place: Place, found: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
    messages = sorted(place.slack.messages, key=lambda message: message.key)
    return list(zip(messages, sorted(found["findings"], key=lambda f: f["key"]), strict=True))


def test_totals_equal_the_decimal_sum_of_the_pages_to_the_nano_dollar(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    day = TODAY - timedelta(days=1)
    odd: list[Any] = [
        Raw("0.1234567890123456789012345678901234"),
        Raw("0E-6176"),
        "2.0000000004",
        Decimal("-0.7500000003"),
        Raw("1e-10"),
    ]
    extra = [CostRow(day, a, "proj_001", f"odd {n}", None) for n, a in enumerate(odd * 9)]
    place.openai.costs.extend(extra)
    assert place.bot("check", "--dry-run", "--output", "json", *AS_OF) == 0
    totals = document(capsys)["data"]["totals"]
    assert {d: Decimal(t["usd"]) for d, t in totals.items()} == {
        d: total(place.openai.costs, date.fromisoformat(d)) for d in totals
    }
    assert [t["state"] for t in totals.values()] == ["settled", "settling", "settling", "open"]


def test_a_dry_run_speaks_to_nobody_and_remembers_nothing(place: Place) -> None:
    assert place.bot("check", "--dry-run", *AS_OF) == 0
    assert not place.database.exists()
    assert place.bot("check", *AS_OF) == 0
    before, calls = place.bytes_of_database(), len(place.slack.requests)
    assert place.bot("check", "--dry-run", *LATER) == 0
    assert place.bot("digest", "--dry-run", *LATER) == 0
    assert (place.bytes_of_database(), len(place.slack.requests)) == (before, calls)
    pictures = list((place.home / "charts").glob("*.png"))
    assert pictures
    assert all(p.read_bytes()[:4] == b"\x89PNG" for p in pictures)
    assert all(p.stat().st_size < 100_000 for p in pictures)


def test_a_higher_step_of_the_same_day_is_told_once_more(place: Place) -> None:
    place.write("rules.yaml", "rules: [{name: cap, kind: cap, limit_usd: 1000, steps: [50, 80]}]")
    place.openai.costs.append(CostRow(TODAY, "600", "proj_001", "web search tool calls", None))
    assert place.bot("check", *AS_OF) == 0
    place.openai.costs.append(CostRow(TODAY, "300", "proj_001", "web search tool calls", None))
    assert place.bot("check", *LATER) == 0
    assert place.bot("check", *LATER) == 0
    news = [key.rpartition("#")[2] for key in place.keys]
    assert [one for one in news if not one.startswith("update")] == ["step-50", "step-80"]


def test_a_wrong_key_is_told_in_words_and_what_is_known_is_still_judged(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.bot("fetch", *AS_OF) == 0
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-proj-wrong")
    capsys.readouterr()
    assert place.bot("check", "--output", "json", *LATER) == 4
    shown = capsys.readouterr()
    assert "this is a project key; costs need an admin key" in shown.err
    found = json.loads(shown.out)
    assert found["data"]["missing_days"] == ["2026-11-18", "2026-11-19", "2026-11-20"]
    assert {f["rule"] for f in found["findings"]} == {"day cap"}
    assert {s["rule"] for s in found["skipped"]} == {"day cap", "project spikes"}
    assert place.keys == [
        found["findings"][0]["key"] + "#step-50",
        "notice:blind:access:2026-11-20",
    ]


def test_what_slack_refuses_is_kept_and_delivered_by_the_next_run(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-revoked")
    assert place.bot("check", *AS_OF) == 5
    assert "not delivered, kept in the outbox" in capsys.readouterr().err
    assert place.bot("status") == 5
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-test")
    assert place.bot("check", *LATER) == 0
    assert len(place.slack.messages) > 0
    assert place.bot("status") == 0


def test_a_digest_is_posted_once_per_local_date_with_its_pictures(place: Place) -> None:
    assert place.bot("digest", *AS_OF) == 0
    assert place.bot("digest", *LATER) == 0
    (message,) = place.slack.messages
    assert message.key == "digest:daily:2026-11-20"
    assert problems(message.blocks) == []
    assert sum(block["type"] == "image" for block in message.blocks) == 2


def test_a_recording_of_a_fetch_gives_the_same_totals(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.bot("check", "--dry-run", "--output", "json", *AS_OF) == 0
    live = document(capsys)
    assert place.bot("fetch", "--record", str(place.home / "acme"), *AS_OF) == 0
    replayed = (
        (place.home / "config.yaml")
        .read_text()
        .replace("kind: openai", "kind: recording, path: acme")
    )
    place.write("config.yaml", replayed)
    place.database.unlink()
    assert place.bot("check", "--dry-run", "--output", "json") == 0
    again = document(capsys)
    assert again["as_of"] == live["as_of"]
    assert again["data"]["totals"] == live["data"]["totals"]
    assert again["findings"] == live["findings"]


def test_a_day_that_was_never_read_again_while_settling_is_read_after_a_downtime(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.bot("check", *AS_OF) == 0
    place.openai.now = NOW + timedelta(days=12)
    capsys.readouterr()
    assert place.bot("check", "--output", "json", "--as-of", "2026-12-02T09:30:00Z") == 0
    data = document(capsys)["data"]
    assert (data["missing_days"], data["last_settled_day"]) == ([], "2026-11-29")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "--nonsense"], 2),
        (["check", "--as-of", "yesterday"], 2),
        (["nonsense"], 2),
        (["check", "--config", "nowhere.yaml"], 3),
        (["rules", "explain", "spkie"], 2),
        (["rules", "explain", "cap"], 0),
        (["rules", "explain"], 0),
        (["config", "schema"], 0),
        (["rules", "schema"], 0),
        (["--help"], 0),
    ],
)
def test_exit_codes_say_whose_mistake_it_is(arguments: list[str], code: int) -> None:
    assert run(arguments) == code


def test_fail_on_turns_what_was_found_into_an_exit_code(place: Place) -> None:
    assert place.bot("check", "--dry-run", "--fail-on", "critical", *AS_OF) == 0
    assert place.bot("check", "--dry-run", "--fail-on", "warning", *AS_OF) == 1


def test_a_model_is_its_family_unless_a_rule_says_snapshot(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    day = TODAY - timedelta(days=1)
    items = ["gpt-9-2026-01-01, input", "gpt-9-2026-06-01, input", "gpt-9-2026-06-01, output"]
    place.openai.costs.extend(CostRow(day, "100", "proj_001", item, None) for item in items)
    place.write(
        "rules.yaml",
        """
rules:
  - {name: family, kind: cap, per: model, match: {model: "gpt-9*"}, limit_usd: 250}
  - {name: dated, kind: cap, per: snapshot, match: {snapshot: "gpt-9*"}, limit_usd: 150}
  - {name: pair, kind: cap, per: [project, snapshot], match: {model: gpt-9}, limit_usd: 150}
""",
    )
    assert place.bot("check", "--dry-run", "--output", "json", *AS_OF) == 0
    found = {f["rule"]: (f["subject"]["id"], f["observed"]) for f in document(capsys)["findings"]}
    assert found == {
        "family": ("gpt-9", "300"),
        "dated": ("gpt-9-2026-06-01", "200"),
        "pair": (["proj_001", "gpt-9-2026-06-01"], "200"),
    }
