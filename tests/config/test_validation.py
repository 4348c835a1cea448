"""pydantic's errors in words: one problem each, in its place, without a secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    SecretStr,
    ValidationError,
    model_validator,
)

from bot.config.environment import expand
from bot.config.problems import Problem, render
from bot.config.validation import from_pydantic
from bot.config.yamlfile import parse

CANARY = "canary-4711-canary"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"


class Cap(Strict):
    kind: Literal["cap"]
    limit_usd: Decimal | dict[str, Decimal]
    period: Literal["day", "week", "month"] = "day"
    steps: list[Annotated[Decimal, Field(gt=0, le=1000)]] = []


class Spike(Strict):
    kind: Literal["spike", "jump"]
    severity: Severity = Severity.WARNING
    days: Annotated[int, Field(ge=7)] = 28


Rule = Annotated[Cap | Spike, Field(discriminator="kind")]


class Hinted(ValueError):  # noqa: N818 - a validator's own
    hint = "write #name"


def a_channel(text: str) -> str:
    if not text.startswith("#"):
        raise Hinted("is not a channel")
    return text


def a_key(text: str) -> str:
    raise ValueError(f"cannot be used: '{text}'")


def as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Slack(Strict):
    channel: Annotated[str, AfterValidator(a_channel)] = "#x"
    bot_token: SecretStr = Field(SecretStr(""), min_length=5)
    signing_key: Annotated[str, AfterValidator(a_key)] = ""
    api_key_type: Literal["admin", "project"] = "admin"
    mode: Annotated[str, Field(pattern="^[a-z]+$")] = "a"


class Span(Strict):
    start: date = Field(date(2026, 1, 1), alias="from")
    until: date = date(2026, 2, 1)

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.until < self.start:
            raise ValueError("`until` lies before `from`\nswap them")
        return self


class Steps(RootModel[list[int]]):
    pass


Globs = Annotated[list[Annotated[str, Field(max_length=9)]], BeforeValidator(as_list)]


class Settings(Strict):
    rules: list[Rule] = []
    only: Rule | None = None
    slack: Slack | None = None
    planned: tuple[Span, ...] = ()
    match: dict[Literal["project", "model"], Globs] = {}
    limit: Annotated[Decimal, Field(gt=0)] | Literal["auto"] = Decimal(1)
    many: int | list[int] | None = None
    either: Slack | Span | None = None
    pair: tuple[int, str] | None = None
    steps: Steps | None = None
    at: time | None = None
    folder: Path | None = None
    enabled: bool = True
    short: dict[Annotated[str, Field(max_length=3)], int] = {}
    named: str = Field("", validation_alias=AliasChoices("called", AliasPath("names", 0)))


def problems(text: str, model: type[BaseModel] = Settings, data: Any = None) -> list[Problem]:
    document = parse(text, "c.yaml")
    with pytest.raises(ValidationError) as caught:
        model.model_validate(document.data if data is None else data)
    return from_pydantic(caught.value, document, (), model)


@pytest.mark.parametrize(
    ("text", "report"),
    [
        (
            "slack:\n  chanel: x\n",
            """\
c.yaml:2:3: unknown key 'chanel' in 'slack'
      chanel: x
      ^
  did you mean 'channel'?
  allowed: channel, bot_token, signing_key, api_key_type, mode""",
        ),
        (
            "rules:\n- kind: cap\n  limit_usd: 5\n  peroid: day\n",
            """\
c.yaml:4:3: unknown key 'peroid' in item 1 of 'rules'
      peroid: day
      ^
  did you mean 'period'?
  allowed: kind, limit_usd, period, steps""",
        ),
        (
            "planned:\n- {fom: 2026-01-01}\n",
            """\
c.yaml:2:4: unknown key 'fom' in item 1 of 'planned'
    - {fom: 2026-01-01}
       ^
  did you mean 'from'?
  allowed: from, until""",
        ),
        (
            "calld: x\n",
            """\
