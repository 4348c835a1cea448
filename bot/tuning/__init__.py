"""Thresholds that keep rules within a target: `plan`, and the ladders it climbs."""

from bot.tuning.plan import Plan, Proposal, Target, parse_target, plan

__all__ = ["Plan", "Proposal", "Target", "parse_target", "plan"]
