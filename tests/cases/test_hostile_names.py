"""An organisation whose projects, models and keys have hostile names, through whole commands."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.cases.stage import NOW, TODAY, Place, at
from tests.fakes import ApiKey, CostRow, FakeOpenAI, FakeSlack, Project, UsageRow
from tests.hostile_names import NAMES
from tests.messages.test_hostile_names import core, letters

RULES = """
rules:
  - {name: caps, kind: cap, per: project, limit_usd: 5}
  - {name: models, kind: new, per: model}
"""
_CODES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_OWN = re.compile(r"<!date\^\d+\^[^<>|]*\|[^<>|]*>")


def bill(names: tuple[str, ...]) -> dict[str, Any]:
    """Yesterday every project spent more than its cap, and little the day before."""
    days = [TODAY - timedelta(days=back) for back in (2, 1)]
    volume = {"input_tokens": 60_000, "output_tokens": 9_000, "num_model_requests": 40}
    short = [name[:500] for name in names]  # a model's name of 100 KB is a row's, not a person's
    return {
        "costs": [
            CostRow(day, usd or str(9 + n), f"proj_{n}", f"{name}, output", f"key_{n}")
            for day, usd in zip(days, ("1", None), strict=True)
            for n, name in enumerate(short)
        ],
        "usage": {
            "completions": [
                UsageRow(day, volume, f"proj_{n}", name or None, f"key_{n}")
                for day in days
                for n, name in enumerate(short)
            ]
        },
        "projects": [Project(f"proj_{n}", name) for n, name in enumerate(names)],
        "api_keys": {f"proj_{n}": [ApiKey(f"key_{n}", name)] for n, name in enumerate(names)},
    }


@pytest.fixture
def hostile(
    home: Path,
    slack: FakeSlack,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Iterator[Place]:
    with FakeOpenAI(**bill(request.param), now=NOW) as openai:
        place = Place(home, openai, slack, capsys, days=4)
        place.write("rules.yaml", RULES)
        yield place


def texts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def told_in_slack(slack: FakeSlack) -> str:
    """All that people read there; nothing in it calls, links or is markup of somebody else's."""
    said = []
    for message in slack.messages:
        assert "<" not in message.text
        for part in texts(message.blocks):
            assert part.get("type") not in {
                "link",
                "user",
                "usergroup",
                "broadcast",
                "channel",
                "emoji",
            }
            if part.get("type") == "mrkdwn":
                assert "<" not in _OWN.sub("", part["text"])
            said += [text for text in part.values() if isinstance(text, str)]
        said.append(message.text)
    return unescape("\n".join(said))


def everything_about(place: Place, names: tuple[str, ...]) -> None:
    report = place.document("check", *at(0))
    assert len([one for one in report["findings"] if one["rule"] == "caps"]) >= len(names)
    told = letters(told_in_slack(place.slack))
    lost = [name[:60] for name in names if core(name) not in told]
    assert lost == []
    assert place.run("digest", *at(0)).code == 0
    told_in_slack(place.slack)
    for command in (["status"], ["check", "--dry-run", *at(1)], ["digest", "--dry-run", *at(1)]):
        ran = place.run(*command)
        assert ran.code == 0, ran.err
        assert not _CODES.search(ran.out + ran.err)
    for what in ("costs", "usage", "alerts"):
        exported = place.run("export", what, "--format", "csv").out
        assert not _CODES.search(exported)
        for row in csv.reader(io.StringIO(exported)):
            assert not [cell for cell in row if re.match(r"\s*[=+@＝＋－＠-](?![\d.]+$)", cell)]
        exported = place.run("export", what, "--format", "json").out
        assert json.loads(exported)
        assert not _CODES.search(exported)


FEW = NAMES[::27]


@pytest.mark.parametrize("hostile", [FEW], indirect=True, ids=["a few"])
def test_hostile_names_do_nothing_but_name(hostile: Place) -> None:
    everything_about(hostile, FEW)


PARTS = [NAMES[part::4] for part in range(4)]
"""What a run delivers at Slack's pace before its time is up: a message a second."""


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("hostile", "names"), [(some, some) for some in PARTS], indirect=["hostile"]
)
def test_no_hostile_name_does_anything_but_name(hostile: Place, names: tuple[str, ...]) -> None:
    everything_about(hostile, names)