c.yaml:1:1: unknown key 'calld'
    calld: x
    ^
  did you mean 'called'?
  allowed: rules, only, slack, planned, match, limit, many, either, pair, steps, at, folder,
    enabled, short, called""",
        ),
        (
            "rules:\n- kind: cap\n  period: day\n",
            """\
c.yaml:2:3: 'limit_usd' is missing in item 1 of 'rules'
    - kind: cap
      ^""",
        ),
        (
            "only:\n  kind: cap\n",
            """\
c.yaml:1:1: 'limit_usd' is missing in 'only'
    only:
    ^""",
        ),
        (
            # told once: the misspelt key is the missing one
            "only: {kind: cap, limt_usd: 5}\n",
            """\
c.yaml:1:19: unknown key 'limt_usd' in 'only'
    only: {kind: cap, limt_usd: 5}
                      ^
  did you mean 'limit_usd'?
  allowed: kind, limit_usd, period, steps""",
        ),
        (
            "rules:\n- kind: spkie\n",
            """\
c.yaml:2:9: 'kind' cannot be 'spkie'
    - kind: spkie
            ^
  did you mean 'spike'?
  allowed: cap, spike, jump""",
        ),
        (
            "rules:\n- kind: 5\n",
            """\
c.yaml:2:9: 'kind' must be one of the words allowed, not a number
    - kind: 5
            ^
  allowed: cap, spike, jump""",
        ),
        (
            "rules:\n- limit_usd: 5\n",
            """\
c.yaml:2:3: 'kind' is missing in item 1 of 'rules'
    - limit_usd: 5
      ^
  allowed: cap, spike, jump""",
        ),
        (
            "rules:\n- knd: cap\n",
            """\
c.yaml:2:3: unknown key 'knd' in item 1 of 'rules'
    - knd: cap
      ^
  did you mean 'kind'?
  allowed: kind""",
        ),
        (
            "only: {kind: cap, limit_usd: 5, period: wek}\n",
            """\
c.yaml:1:41: 'period' cannot be 'wek'
    only: {kind: cap, limit_usd: 5, period: wek}
                                            ^
  did you mean 'week'?
  allowed: day, week, month""",
        ),
        (
            "only: {kind: spike, severity: WARN}\n",
            """\
c.yaml:1:31: 'severity' cannot be 'WARN'
    only: {kind: spike, severity: WARN}
                                  ^
  did you mean 'warning'?
  allowed: info, warning""",
        ),
        (
            "only: {kind: cap, limit_usd: 5, period: [day]}\n",
            """\
c.yaml:1:33: 'period' must be one of the words allowed, not a list
    only: {kind: cap, limit_usd: 5, period: [day]}
                                    ^
  allowed: day, week, month""",
        ),
        (
            "match: {proyect: x}\n",
            """\
c.yaml:1:9: unknown key 'proyect' in 'match'
    match: {proyect: x}
            ^
  did you mean 'project'?
  allowed: project, model""",
        ),
        (
            "short: {abcd: 1}\n",
            """\
c.yaml:1:9: the key 'abcd' must have 3 characters or fewer
    short: {abcd: 1}
            ^""",
        ),
        (
            "slack: {channel: 5}\n",
            """\
c.yaml:1:18: 'channel' must be text, not a number
    slack: {channel: 5}
                     ^
  put it in quotes""",
        ),
        (
            "slack:\n  channel: #llm-costs\n",
            """\
c.yaml:2:11: 'channel' must be text, not empty
      channel: #llm-costs
              ^
  '#' after a space begins a comment: put the value in quotes""",
        ),
        (
            "enabled:\n",
            """\
c.yaml:1:9: 'enabled' must be true or false, not empty
    enabled:
            ^
  write a value, or remove the key""",
        ),
        (
            "only: {kind: spike, days: 7.5}\n",
            """\
c.yaml:1:27: 'days' must be a whole number, not a fraction
    only: {kind: spike, days: 7.5}
                              ^""",
        ),
        (
            "only: {kind: spike, days: 3}\n",
            """\
