"""The comparison counts what people see: told, missed, repeated, corrected."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any
from urllib.request import Request, urlopen

import pytest

from benchmarks.told_once.episode import KILLED, Told, played
from benchmarks.told_once.processes import saying
from benchmarks.told_once.search import FakeSearch
from tests.fakes import FakeSlack


class Pretender:
    """Tells steps by a webhook, and none of them twice as long as it lives; insists once."""

    name, posts_to = "Pretender", "/services/*"
    steps = saying("step 50", "step 80", "step 100")

    def __init__(self, slack: FakeSlack, *, insists: bool = True) -> None:
        self._hook, self._tries = slack.webhook_url, 2 if insists else 1
        self._told: set[int] = set()

    def start(self) -> None:
        self._told = set()

    def know(self, usd: int, *, wait: bool = True) -> None:
        new = [step for step in (50, 80, 100) if usd > step and step not in self._told]
        for step in new:
            self._say(f"step {step}", seconds=5 if wait else 0.2)
        self._told |= set(new)

    def restate(self, usd: int) -> None:
        self._say(f"it was {usd} after all", 5)

    def kill(self) -> None:
        self._told = set()

    def stop(self) -> None:
        """Nothing runs."""

    def _say(self, words: str, seconds: float) -> None:
        body = json.dumps({"text": words}).encode()
        request = Request(self._hook, body, {"Content-Type": "application/json"})  # noqa: S310 - ours
        for _ in range(self._tries):
            try:
                urlopen(request, timeout=seconds).close()  # noqa: S310 - ours
            except OSError:
                continue
            return


@pytest.mark.parametrize(
    ("trouble", "insists", "told"),
    [
        ("nothing happens", True, Told(4, 3, (), 0, True)),
        ("an answer is lost", True, Told(5, 3, (), 1, True)),
        ("an answer is lost", False, Told(4, 3, (), 0, True)),
        ("a message is lost", True, Told(4, 3, (), 0, True)),
        ("a message is lost", False, Told(3, 3, ("step 80",), 0, True)),
    ],
)
def test_an_episode_counts_what_was_told_missed_and_repeated(
    trouble: str, insists: bool, told: Told
) -> None:
    with FakeSlack() as slack:
        assert played(Pretender(slack, insists=insists), slack, trouble) == told


def test_who_forgets_all_when_killed_repeats_what_was_told() -> None:
    with FakeSlack() as slack:
        told = played(Pretender(slack, insists=False), slack, KILLED)
    assert (told.missed, told.repeated) == ((), 2)  # the step before, and the one it died at


def test_the_pretended_search_keeps_what_is_written_and_adds_up_the_day() -> None:
    search = FakeSearch()
    search.usd = 86.0
    connection = HTTPConnection("127.0.0.1", search.port, timeout=5)

    def ask(path: str, body: object) -> dict[str, Any]:
        connection.request("POST", path, json.dumps(body))
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found

    try:
        summed = ask("/costs/_search", {"aggs": {}})
        ask("/elastalert_silence/_doc", {"rule_name": "step 80", "until": "2026-11-29"})
        silenced = ask("/elastalert_silence/_search", {"term": {"rule_name": "step 80"}})
        other = ask("/elastalert_silence/_search", {"term": {"rule_name": "step 100"}})
    finally:
        connection.close()
        search.close()
    assert summed["aggregations"] == {"metric_usd_sum": {"value": 86.0}}
    assert [one["hits"]["total"]["value"] for one in (silenced, other)] == [1, 0]
