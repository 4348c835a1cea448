"""A finding goes where its rule says, else along the first route that fits, else to the channel."""

from __future__ import annotations

from typing import Any

import pytest

from bot.alerts.model import Finding, Severity
from bot.config.settings import SlackSettings
from bot.delivery.routes import route
from tests.build import finding, pair, project

SEARCH = {"match": {"project": "search*"}, "channel": "#search", "mention": "@oncall"}
OPUS = {"match": {"model": "gpt-5*", "project": "!search"}, "channel": "#opus"}
LOUD = {"match": {"severity": "critical"}, "channel": "#loud", "mention": "@here"}
RULE = {"match": {"rule": ["daily*", "!*test"]}, "channel": "#caps"}
REST: dict[str, Any] = {"match": {}, "channel": "#rest"}


def place(one: Finding, *routes: dict[str, Any]) -> tuple[str, str | None]:
    return route(one, SlackSettings.model_validate({"routes": routes}))


@pytest.mark.parametrize(
    ("one", "routes", "expected"),
    [
        (finding(), [], ("#llm-costs", None)),
        (finding(), [SEARCH], ("#llm-costs", None)),
        (finding(project("p", "search-api")), [SEARCH], ("#search", "@oncall")),
        (finding(project("searching", "x")), [SEARCH], ("#search", "@oncall")),
        (finding(project("p", "chat")), [SEARCH], ("#llm-costs", None)),
        (finding(project(None, "(no project)")), [SEARCH, REST], ("#rest", None)),
        # The first that fits, in the order written.
        (finding(project("p", "search")), [REST, SEARCH], ("#rest", None)),
        (finding(severity=Severity.CRITICAL), [SEARCH, LOUD, REST], ("#loud", "@here")),
        (finding(severity=Severity.INFO), [LOUD, REST], ("#rest", None)),
        (finding(rule="daily cap"), [RULE], ("#caps", None)),
        (finding(rule="daily test"), [RULE], ("#llm-costs", None)),
        # Every entry of a match must fit, and a subject without that dimension does not.
        (finding(pair(("project", "chat"), ("model", "gpt-5-mini"))), [OPUS], ("#opus", None)),
        (finding(pair(("project", "search"), ("model", "gpt-5"))), [OPUS], ("#llm-costs", None)),
        (finding(pair(("model", "gpt-5"))), [OPUS], ("#llm-costs", None)),
        # What the rule itself says comes first, each for itself.
        (finding(project("p", "search"), channel="#own"), [SEARCH], ("#own", "@oncall")),
        (finding(project("p", "search"), mention="@me"), [SEARCH], ("#search", "@me")),
        (finding(channel="#own", mention="@me"), [REST], ("#own", "@me")),
    ],
)
def test_where_a_finding_goes(
    one: Finding, routes: list[dict[str, Any]], expected: tuple[str, str | None]
) -> None:
    assert place(one, *routes) == expected
