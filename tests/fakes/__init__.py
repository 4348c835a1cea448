"""Stand-ins for OpenAI and Slack: real HTTP servers on 127.0.0.1 with a script of faults.

    with FakeOpenAI(costs=[...]) as openai, FakeSlack() as slack:
        slack.faults.add(Fault("drop_after", path="/api/chat.postMessage"))
        run_the_bot(openai.base_url, openai.admin_key, slack.base_url, slack.bot_token)
        assert [m.text for m in slack.messages] == ["..."]

`python -m tests.fakes` starts both for a person.
"""

from __future__ import annotations

from tests.fakes.faults import Fault, eight_faults
from tests.fakes.openai import FakeOpenAI
from tests.fakes.openai_rows import ApiKey, CostRow, Project, Raw, UsageRow, User
from tests.fakes.organisation import Organisation, organisation
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_model import Channel, File, Message

__all__ = [
    "ApiKey",
    "Channel",
    "CostRow",
    "FakeOpenAI",
    "FakeSlack",
    "Fault",
    "File",
    "Message",
    "Organisation",
    "Project",
    "Raw",
    "UsageRow",
    "User",
    "eight_faults",
    "organisation",
]
