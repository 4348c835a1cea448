"""Proposed thresholds for people, ready to paste."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from bot.config.yamlwrite import flow, rule_entry, written
from bot.tuning import Plan, Proposal


def print_plan(out: Console, plan: Plan) -> None:
    """The target, each change with what it does, and the rules as a file would have them."""
    out.print(Text(f"\nTarget: {plan.target}", "bold"))
    for line in _lines(plan):
        out.print(Text("\n".join(textwrap.wrap(line, out.width, subsequent_indent="    "))))
    changed = [one.variant for one in plan.proposals if one.changes]
    if changed:
        out.print(Text("\nIn place of the rules of these names:\n", "bold"))
        out.print(
            Text(written({"rules": [rule_entry(rule) for rule in changed]}).rstrip()),
            soft_wrap=True,
        )


def _lines(plan: Plan) -> Iterator[str]:
    allowed = f"at most {plan.allowed} in these days"
    if not plan.proposals:
        yield f"Already within it: {plan.before} alerts, {allowed}."
        return
    yield f"{plan.before} alerts now, {allowed}."
    for one in plan.proposals:
        yield f"  {one.rule.name}: {_change(one)}"
    then = f"All changes together: {plan.after} alerts."
    if plan.reached:
        yield then
    else:
        yield (
            f"{then} That is still above the target: turn a rule off, or narrow it with `match`."
        )


def _change(one: Proposal) -> str:
    if not one.changes:
        return f"{one.before} alerts, and no value of its options makes it {one.share}"
    changes = ", ".join(
        f"{option} {_shown(old)} → {_shown(new)}" for option, old, new in one.changes
    )
    fewer = f"alerts {one.before} → {one.after}"
    short = "" if one.reached else f"; no value makes it {one.share}"
    return f"{changes}: {fewer}{short}"


def _shown(value: Any) -> str:
    """A threshold as YAML has it; a lone default as its number."""
    if isinstance(value, Mapping) and list(value) == ["default"]:
        return flow(value["default"])
    return flow(value)
