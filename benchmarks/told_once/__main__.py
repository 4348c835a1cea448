"""Play the episode through all alerters that are at hand, and print what came of it.

    python -m benchmarks.told_once --alertmanager PROGRAM --litellm PYTHON --elastalert PROGRAM

Whoever is not named is left out. See README.md there for how to get them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.told_once.alerters import Alertmanager, ElastAlert, LiteLLM
from benchmarks.told_once.bot_side import BudgetBot
from benchmarks.told_once.episode import TROUBLES, Alerter, Told, played
from tests.fakes import FakeSlack

Make = Callable[[Path, FakeSlack], Alerter]


def outcome(make: Make, trouble: str) -> Told:
    """What came of one episode, with a Slack and a folder of its own."""
    with TemporaryDirectory() as folder, FakeSlack() as slack:
        return played(make(Path(folder), slack), slack, trouble)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.told_once", description=__doc__)
    parser.add_argument("--alertmanager", metavar="PROGRAM")
    parser.add_argument("--litellm", metavar="PYTHON", help="of an environment with LiteLLM")
    parser.add_argument("--elastalert", metavar="PROGRAM")
    parser.add_argument("--trouble", choices=TROUBLES, action="append")
    given = parser.parse_args(arguments)
    makers: dict[str, Make] = {"Budget Bot": BudgetBot}
    if program := given.alertmanager:
        makers["Alertmanager"] = lambda folder, slack: Alertmanager(folder, slack, program)
    if python := given.litellm:
        makers["LiteLLM"] = lambda folder, slack: LiteLLM(folder, slack, python)
    if script := given.elastalert:
        makers["ElastAlert2"] = lambda folder, slack: ElastAlert(folder, slack, script)
    for trouble in given.trouble or TROUBLES:
        for name, make in makers.items():
            print(f"{trouble} | {name} | {outcome(make, trouble)}", flush=True)


if __name__ == "__main__":
    main()
