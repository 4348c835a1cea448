"""Run the Dockerfile's own steps without a Docker engine, then the bot as its image would run it.

The instructions are read from the Dockerfile and carried out one by one in a scratch folder that
stands for the image's root: an absolute path (`/build`, `/opt/bot`, `/app`, `/data`, `/config`) is
taken inside it. Then the bot runs with the image's environment, as its numeric user when this is
root, and with every file but those in its /data read-only: a check, then the image's own CMD, the
worker, as process 1. The HEALTHCHECK must find it well; it must leave no zombie, and stop in time.

What it does not prove: that the base image exists, and that nothing else of it is needed. The
interpreter is this machine's, and so is /tmp.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tools.pid_one import possible, process_one, wait_for

REPOSITORY = Path(__file__).resolve().parent.parent
IMAGE_FOLDER = re.compile(r"(?<![\w./])/(?=(?:build|opt/bot|app|data|config)\b)")


def instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """Each instruction and its arguments, in order; comments gone, continuation lines joined."""
    without_comments = re.sub(r"(?m)^\s*#.*\n", "", dockerfile)
    for line in without_comments.replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


@dataclass
class Stage:
    """What the steps so far have made of one stage of the image."""

    root: Path
    environment: dict[str, str]
    folder: Path
    user: str = "0:0"
    commands: dict[str, str] = field(default_factory=dict)

    def inside(self, text: str) -> str:
        """The text with the image's absolute paths taken inside the scratch root."""
        return IMAGE_FOLDER.sub(f"{self.root}/", text)

    def follow(self, word: str, rest: str) -> None:
        """Carry out one instruction. An unknown one is an error, not a step left out."""
        match word:
            case "WORKDIR":
                self.folder = Path(self.inside(rest))
                self.folder.mkdir(parents=True, exist_ok=True)
            case "ENV":
                self.set_variables(rest)
            case "COPY":
                self.copy(rest)
            case "RUN":
                self.run(rest)
            case "USER":
                self.user = rest
            case "CMD" | "HEALTHCHECK":
                self.commands[word] = rest
            case "ARG" | "LABEL" | "VOLUME":
                pass
            case _:
                raise SystemExit(f"image_proof does not know the instruction {word}")

    def set_variables(self, rest: str) -> None:
        for name, value in (pair.split("=", 1) for pair in shlex.split(rest)):
            known = value.replace("$PATH", self.environment["PATH"])
            self.environment[name] = self.inside(known)

    def copy(self, rest: str) -> None:
        if rest.startswith("--from="):
            return  # both stages share one scratch root: it is there already
        *sources, target = rest.split()
        # An absolute target stays absolute inside the root: pathlib lets it win over `folder`.
        destination = self.folder / self.inside(target)
        for source in sources:
            origin = REPOSITORY / source
            into = destination / source if target.endswith("/") else destination
            into.parent.mkdir(parents=True, exist_ok=True)
            if origin.is_dir():
                shutil.copytree(origin, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(origin, into)

    def run(self, command: str) -> None:
        print(f"RUN {command}", flush=True)
        if command.startswith("apt-get "):  # it would install into this machine
            print("NOT RUN: packages of the distribution need a container.", flush=True)
            return
        unprivileged = os.geteuid() != 0
        here = re.sub(r"-[og] \d+ ", "", command) if unprivileged else command  # chown needs root
        subprocess.run(
            self.inside(here),
            shell=True,
            check=True,
            cwd=self.folder,
            env=self.environment,
        )


def make_read_only(root: Path, *, but: Path) -> None:
    """Take the write permission from everything under `root`, except the tree `but`."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink() and path != but and but not in path.parents:
            writers = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
            path.chmod(path.stat().st_mode & ~writers)


def as_user(user: str) -> list[str]:
    """The words that make a command run as `uid:gid`; none when this is not root."""
    uid, gid = user.split(":")
    words = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"]
    # `env`: setpriv may reach a first program with root's rights still; what that starts has none.
    return [*words, "env"] if os.geteuid() == 0 else []


def python_for(user: str) -> str:
    """An interpreter that the image's user may execute: root's own often lies in /root."""
    candidates = (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3")
    for candidate in (name for name in candidates if Path(name).exists()):
        recent = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
        command = [*as_user(user), candidate, "-c", recent]
        answer = subprocess.run(command, check=False, capture_output=True)
        if answer.returncode == 0:
            return candidate
    raise SystemExit(f"no Python 3.11 or newer that the user {user} may run")


def build(dockerfile: str, root: Path, user: str) -> Stage:
    """Carry out all stages in `root`; the last one, ready to run."""
    tools = root / "base-image"
    tools.mkdir()
    (tools / "python").write_text(f'#!/bin/sh\nexec {python_for(user)} "$@"\n')
    (tools / "python").chmod(0o755)
    # How this machine reaches the package index is its own matter, not the image's.
    base = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_"))}
    base |= {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(root), "PIP_QUIET": "2"}
    stage = Stage(root, dict(base), root)
    for word, rest in instructions(dockerfile):
        if word == "FROM":
            stage = Stage(root, dict(base), root)
        else:
            stage.follow(word, rest)
    return stage


def attempt(stage: Stage, command: str, env: Mapping[str, str]) -> None:
    """Run one command as the finished container would; stop with its exit code if it fails."""
    print(f"$ {command}", flush=True)
    words = [*as_user(stage.user), "sh", "-c", stage.inside(command)]
    done = subprocess.run(words, check=False, cwd=stage.folder, env=dict(env))
    if done.returncode:
        raise SystemExit(f"exit {done.returncode}: {command}")


FAKES = ("-m", "tests.fakes", "--openai-port", "0", "--slack-port", "0")
LAST_LINE = "Messages to Slack appear here; Ctrl-C ends.\n"
BESIDES = """
store: {url: "sqlite:///../data/proof.db"}
rules: ../app/rules
"""
STOPS_WITHIN = 1.0
"""Seconds that the idle worker may take to leave."""


@contextmanager
def configured(stage: Stage) -> Iterator[None]:
    """An OpenAI and a Slack of our own, and what a user would mount at /config and set."""
    command = [stage.inside("/opt/bot/bin/python"), *FAKES]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as fakes:
        try:
            assert fakes.stdout is not None  # noqa: S101 - asked for above
            said = "".join(iter(fakes.stdout.readline, LAST_LINE))
            exports, _, settings = said.partition("\n\n")
            (stage.root / "config" / "config.yaml").write_text(settings + BESIDES)
            stage.set_variables(exports.removeprefix("export "))
            yield
        finally:
            fakes.kill()


def run_as_process_one(stage: Stage) -> None:
    """The image's CMD as process 1: well, without zombies, gone in time. Else this ends here."""
    words = json.loads(stage.commands["CMD"])
    health = [*as_user(stage.user), *json.loads(stage.commands["HEALTHCHECK"].partition("CMD ")[2])]
    env = dict(stage.environment)

    def is_well() -> bool:
        asked = subprocess.run(health, check=False, capture_output=True, cwd="/", env=env)
        return asked.returncode == 0 and b"last tick" in asked.stdout

    print(f"$ {' '.join(words)}  (as process 1)", flush=True)
    with process_one([*as_user(stage.user), *words], stage.folder, env) as worker:
        wait_for(is_well, f"a healthy worker: {' '.join(health)}", seconds=90)
        wait_for(lambda: not worker.children, "the worker is idle", seconds=30)
        worker.leave_orphan()
        wait_for(lambda: not worker.children, "its orphan is reaped", seconds=5)
        code, seconds = worker.leave()
    if code or seconds > STOPS_WITHIN:
        raise SystemExit(f"the worker left with {code} after {seconds:.1f} seconds")
    print(f"Healthy; an orphan reaped; left {seconds:.2f} seconds after SIGTERM.", flush=True)


def main() -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    user = dict(instructions(dockerfile))["USER"]
    root = Path(tempfile.mkdtemp(prefix="budget-bot-image-"))
    root.chmod(0o755)
    try:
        stage = build(dockerfile, root, user)
        (root / "config").mkdir()
        make_read_only(root, but=root / "data")
        env = stage.environment
        who = stage.user if as_user(stage.user) else f"uid {os.geteuid()} (not root here already)"
        print(f"As {who}, read-only but for /data and /tmp:", flush=True)
        attempt(stage, "! touch /opt/bot/written 2>/dev/null", env)
        attempt(stage, "bot --help >/dev/null", env)
        attempt(stage, "bot check --dry-run --config /app/config.example.yaml >/dev/null", env)
        if possible():
            with configured(stage):
                run_as_process_one(stage)
        else:
            print("NOT RUN AS PROCESS 1: that needs root and Linux.", flush=True)
        print("The steps work. Not tried: the base image.")
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(root)], check=False)
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
