"""Secrets appear nowhere: not in what is shown, logged, kept, drawn or recorded, in no encoding.

Five canaries, and a proxy's password, stand in the environment. Each command is run while things go
wrong, and all that it said and left is searched for them.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from bot import redaction
from bot.logs import crash
from bot.redaction import without_secrets
from tests.cases.stage import NOW, Place, small_bill
from tests.fakes import FakeOpenAI, FakeSlack
from tests.fakes.faults import Fault

CANARIES = {
    "OPENAI_ADMIN_KEY": "sk-admin-cAn4ryOpenAI+7fQ2/x",
    "SLACK_BOT_TOKEN": "xoxb-cAn4rySlackBot-81",
    "SLACK_APP_TOKEN": "xapp-1-cAn4rySlackApp-5d",
    "DATABASE_PASSWORD": "cAn4ryDatabasePw%21zz",
    "HEARTBEAT_TOKEN": "cAn4ryHeartbeat-0c11-99",
    "PROXY_PASSWORD": "cAn4ryProxyPassword77",
}


def signs() -> list[re.Pattern[str]]:
    """Each canary plainly, quoted and in base64; also with line breaks or blanks in between."""
    found = []
    for secret in CANARIES.values():
        inner = [base64.b64encode(b"\0" * n + secret.encode()).decode()[4:-4] for n in range(3)]
        for form in (secret, quote(secret, safe=""), secret.replace("%21", "!"), *inner):
            spaced = r"[\s│|]*".join(map(re.escape, form))
            found.append(re.compile(spaced))
    return found


SIGNS = signs()


def found_in(text: str) -> list[str]:
    return [match[0] for sign in SIGNS if (match := sign.search(text))]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What one test hides is not hidden in the next."""
    yield
    redaction.hidden.clear()


