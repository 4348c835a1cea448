"""The plumbing: what a new person, a CI machine and an image builder rely on."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.messages.charts.letters import OTHER_FONTS
from tests.conftest import NetworkUsed
from tools.image_proof import instructions

ROOT = Path(__file__).parent.parent
LOCKS = {path.name: path.read_text() for path in ROOT.glob("*.lock")}
DOCKERFILE = list(instructions((ROOT / "Dockerfile").read_text()))
FINAL_STAGE = DOCKERFILE[max(i for i, (word, _) in enumerate(DOCKERFILE) if word == "FROM") :]

Pins = set[tuple[str, str]]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> Pins:
    """Every `name==version` of a lock. A package may come twice, for two ranges of Python."""
    return set(re.findall(r"(?m)^([a-z0-9-]+)==([^ ]+)", LOCKS[lock]))


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **env}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def committed_files() -> Sequence[Path]:
    """What git holds or would hold: ignored files are somebody's own."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git work tree")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    assert listed.returncode == 0, listed.stderr
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in files if path.is_file()]


# --- make


def test_make_alone_lists_every_target_with_a_line() -> None:
    shown = dict(re.findall(r"(?m)^make ([a-z-]+) +(.+)$", run("make").stdout))
    promised = "help demo test lint types check fmt lock image fakes sweep clean"
    assert set(promised.split(" ")) <= set(shown)
    phony = re.findall(r"(?m)^\.PHONY: (.+)$", (ROOT / "Makefile").read_text())[0].split()
    assert sorted(shown) == sorted(phony)


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (
            "3.10.4",
            "Budget Bot needs Python 3.11 or newer; {python} is Python 3.10.4 "
            "(choose one: make PYTHON=python3.12 ...)",
        ),
        (
            "3.11.2 without ensurepip",
            "{python} cannot make virtual environments: install its venv package "
            "(Debian, Ubuntu: apt install python3-venv)",
        ),
        (
            None,
            "{python} is not installed: Budget Bot needs Python 3.11 or newer "
            "(choose one: make PYTHON=python3.12 ...)",
        ),
    ],
)
def test_a_python_that_cannot_do_it_is_told_in_one_line(
    tmp_path: Path, version: str | None, says: str
) -> None:
    python = tmp_path / "python3"
    if version:
        number, _, without = version.partition(" without ")
        said = tuple(map(int, number.split(".")))
        python.write_text(
            f'#!/bin/sh\n[ "$1" = -V ] && echo Python {number} && exit\n'
            f"exec {sys.executable} -c 'import sys; sys.version_info = {said}\n"
            f'if "{without}": sys.modules["{without}"] = None\n'
            'exec(sys.argv[1])\' "$2"\n'
        )
        python.chmod(0o755)
    answer = run("tools/venv.sh", str(tmp_path / "venv"), "requirements.lock", PYTHON=str(python))
    assert answer.returncode == 1
    assert answer.stderr == says.format(python=python) + "\n"
    assert not (tmp_path / "venv").exists()


# --- locks


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.lock", []),
        ("requirements-postgres.lock", ["postgres"]),
        ("requirements-dev.lock", ["dev", "postgres"]),
        ("requirements-fuzz.lock", ["fuzz"]),
    ],
)
def test_a_lock_satisfies_what_pyproject_asks_for(lock: str, extras: list[str]) -> None:
    asked = project()["project"]["dependencies"] + [
        line for extra in extras for line in project()["project"]["optional-dependencies"][extra]
    ]
    locked = pins(lock)
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        versions = [version for pinned, version in locked if pinned == name]
        assert versions, f"{lock} lacks {name}: run `make lock`"
        assert all(requirement.specifier.contains(v) for v in versions), (
            f"{requirement}: {versions}"
        )


def test_the_build_requirement_is_locked_too() -> None:
    (needed,) = map(Requirement, project()["build-system"]["requires"])
    ((name, version),) = pins("requirements-build.lock")
    assert name == needed.name
    assert needed.specifier.contains(version)


def test_what_ships_is_what_is_tested() -> None:
    assert pins("requirements.lock") <= pins("requirements-postgres.lock")
    assert pins("requirements-postgres.lock") <= pins("requirements-dev.lock")


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_every_locked_package_has_a_hash_and_no_address(lock: str) -> None:
    entries = re.split(r"(?m)^(?=[a-z0-9-]+==)", LOCKS[lock])[1:]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|--index|--find-links|@ ", LOCKS[lock])


def test_every_direct_dependency_has_its_reason_written_down() -> None:
    reasons = (ROOT / "docs/decisions/0003-dependencies.md").read_text().lower()
    extras = project()["project"]["optional-dependencies"].values()
    lines = [*project()["project"]["dependencies"], *(line for extra in extras for line in extra)]
    names = [Requirement(line).name.lower() for line in lines]
    tables = [row for row in reasons.splitlines() if row.startswith("|")]
    missing = [n for n in names if not any(re.search(rf"\b{n}\b", row) for row in tables)]
    assert missing == []


# --- the image


