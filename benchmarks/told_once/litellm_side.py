"""Runs in LiteLLM's own environment: its Slack alerting, told a spend by each line of stdin.

Its queue is flushed every half second instead of every few seconds; the rest is as it comes.
"""

from __future__ import annotations

import asyncio
import sys

from litellm.caching.caching import DualCache  # type: ignore[import-not-found]
from litellm.integrations.SlackAlerting.slack_alerting import SlackAlerting  # type: ignore[import-not-found]
from litellm.proxy._types import CallInfo, Litellm_EntityType  # type: ignore[import-not-found]

FLUSH = 0.5


async def main() -> None:
    alerting = SlackAlerting(
        internal_usage_cache=DualCache(),
        alerting=["slack"],
        default_webhook_url=sys.argv[1],
        flush_interval=FLUSH,
    )
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        team = CallInfo(
            spend=float(line),
            max_budget=100.0,
            team_id="search",
            team_alias="search",
            event_group=Litellm_EntityType.TEAM,
        )
        await alerting.budget_alerts(type="team_budget", user_info=team)


asyncio.run(main())
