"""`bot rules test` says of each case whether the rules tell what was expected, and what differs."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.cli import run
from bot.ruletest.series import expanded

ROOT = Path(__file__).parent.parent.parent
SHIPPED = sorted((ROOT / "rules" / "tests").glob("*.yaml"))
HEAD = """
rules:
  - {name: caps, kind: cap, per: project, limit_usd: 50, steps: [80, 100]}
as_of: 2026-11-20T09:00:00Z
tests:
"""
CASE = """
  - name: over its cap
    costs:
      - {project: search, daily: {from: 2026-11-19, usd: [60]}}
"""


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """What the command says of a text, with the exit code expected of it."""

    def of(text: str, code: int, *arguments: str) -> str:
        file = tmp_path / "t.yaml"
        file.write_text(text, encoding="utf-8")
        assert run(["rules", "test", str(file), *arguments]) == code
        out, err = capsys.readouterr()
        return (err if code == 3 else out).replace(f"{tmp_path}/", "")

    return of


@pytest.mark.parametrize("file", SHIPPED, ids=lambda p: p.name)
def test_the_shipped_tests_pass(file: Path) -> None:
    assert run(["rules", "test", str(file)]) == 0


def test_every_kind_and_the_default_set_have_shipped_tests() -> None:
    assert {file.stem for file in SHIPPED} == {"default", "cap", "spike", "new", "drop", "drift"}


def test_a_difference_shows_both_sides_and_the_line_of_the_case(said: Any) -> None:
    text = said(f"{HEAD}{CASE}    findings: [{{rule: caps, subject: serch, step: 80}}]\n", 1)
    assert text == (
        "t.yaml\n"
        "  FAILED  over its cap  (line 7)\n"
        "    expected, not found:\n"
        "      - rule: caps, subject: serch, step: 80\n"
        "        nearest: subject is search where serch was expected; step is 100 where\n"
        "          80 was expected\n"
        "    found, not expected:\n"
        "      + rule: caps, subject: search, day: 2026-11-19, step: 100, severity:\n"
        "        warning\n"
        "        search spent $60.00 on Thu 19 Nov 2026, 120% of its daily cap of $50.\n"
        "1 case: 1 FAILED\n"
    )


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ("subject: search", 0),
        ("day: 2026-11-19", 0),
        ("day: 2026-11-18", 1),
        ("period: day", 0),
        ("period: week", 1),
        ("step: 100", 0),
        ("step: null", 1),
        ("severity: warning", 0),
        ("severity: critical", 1),
        ("usd: 60.000000000", 0),
        ("usd: 60.000000001", 1),
        ("why: 120% of its daily cap", 0),
        ("why: 121%", 1),
    ],
)
def test_what_is_written_is_compared(said: Any, expected: str, code: int) -> None:
    said(f"{HEAD}{CASE}    findings: [{{rule: caps, {expected}}}]\n", code)


def test_an_expectation_takes_one_finding_only(said: Any) -> None:
    said(f"{HEAD}{CASE}    findings: [{{rule: caps}}, {{rule: caps}}]\n", 1)


def test_no_findings_means_that_nothing_is_told(said: Any) -> None:
    said(f"{HEAD}{CASE}    findings: []\n", 1)


def test_skips_are_compared_where_they_are_expected(said: Any) -> None:
    missing = f"{HEAD}{CASE}    days: {{missing: [2026-11-18]}}\n    findings: [{{rule: caps}}]\n"
    said(missing, 0)
    said(f"{missing}    skipped: []\n", 1)
    said(f"{missing}    skipped: [{{rule: caps, why: Wed 18 Nov is missing}}]\n", 0)


def test_a_settling_day_is_no_history(said: Any) -> None:
    rules = HEAD.replace("kind: cap", "kind: spike").replace("limit_usd: 50, steps: [80, 100]", "")
    rules = rules.replace("per: project, }", "per: project}")
    case = CASE.replace("2026-11-19, usd: [60]", "2026-08-23, usd: [40x88, 200]")
    said(f"{rules}{case}    findings: [{{rule: caps}}]\n", 0)
    unsure = "    days: {settling: [{from: 2026-08-01, until: 2026-11-18}]}\n"
    said(f"{rules}{case}{unsure}    findings: []\n", 0)


def test_the_document_has_every_case(said: Any) -> None:
    text = said(f"{HEAD}{CASE}    findings: [{{rule: caps}}]\n", 0, "--output", "json")
    assert json.loads(text) == {
        "passed": 1,
        "failed": 0,
        "cases": [
            {
                "file": "t.yaml",
                "line": 7,
                "name": "over its cap",
                "passed": True,
                "missed": [],
                "unexpected": [],
            }
        ],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{HEAD}{CASE}    findings: [{{rule: cap}}]\n", ":10:23: there is no rule 'cap'"),
        (f"{HEAD}{CASE}    findings: [{{rule: cap}}]\n", "did you mean 'caps'?"),
        (f"{HEAD}{CASE}    findigs: []\n", "did you mean 'findings'?"),
        (f"{HEAD}{CASE}", "needs `findings` or `skipped`"),
        (f"{HEAD.replace('limit_usd', 'limit_us')}{CASE}    findings: []\n", "'limit_usd'?"),
        (f"{HEAD}{CASE}    findings: []\n".replace("[60]", "[60y2]"), "11x5 is five days of 11"),
        (f"{HEAD}{CASE}    findings: []\n".replace("as_of: 2026", "as_off: 2026"), "'as_of'?"),
        (f"{HEAD}  []\n", "needs a test under `tests`"),
        ("tests: []\n", "needs `rules` or `rule_files`"),
        ("[]\n", "is a mapping with `rules` and `tests`"),
        (
            f"{HEAD}{CASE}    findings: []\n".replace("as_of: 2026-11-20T09:00:00Z", ""),
            "write `as_of: 2026-11-20T09:00:00Z` in the test",
        ),
        (f"rule_files: [none.yaml]{HEAD}{CASE}    findings: []\n", "there are no rules here"),
    ],
)
def test_a_broken_file_is_told_with_its_place_and_nothing_runs(
    said: Any, text: str, words: str
) -> None:
    told = said(text, 3)
    assert words in told
    assert "t.yaml" in told or "none.yaml" in told


def test_a_series_repeats_numbers() -> None:
    ten, half = Decimal(10), Decimal("0.5")
    assert expanded([10, "0.5x2", "-1 10"]) == (ten, half, half, Decimal(-1), ten)
    assert expanded("0*3") == (Decimal(0),) * 3


@pytest.mark.parametrize("wrong", ["x5", "5x", "5x0", "a", "", True, None, [[1]], "1x99999"])
def test_what_is_no_series_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"needs numbers|cannot have more"):
        expanded(wrong)


def test_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys; from bot.cli import run; "
        f"code = run(['rules', 'test', {str(SHIPPED[0])!r}]); "
        "heavy = {'pandas', 'matplotlib', 'sqlalchemy', 'requests', 'slack_sdk'}; "
        "sys.exit(code or repr(heavy & set(sys.modules)) != 'set()')"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


EUROS = """
rules:
  - {name: caps, kind: cap, limit: 50}
  - {name: dollars, kind: cap, limit_usd: 50}
as_of: 2026-11-20T09:00:00Z
tests:
  - name: a bill in euros
    currency: eur
    costs:
      - {daily: {from: 2026-11-19, amount: [60]}}
    findings: [{rule: caps, amount: 60, why: spent €60.00}]
    skipped: [{rule: dollars, why: write `limit` with amounts in EUR}]
"""


def test_a_case_may_have_a_bill_in_another_currency(said: Any) -> None:
    assert said(EUROS, 0).endswith("1 case: all passed\n")


def test_dollars_are_not_expected_of_a_bill_in_euros(said: Any) -> None:
    text = said(EUROS.replace("amount: 60,", "usd: 60,"), 1)
    assert "usd is 60 EUR where 60 was expected" in text


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("amount: [60]", "usd: [60]", "its bill is in EUR: write `amount`, not `usd`"),
        ("amount: [60]", "usd: [60], amount: [60]", "needs `usd`, or `amount`"),
        ("currency: eur", "currency: euros", "currency"),
    ],
)
def test_a_case_that_mixes_currencies_is_refused(said: Any, old: str, new: str, wrong: str) -> None:
    assert wrong in said(EUROS.replace(old, new), 3)
