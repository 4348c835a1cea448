"""The alerters of the comparison, each a process of its own that the episode starts and kills."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.told_once.processes import Process, free_port, post, saying, until_open
from benchmarks.told_once.search import FakeSearch
from tests.fakes import FakeSlack

HOOK = "/services/*"
ROUND = 2.5
"""Seconds in which Alertmanager and ElastAlert2, set to their quickest, have said all."""


class Alertmanager(Process):
    """Three alerts as three rules of Prometheus would push them, again with every check."""

    name, posts_to = "Alertmanager", HOOK
    steps = saying("step 50", "step 80", "step 100")

    def __init__(self, folder: Path, slack: FakeSlack, program: str) -> None:
        super().__init__(folder)
        self._program, self._port = program, free_port()
        self._ever: set[int] = set()
        config = {
            "route": {
                "receiver": "slack",
                "group_by": ["..."],
                "group_wait": "100ms",
                "group_interval": "500ms",
                "repeat_interval": "4h",
            },
            "receivers": [
                {
                    "name": "slack",
                    "slack_configs": [
                        {
                            "api_url": slack.webhook_url,
                            "channel": "#llm-costs",
                            "send_resolved": True,
                            "title": "{{ .Status }}: {{ .CommonLabels.alertname }}",
                            "text": "{{ .CommonAnnotations.summary }}",
                        }
                    ],
                }
            ],
        }
        (folder / "alertmanager.yml").write_text(json.dumps(config))

    def start(self) -> None:
        self.run(
            self._program,
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--cluster.listen-address=",
        )
        until_open(self._port)

    def know(self, usd: int, *, wait: bool = True) -> None:
        now = datetime.now(UTC)
        alerts = []
        for step in (50, 80, 100):
            holds = usd > step
            if not holds and step not in self._ever:
                continue
            self._ever.add(step)
            ends = now + timedelta(hours=1) if holds else now
            alerts.append(
                {
                    "labels": {"alertname": f"step {step}", "subject": "search"},
                    "annotations": {"summary": f"search is over {step}% of its cap"},
                    "endsAt": ends.isoformat(),
                }
            )
        post(self._port, "/api/v2/alerts", alerts)
        if wait:
            time.sleep(ROUND)

    def restate(self, usd: int) -> None:
        self.know(usd)


class LiteLLM(Process):
    """Its Slack alerting of a team's budget, in a process of its own environment."""

    name, posts_to = "LiteLLM", HOOK
    steps = saying(": 15% or less", ": 5% or less", "Budget Crossed")

    def __init__(self, folder: Path, slack: FakeSlack, python: str) -> None:
        super().__init__(folder)
        self._python, self._hook = python, slack.webhook_url

    def start(self) -> None:
        script = Path(__file__).parent / "litellm_side.py"
        child = self.run(self._python, script, self._hook, "-", LITELLM_LOCAL_MODEL_COST_MAP="True")
        if not child.stdout or child.stdout.readline() != "ready\n":
            raise RuntimeError(self.log[-2000:])

    def know(self, usd: int, *, wait: bool = True) -> None:
        self.tell(f"{usd}\n")
        if wait:
            time.sleep(ROUND)

    def restate(self, usd: int) -> None:
        self.know(usd)


class ElastAlert(Process):
    """Three rules on the sum of a day's documents, each silent for a day once it has spoken."""

    name, posts_to = "ElastAlert2", HOOK
    steps = saying("step 50", "step 80", "step 100")

    def __init__(self, folder: Path, slack: FakeSlack, program: str) -> None:
        super().__init__(folder)
        self._program = program
        self._search = FakeSearch()
        rules = folder / "rules"
        rules.mkdir()
        config = {
            "rules_folder": "rules",
            "run_every": {"milliseconds": 500},
            "buffer_time": {"days": 1},
            "es_host": "127.0.0.1",
            "es_port": self._search.port,
            "writeback_index": "elastalert",
            "alert_time_limit": {"days": 2},
        }
        (folder / "config.yaml").write_text(json.dumps(config))
        for step in (50, 80, 100):
            rule = {
                "name": f"step {step}",
                "type": "metric_aggregation",
                "index": "costs",
                "metric_agg_key": "usd",
                "metric_agg_type": "sum",
                "max_threshold": step,
                "buffer_time": {"days": 1},
                "timeframe": {"days": 1},
                "scan_entire_timeframe": True,  # else a restarted one looks only at what came since
                "realert": {"days": 1},
                "filter": [],
                "alert": ["slack"],
                "slack_webhook_url": slack.webhook_url,
            }
            (rules / f"{step}.yaml").write_text(json.dumps(rule))

    def start(self) -> None:
        self.run(self._program, "--config", "config.yaml", "--verbose")
        self._rounds(1)

    def know(self, usd: int, *, wait: bool = True) -> None:
        self._search.usd = usd
        if wait:
            self._rounds(6)
            time.sleep(ROUND)

    def restate(self, usd: int) -> None:
        self.know(usd)

    def stop(self) -> None:
        super().stop()
        self._search.close()

    def _rounds(self, sums: int) -> None:
        """Until it has asked for so many more sums: each rule asks for one in a round."""
        end, until = time.monotonic() + 240, self._search.sums_asked + sums
        while self._search.sums_asked < until:
            if time.monotonic() > end:
                raise RuntimeError(self.log[-2000:])
            time.sleep(0.05)