def final(word: str) -> list[str]:
    return [rest for name, rest in FINAL_STAGE if name == word]


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    (user,) = final("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)


def test_the_image_starts_the_worker_and_asks_after_its_health_without_a_shell() -> None:
    assert final("CMD") == ['["bot", "run"]']
    (health,) = final("HEALTHCHECK")
    assert health.endswith('CMD ["bot", "health"]')


def test_the_image_writes_to_its_data_and_tmp_only() -> None:
    variables = " ".join(final("ENV"))
    assert "HOME=/tmp" in variables
    assert "MPLCONFIGDIR=/tmp/" in variables
    assert final("VOLUME") == ["/data"]
    assert final("WORKDIR") == ["/data"]


def test_the_image_installs_from_the_locks_and_leaves_its_build_tools_behind() -> None:
    installs = [rest for word, rest in DOCKERFILE if word == "RUN" and "pip install" in rest]
    assert installs
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    assert not any("pip" in rest for rest in final("RUN"))
    stages = [rest for word, rest in DOCKERFILE if word == "FROM"]
    assert stages == ["${BASE} AS build", "${BASE} AS fonts", "${BASE}"]


def test_the_image_brings_fonts_that_charts_ask_for() -> None:
    families = {"fonts-droid-fallback": "Droid Sans Fallback", "fonts-symbola": "Symbola"}
    (install,) = [rest for word, rest in DOCKERFILE if word == "RUN" and "apt-get" in rest]
    packages = re.findall(r"\bfonts-[a-z-]+", install)
    assert packages == list(families)
    assert set(families.values()) <= set(OTHER_FONTS)
    assert any("/usr/share/fonts" in rest for rest in final("COPY"))


def test_the_base_is_pinned_by_a_tag() -> None:
    base = next(rest for word, rest in DOCKERFILE if word == "ARG")
    assert re.fullmatch(r"BASE=python:3\.\d+-slim-[a-z]+", base)


def test_docker_sees_what_it_copies_and_nothing_else() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    copied = {
        source
        for word, rest in DOCKERFILE
        if word == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    }
    assert "*" in ignore
    assert copied == let_in


# --- the tests themselves


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.connect", (None, ("192.0.2.1", 443))),
        ("socket.connect", (None, ("2001:db8::1", 443, 0, 0))),
        ("socket.sendto", (None, ("192.0.2.1", 53))),
        ("socket.getaddrinfo", ("api.example.com", 443, 0, 0, 0)),
    ],
)
def test_a_test_that_looks_outside_is_stopped(event: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(NetworkUsed, match="tests stay on this machine"):
        sys.audit(event, *arguments)


def test_a_test_may_talk_to_its_own_servers() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(("localhost", server.getsockname()[1])) as client,
    ):
        assert client.getpeername() == server.getsockname()


def test_tests_see_no_key_and_no_home_of_the_person_who_runs_them() -> None:
    assert not [name for name in os.environ if name.startswith(("OPENAI_", "SLACK_"))]
    assert Path.home().name.startswith("home")


# --- what people read, and CI


def test_the_readme_starts_with_two_commands_that_exist() -> None:
    first_block = (ROOT / "README.md").read_text().split("```")[1]
    commands = re.findall(r"(?m)^make (\w+)", first_block)
    assert commands == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"(?m)^{name}:", makefile) for name in commands)


def test_ci_runs_what_a_person_runs() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert script.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in script
    assert re.findall(r"\bmake (\w+)$", script, re.MULTILINE) == ["test", "check"]


def test_scripts_can_be_run() -> None:
    scripts = [ROOT / ".ci/run", *(ROOT / "tools").glob("*.sh")]
    assert [path.name for path in scripts if not path.stat().st_mode & 0o100] == []
    assert [path.name for path in scripts if run("bash", "-n", str(path)).returncode] == []


def relative_links(page: Path) -> Iterator[Path]:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            yield page.parent / target


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    lost = [
        f"{page.name}: {link.relative_to(page.parent)}"
        for page in pages
        for link in relative_links(page)
        if not link.exists()
    ]
    assert lost == []


# Joined here, so that this file does not name them itself.
NOT_OURS = {
    "a package registry": "|".join(
        re.escape(".".join(host))
        for host in [
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("deb", "debian", "org"),
        ]
    ),
    "somebody's machine": "|".join(rf"(?<![\w.])/{name}/" for name in ("root", "work", "farm"))
    + r"|(?<![\w.])/(?:home|Users)/[a-z]+/",
}


@pytest.mark.parametrize("what", sorted(NOT_OURS))
def test_no_file_names(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in committed_files()
        if (match := re.search(NOT_OURS[what], path.read_text(errors="replace")))
    ]
    assert found == []


def test_no_file_holds_a_secret() -> None:
    looks_real = r"sk-admin-[A-Za-z0-9_-]{40,}|xox[bap]-\d{10,}-\d{10,}-\w{20,}"
    found = [
        str(path.relative_to(ROOT))
        for path in committed_files()
        if re.search(looks_real, path.read_text(errors="replace"))
    ]
    assert found == []
