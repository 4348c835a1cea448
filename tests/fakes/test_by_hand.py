"""`python -m tests.fakes` serves a person and leaves cleanly."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import requests
from slack_sdk import WebClient

from tests.fakes.__main__ import believable, one_line
from tests.fakes.slack_model import Message

ROOT = Path(__file__).parents[2]


def test_it_prints_what_to_configure_then_each_message_and_ends_on_ctrl_c() -> None:
    command = [sys.executable, "-m", "tests.fakes", "--openai-port", "0", "--slack-port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            printed = ""
            while "Ctrl-C" not in printed:
                printed += program.stdout.readline()
            openai, slack = re.findall(r"base_url: (\S+)", printed)
            key = {"Authorization": "Bearer sk-admin-test"}
            projects = requests.get(f"{openai}/organization/projects", headers=key, timeout=5)
            WebClient("xoxb-test", base_url=slack, retry_handlers=[]).chat_postMessage(
                channel="#llm-costs", text="Spend is\nhigh"
            )
            assert program.stdout.readline() == "#llm-costs  Spend is high\n"
            program.send_signal(signal.SIGINT)
            assert program.wait(5) == 0
        finally:
            program.kill()
    assert "export OPENAI_ADMIN_KEY=sk-admin-test SLACK_BOT_TOKEN=xoxb-test" in printed
    assert len(projects.json()["data"]) == 5


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "tests.fakes", "--openai-port", port, "--slack-port", "0"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("cannot listen: ")
    assert ended.stderr.count("\n") == 1


def test_the_organisation_by_hand_has_a_hundred_days_and_part_of_today() -> None:
    now = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    made = believable(now)
    days = sorted({row.day for row in made.costs})
    assert (len(days), days[-1]) == (101, now.date())
    yesterday, today = (made.spend(day, "proj_001") for day in days[-2:])
    assert 0 < today < yesterday
    spiked, before = (made.spend(day, "proj_002") for day in (days[-2], days[-9]))
    assert spiked > before * 2


def test_a_message_is_one_line_whatever_it_holds() -> None:
    blocks = [{"type": "image"}, {"type": "divider"}]
    message = Message("C1", "1.0", "a\nb\x1b[31m\u202ec", blocks, thread_ts="0.9", edited=2)
    assert one_line(message, "x") == "#x  a b [31m c  (2 blocks, 1 pictures, in thread, edit 2)"