@pytest.fixture
def canaries(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    """The small bill behind a key, a token, a heartbeat and a proxy that are all canaries."""
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    key, token = CANARIES["OPENAI_ADMIN_KEY"], CANARIES["SLACK_BOT_TOKEN"]
    with FakeOpenAI(**small_bill(), now=NOW, admin_key=key) as openai, FakeSlack(token) as slack:
        slack.processing_calls = 0
        place = Place(home, openai, slack, capsys)
        monkeypatch.setenv("HEARTBEAT_URL", slack.base_url + CANARIES["HEARTBEAT_TOKEN"])
        place.edit("rules: rules.yaml\n", "rules: rules.yaml\nheartbeat_url: ${HEARTBEAT_URL}\n")
        yield place


Trouble = Callable[[Place], None]


def nothing(_place: Place) -> None:
    """All is well."""


def openai_says(fault: Fault) -> Trouble:
    return lambda place: place.openai.faults.add(fault)


def slack_says(fault: Fault) -> Trouble:
    return lambda place: place.slack.faults.add(fault)


def edited(old: str, new: str) -> Trouble:
    return lambda place: place.edit(old, new)


def an_unreachable_server(place: Place) -> None:
    url = "postgresql+psycopg://bot:${DATABASE_PASSWORD}@127.0.0.1:9/bot"
    place.edit("rules: rules.yaml\n", f'rules: rules.yaml\nstore: {{url: "{url}"}}\n')


def a_proxy_that_is_down(place: Place) -> None:
    with_proxy = (
        'proxy: "http://bot:${PROXY_PASSWORD}@127.0.0.1:9", base_url: "https://127.0.0.1:9"'
    )
    place.edit(f'base_url: "{place.openai.base_url}"', with_proxy)


def a_rejected_proxy(place: Place) -> None:
    place.edit("kind: openai,", 'kind: openai, proxy: "ftp://bot:${PROXY_PASSWORD}@p:1",')


KEY, TOKEN = CANARIES["OPENAI_ADMIN_KEY"], CANARIES["SLACK_BOT_TOKEN"]
"""What a server was told, and may say again."""
TROUBLES: dict[str, Trouble] = {
    "nothing": nothing,
    "401": openai_says(Fault("status", times=None, status=401, body=KEY)),
    "403": openai_says(
        Fault("status", times=None, status=403, body=f'{{"error":{{"message":"{KEY}"}}}}')
    ),
    "html": openai_says(Fault("html", times=None)),
    "a broken page": openai_says(Fault("wrong_type", times=None, body=f'{{"data": "{KEY}"}}')),
    "the wrong scheme": a_rejected_proxy,
    "no proxy": a_proxy_that_is_down,
    "no database": an_unreachable_server,
    "Slack refuses": slack_says(
        Fault("status", times=None, status=200, body=f'{{"ok":false,"error":"{TOKEN}"}}')
    ),
    "Slack is down": slack_says(Fault("status", times=None, status=500, body=TOKEN)),
    "a key with a line break": lambda place: place.write("config.yaml", _broken_key(place)),
    "wrong types": edited("history_days: 12", "history_days: ${OPENAI_ADMIN_KEY}"),
    "an unknown database": edited(
        "rules: rules.yaml\n", 'rules: rules.yaml\nstore: {url: "${DATABASE_PASSWORD}://x"}\n'
    ),
}


def _broken_key(place: Place) -> str:
    text = (place.home / "config.yaml").read_text()
    return text.replace("kind: openai", 'kind: openai, admin_key: "${OPENAI_ADMIN_KEY}é"')


COMMANDS = (
    ("check", "--as-of", NOW.isoformat()),
    ("check", "--dry-run", "--output", "json", "--as-of", NOW.isoformat()),
    ("check", "--dry-run", "--output", "html", "--log-format", "json"),
    ("digest", "--as-of", NOW.isoformat(), "--charts", "charts"),
    ("fetch", "--record", "recording", "--as-of", NOW.isoformat()),
    ("status", "--output", "json"),
    ("doctor",),
    ("config", "validate"),
    ("rules", "list"),
    ("export", "costs", "--out", "costs.csv"),
    ("errand", "check", "--memory-mb", "4096"),
    ("backtest", "--as-of", NOW.isoformat()),
)


def left_in(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file that was written, but for the configuration itself."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.name, file.read_bytes().decode("latin-1")


def shows_no_canary(place: Place, command: tuple[str, ...]) -> None:
    ran = place.run(*command)
    assert found_in(ran.out + "\n" + ran.err) == [], command
    assert {name: found for name, text in left_in(place.home) if (found := found_in(text))} == {}


@pytest.mark.parametrize("trouble", ["nothing", "403"])
def test_a_check_shows_and_keeps_no_secret(canaries: Place, trouble: str) -> None:
    TROUBLES[trouble](canaries)
    shows_no_canary(canaries, COMMANDS[0])


@pytest.mark.parametrize("trouble", ["wrong types", "a key with a line break", "no database"])
def test_a_refused_configuration_shows_no_secret(canaries: Place, trouble: str) -> None:
    TROUBLES[trouble](canaries)
    shows_no_canary(canaries, COMMANDS[7])
    shows_no_canary(canaries, COMMANDS[0])


@pytest.mark.sweep
@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_command_shows_or_keeps_a_secret_whatever_goes_wrong(
    canaries: Place, trouble: str
) -> None:
    TROUBLES[trouble](canaries)
    for command in COMMANDS:
        shows_no_canary(canaries, command)


def test_a_traceback_holds_no_secret(canaries: Place, capsys: pytest.CaptureFixture[str]) -> None:
    canaries.run("config", "validate")
    try:
        dict[object, object]()[KEY, TOKEN, quote(KEY, safe="")]
    except KeyError:
        crash("bot: this is a bug")
    told = capsys.readouterr().err
    assert "KeyError" in told
    assert found_in(told) == []


@pytest.mark.parametrize(
    "secret", ["correct horse/battery+staple", "pässwort mit ümlaut", "a'b\"c\\d%20"]
)
def test_a_known_secret_goes_in_every_encoding(secret: str) -> None:
    redaction.hide(secret)
    basic = base64.b64encode(f"bot:{secret}".encode()).decode()
    for form in (secret, quote(secret, safe=""), repr(secret), repr({"key": secret})):
        assert "***" in without_secrets(f"before {form} after")
    assert "***" in without_secrets(f"Basic {basic}")


def test_a_crash_leaves_no_picture_of_the_memory() -> None:
    shown = "import resource, sys; sys.argv = ['bot', '--version']; import bot.__main__ as m\n"
    shown += "try: m.main()\nexcept SystemExit: print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    ran = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "0"
