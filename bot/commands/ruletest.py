"""`bot rules test`: what rules say of a bill that somebody wrote down."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.commands.printing import print_json
from bot.config.problems import ConfigProblems, Problem, printable
from bot.errors import UsageError
from bot.ruletest import CaseOutcome, Suite, load_suite, run_case

FAILED = 1
_WIDTH = 80


def run_rules_test(*, paths: Sequence[Path], output: str) -> int:
    """Exit code 0 if every case passed, 1 if one did not.

    Raises ConfigProblems with the mistakes of all files before any case runs.
    """
    results = [(suite, _outcomes(suite)) for suite in _suites(_files(paths))]
    if output == "json":
        print_json(_document(results))
    else:
        sys.stdout.write("\n".join(_lines(results)) + "\n")
    passed = all(one.passed for _, outcomes in results for one in outcomes)
    return 0 if passed else FAILED


Results = Sequence[tuple[Suite, Sequence[CaseOutcome]]]


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files named, and those of a folder that is named."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(one for one in path.iterdir() if one.suffix in (".yaml", ".yml"))
        if not found:
            raise UsageError(f"there is no test in {path}", hint="tests are *.yaml files")
        yield from found


def _suites(files: Iterator[Path]) -> list[Suite]:
    suites: list[Suite] = []
    problems: list[Problem] = []
    for file in files:
        try:
            suites.append(load_suite(file))
        except ConfigProblems as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigProblems(problems)
    return suites


def _outcomes(suite: Suite) -> list[CaseOutcome]:
    return [run_case(case, suite.rules) for case in suite.cases]


def _document(results: Results) -> dict[str, Any]:
    cases = [
        {
            "file": str(suite.file),
            "line": line,
            "name": outcome.case.name,
            "passed": outcome.passed,
            "missed": [{"expected": said, "nearest": near} for said, near in outcome.missed],
            "unexpected": list(outcome.unexpected),
        }
        for suite, outcomes in results
        for line, outcome in zip(suite.lines, outcomes, strict=True)
    ]
    passed = sum(bool(case["passed"]) for case in cases)
    return {"passed": passed, "failed": len(cases) - passed, "cases": cases}


def _lines(results: Results) -> Iterator[str]:
    for suite, outcomes in results:
        yield printable(str(suite.file))
        for line, outcome in zip(suite.lines, outcomes, strict=True):
            yield from _case_lines(outcome, line)
    count = [outcome.passed for _, outcomes in results for outcome in outcomes]
    failed = count.count(False)
    yield f"{_cases(len(count))}: " + (f"{failed} FAILED" if failed else "all passed")


def _case_lines(outcome: CaseOutcome, line: int) -> Iterator[str]:
    name = printable(outcome.case.name)
    if outcome.passed:
        yield f"  ok      {name}"
        return
    yield f"  FAILED  {name}  (line {line})"
    if outcome.missed:
        yield "    expected, not found:"
    for said, near in outcome.missed:
        yield from _marked("-", said, f"nearest: {near}" if near else "")
    if outcome.unexpected:
        yield "    found, not expected:"
    for said in outcome.unexpected:
        what, _, why = said.partition("\n")
        yield from _marked("+", what, why)


def _marked(mark: str, said: str, remark: str) -> Iterator[str]:
    yield from _wrapped(f"{mark} {printable(said)}", 6)
    yield from _wrapped(printable(remark), 8)


def _wrapped(text: str, by: int) -> list[str]:
    indent = " " * by
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )


def _cases(count: int) -> str:
    return f"{count} case{'' if count == 1 else 's'}"
