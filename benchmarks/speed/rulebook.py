"""Rules by the thousand, in the mixture of a large organisation, as the text of a rule file.

Of every fifty: thirty daily caps of one project, five monthly ones with a forecast, five spikes of
one project and four over projects that match, one of a project's models, and five of `new`, `drop`
and `drift` in turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.speed.shape import Shape

Rule = dict[str, Any]


A_FILE = 1_000
"""Rules of a file: the bot reads none of more than 256 KB."""


def rule_files(shape: Shape, count: int) -> list[str]:
    """YAML (as JSON lines, which YAML reads) of that many rules, in as many files as it takes."""
    lines = [f"  - {json.dumps(rule)}" for rule in _rules(shape, count)]
    parts = [lines[at : at + A_FILE] for at in range(0, len(lines), A_FILE)]
    return ["\n".join(["rules:", *part, ""]) for part in parts]


def wide_file(count: int) -> str:
    """The same of that many rules, each of them about every project: kinds in turn, pairs of a kind
    differ in amounts and sensitivity."""
    lines = [f"  - {json.dumps(_wide(number))}" for number in range(count)]
    return "\n".join(["rules:", *lines, ""])


def _wide(number: int) -> Rule:
    least = round(0.5 + number / 50, 2)  # a project costs some two dollars a day
    kinds: tuple[Rule, ...] = (
        {
            "kind": "spike",
            "sensitivity": ("low", "normal", "high")[number // 6 % 3],
            "min_usd": least,
        },
        {"kind": "cap", "limit_usd": round(6 + number / 10, 1)},
        {"kind": "cap", "limit_usd": 50 + number, "period": "month", "forecast_steps": [100]},
        {"kind": "drift", "min_usd": least},
        {"kind": "new", "min_usd": least},
        {"kind": "drop", "min_usd": least},
    )
    return {"name": f"wide rule {number:03d}", "per": "project", **kinds[number % len(kinds)]}


def _rules(shape: Shape, count: int) -> Iterator[Rule]:
    ids = shape.project_ids()
    for number in range(count):
        project = ids[number % len(ids)]
        yield {"name": f"rule {number:05d}", **_kind(number)(number, project)}


def _cap(_: int, project: str) -> Rule:
    return {"kind": "cap", "per": "project", "match": {"project": project}, "limit_usd": 100_000}


def _month(_: int, project: str) -> Rule:
    about = {"per": "project", "match": {"project": project}, "period": "month"}
    return {"kind": "cap", **about, "limit_usd": 5_000_000, "forecast_steps": [100]}


def _models(_: int, project: str) -> Rule:
    return {"kind": "spike", "per": "model", "match": {"project": project}, "min_usd": 5000}


def _family(_: int, project: str) -> Rule:
    return {"kind": "spike", "per": "project", "match": {"project": f"{project[:-1]}*"}}


def _other(number: int, project: str) -> Rule:
    kind = ("new", "drop", "drift")[number // 10 % 3]
    return {"kind": kind, "per": "project", "match": {"project": project}}


def _spike(_: int, project: str) -> Rule:
    return {"kind": "spike", "per": "project", "match": {"project": project}}


_KINDS = (_cap, _cap, _cap, _cap, _cap, _cap, _month, _spike, _family, _other)


def _kind(number: int) -> Callable[[int, str], Rule]:
    return _models if number % 50 == 8 else _KINDS[number % 10]
