"""`python -m tests.fakes`: a small organisation's OpenAI and a Slack, to try the bot by hand.

Prints what to put into config.yaml, then one line for each message Slack receives. Nothing leaves
this machine. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import sys
import threading
from datetime import UTC, datetime, timedelta

from tests.fakes.openai import FakeOpenAI
from tests.fakes.organisation import Organisation, organisation
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_model import Message

DAYS = 100


def believable(now: datetime, days: int = DAYS) -> Organisation:
    """`days` finished days and today so far, with a spike yesterday to find."""
    today = now.date()
    made = organisation(end=today + timedelta(days=1), days=days + 1)
    made.plant_spike(today - timedelta(days=1), made.projects[1].id, factor=6)
    made.so_far(now)
    return made


def one_line(message: Message, channel: str) -> str:
    """A message as one line of a terminal."""
    text = " ".join("".join(c if c.isprintable() else " " for c in message.text).split())
    pictures = sum(block["type"] == "image" for block in message.blocks)
    marks = [f"{len(message.blocks)} blocks"] if message.blocks else []
    marks += [f"{pictures} pictures"] if pictures else []
    marks += ["in thread"] if message.thread_ts else []
    marks += [f"edit {message.edited}"] if message.edited else []
    return f"#{channel}  {text}" + (f"  ({', '.join(marks)})" if marks else "")


def settings(openai: FakeOpenAI, slack: FakeSlack) -> str:
    """What to copy into a shell and into config.yaml."""
    return f"""\
export OPENAI_ADMIN_KEY={openai.admin_key} SLACK_BOT_TOKEN={slack.bot_token}

source:
  kind: openai
  admin_key: ${{OPENAI_ADMIN_KEY}}
  base_url: {openai.base_url}
slack:
  bot_token: ${{SLACK_BOT_TOKEN:-}}
  channel: "#{slack.channels[0].name}"
  base_url: {slack.base_url}
"""


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; 2 when a port is taken."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes", description=__doc__)
    parser.add_argument("--openai-port", type=int, default=8801, help="0: any free one")
    parser.add_argument("--slack-port", type=int, default=8802, help="0: any free one")
    ports = parser.parse_args(arguments)
    made = believable(datetime.now(UTC))
    openai = FakeOpenAI(**made._asdict(), port=ports.openai_port)
    slack = FakeSlack(port=ports.slack_port)
    names = {channel.id: channel.name for channel in slack.channels}
    slack.on_message = lambda message: print(
        one_line(message, names.get(message.channel, message.channel)), flush=True
    )
    try:
        with openai, slack:
            print(settings(openai, slack), flush=True)
            print("Messages to Slack appear here; Ctrl-C ends.", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        print(f"cannot listen: {error}; try --openai-port 0 --slack-port 0", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
