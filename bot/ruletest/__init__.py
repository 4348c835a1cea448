"""Unit tests of rules: a bill written down in YAML, and what the rules must say of it.

    suite = load_suite(Path("rules/tests/cap.yaml"))
    for case in suite.cases:
        outcome = run_case(case, suite.rules)

docs/testing-rules.md describes the format. Nothing here reads a clock, a database or a network;
only `load_suite` reads files.
"""

from bot.ruletest.compare import CaseOutcome
from bot.ruletest.load import Suite, load_suite
from bot.ruletest.run import run_case

__all__ = ["CaseOutcome", "Suite", "load_suite", "run_case"]