c.yaml:1:27: 'days' must be 7 or more
    only: {kind: spike, days: 3}
                              ^""",
        ),
        (
            "only:\n  kind: cap\n  limit_usd: 5\n  steps:\n  - 50\n  - 0\n  - 2000\n",
            """\
c.yaml:6:5: item 2 of 'steps' must be more than 0
      - 0
        ^
c.yaml:7:5: item 3 of 'steps' must be 1000 or less
      - 2000
        ^""",
        ),
        (
            "rules: {kind: cap}\n",
            """\
c.yaml:1:1: 'rules' must be a list, not a mapping
    rules: {kind: cap}
    ^""",
        ),
        (
            "rules: cap\n",
            """\
c.yaml:1:8: 'rules' must be a list, not text
    rules: cap
           ^
  write [a, b], or one line '- a' for each""",
        ),
        (
            "rules: [cap]\n",
            """\
c.yaml:1:9: item 1 of 'rules' must be a mapping, not text
    rules: [cap]
            ^""",
        ),
        (
            "- a\n",
            """\
c.yaml:1:1: the file must be a mapping, not a list
    - a
    ^""",
        ),
        (
            "slack: {channel: general}\n",
            """\
c.yaml:1:18: 'channel' is not a channel
    slack: {channel: general}
                     ^
  write #name""",
        ),
        (
            "planned:\n- from: 2026-02-01\n  until: 2026-01-01\n",
            """\
c.yaml:2:3: `until` lies before `from`
    - from: 2026-02-01
      ^
  swap them""",
        ),
        (
            "planned:\n- from: soon\n",
            """\
c.yaml:2:9: 'from' must be a date such as 2026-01-31, not text
    - from: soon
            ^""",
        ),
        (
            "at: noon\n",
            """\
c.yaml:1:5: 'at' must be a time such as "09:00", not text
    at: noon
        ^""",
        ),
        (
            "folder: 5\n",
            """\
c.yaml:1:9: 'folder' must be the path of a file or folder, not a number
    folder: 5
            ^""",
        ),
        (
            "slack: {mode: A1}\n",
            """\
c.yaml:1:15: 'mode' must have the form ^[a-z]+$
    slack: {mode: A1}
                  ^""",
        ),
        (
            "pair: [1]\n",
            """\
c.yaml:1:1: item 2 of 'pair' is missing
    pair: [1]
    ^""",
        ),
        (
            "steps: [1, x]\n",
            """\
c.yaml:1:12: item 2 of 'steps' must be a whole number, not text
    steps: [1, x]
               ^""",
        ),
        (
            # a validator made a list of one word: told at the word, not as an item
            "match: {project: far-too-long}\n",
            """\
c.yaml:1:18: 'project' must have 9 characters or fewer
    match: {project: far-too-long}
                     ^""",
        ),
        (
            "match: {project: [x, far-too-long]}\n",
            """\
c.yaml:1:22: item 2 of 'project' must have 9 characters or fewer
    match: {project: [x, far-too-long]}
                         ^""",
        ),
    ],
)
def test_an_error_is_told_in_words_and_in_its_place(text: str, report: str) -> None:
    found = problems(text)
    assert render(found).rpartition("\n")[0] == report


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (
            "only: {kind: cap, limit_usd: x}",
            ["'limit_usd' must be a number or a mapping, not text"],
        ),
        ("only: {kind: cap, limit_usd: {a: 1, b: x}}", ["'b' must be a number, not text"]),
        ("limit: -1", ["'limit' must be more than 0"]),
        ("limit: atuo", ["'limit' must be a number or one of the words allowed, not text"]),
        ("many: x", ["'many' must be a whole number or a list, not text"]),
        ("many: [x, 1]", ["item 1 of 'many' must be a whole number, not text"]),
        ("either: {channle: '#x'}", ["unknown key 'channle' in 'either'"]),
        ("either: 5", ["'either' must be a mapping, not a number"]),
        ("either: {until: soon}", ["'until' must be a date such as 2026-01-31, not text"]),
    ],
)
def test_of_a_union_one_problem_is_told(text: str, messages: list[str]) -> None:
    assert [problem.message for problem in problems(text)] == messages


