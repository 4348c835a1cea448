"""Run the Dockerfile's own steps without a Docker engine, then the bot as its image would run it.

The instructions are read from the Dockerfile and carried out one by one in a scratch folder that
stands for the image's root: an absolute path (`/build`, `/opt/bot`, `/app`, `/data`, `/config`) is
taken inside it. Then the bot runs with the image's environment, as its numeric user when this is
root, and with every file but those in its /data read-only.

What it does not prove: that the base image exists, and that nothing else of it is needed. The
interpreter is this machine's, and so is /tmp.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

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


def main() -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    user = dict(instructions(dockerfile))["USER"]
    root = Path(tempfile.mkdtemp(prefix="budget-bot-image-"))
    root.chmod(0o755)
    try:
        stage = build(dockerfile, root, user)
        make_read_only(root, but=root / "data")
        env = stage.environment
        who = stage.user if as_user(stage.user) else f"uid {os.geteuid()} (not root here already)"
        print(f"As {who}, read-only but for /data and /tmp:", flush=True)
        attempt(stage, "! touch /opt/bot/written 2>/dev/null", env)
        attempt(stage, "bot --help >/dev/null", env)
        attempt(stage, "bot check --dry-run --config /app/config.example.yaml >/dev/null", env)
        print(f"The steps work. Not run: CMD {stage.commands['CMD']}, the base image.")
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(root)], check=False)
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