def test_a_word_of_a_union_is_suggested() -> None:
    (problem,) = problems("limit: atuo")
    assert (problem.did_you_mean, problem.allowed) == ("auto", ("auto",))


def test_a_key_that_is_there_already_is_not_suggested() -> None:
    (problem,) = problems("slack: {channel: '#x', chanel: z}")
    assert problem.did_you_mean is None


def test_a_part_of_a_document_is_told_in_the_whole() -> None:
    document = parse("rules:\n- kind: cap\n  limit_usd: 1\n- kind: cap\n  limit: 1\n", "c.yaml")
    with pytest.raises(ValidationError) as caught:
        Cap.model_validate(document.data["rules"][1])
    assert render(from_pydantic(caught.value, document, ("rules", 1), Cap)) == (
        """\
c.yaml:5:3: unknown key 'limit' in item 2 of 'rules'
      limit: 1
      ^
  did you mean 'limit_usd'?
  allowed: kind, limit_usd, period, steps
1 problem"""
    )


def test_what_the_file_does_not_hold_is_told_at_the_nearest_parent() -> None:
    (problem,) = problems("slack: {}\n", data={"slack": {"channel": "x"}})
    assert problem.place[:3] == ("c.yaml", 1, 8)
    assert problem.message == "'channel' is not a channel"


def test_a_key_missing_from_an_empty_file_is_told() -> None:
    document = parse("", "c.yaml")
    with pytest.raises(ValidationError) as caught:
        Cap.model_validate({"kind": "cap"})
    assert render(from_pydantic(caught.value, document, (), Cap)) == (
        "c.yaml:1:1: 'limit_usd' is missing\n1 problem"
    )


@pytest.mark.parametrize(
    "line",
    [
        "signing_key: ${SECRET}",
        f"signing_key: {CANARY}",
        "bot_token: ${SHORT}",
        f"bot_token: [{CANARY}]",
        "bot_token: {a: ${SECRET}}".replace("${SECRET}", CANARY),
        "api_key_type: ${SECRET}",
        f"api_key_type: {CANARY}",
        f"signin_key: {CANARY}",
        "mode: ${SECRET}",
        "channel: ${SECRET}",
        "nonsense: ${SECRET}",
    ],
)
def test_no_secret_is_told(line: str) -> None:
    text = f"slack:\n  {line}\n"
    data, gaps = expand(parse(text, "f").data, {"SECRET": CANARY, "SHORT": "4711"}, str)
    assert not gaps
    report = render(problems(text, data=data))
    assert "4711" not in report
    assert "1 problem" in report


def test_a_place_near_a_secret_says_what_is_allowed() -> None:
    (problem,) = problems("slack: {api_key_type: organisation}")
    assert problem.message == "'api_key_type' has a value that is not allowed"
    assert problem.allowed == ("admin", "project")


def test_a_validator_that_quotes_a_secret_is_cut_short() -> None:
    (problem,) = problems(f"slack: {{signing_key: {CANARY}}}")
    assert problem.message == "'signing_key' cannot be used: '…'"


def test_a_short_secret_is_counted_in_characters() -> None:
    (problem,) = problems("slack: {bot_token: abc}")
    assert problem.message == "'bot_token' must have 5 characters or more"


def test_a_long_value_is_cut() -> None:
    (problem,) = problems(f"only: {{kind: {'x' * 100}}}")
    assert problem.message == f"'kind' cannot be '{'x' * 39}…'"


class Odd(Strict):
    """Types that the table of words does not know."""

    call: Callable[[], int] | None = None
    anything: Any = None
    wild: list[Any] = []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("call: x", "'call' must be callable"),
        ("wild: x", "'wild' must be a list, not text"),
        ("wild: {a: [b]}", "'wild' must be a list, not a mapping"),
    ],
)
def test_an_error_without_words_of_ours_is_told_in_pydantics(text: str, message: str) -> None:
    (problem,) = problems(text, Odd)
    assert problem.message == message
