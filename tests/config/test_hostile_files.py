"""Files made to hurt, measured from outside: a process of its own, processor time, real memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.config.problems import ConfigProblems
from bot.config.yamlfile import load
from tests.config.test_yaml_bombs import BOMBS

MILLISECONDS, MEGABYTES = 50, 20

FILES: dict[str, bytes] = {name: text.encode() for name, (text, _) in BOMBS.items()} | {
    "many documents": b"---\n" * 50_000,
    "many ends of documents": b"...\n" * 50_000,
    "many anchors": b"".join(b"a%d: &b%d 1\n" % (n, n) for n in range(9_000)),
    "steps down": b"".join(b" " * n + b"a:\n" for n in range(300)),
    "a key of 200 KB": b"k" * 200_000 + b": 1",
    "backslashes": b'a: "' + b"\\" * 99_999,
    "commas": b"[" + b"," * 100_000 + b"]",
    "stars": b"*" * 100_000,
    "byte order marks": "\ufeff".encode() * 50_000,
    "tabs": b"\t" * 100_000,
    "noise": bytes(range(256)) * 900,
}

# Every file in a child of its own, forked where everything is imported already; one child that
# reads nothing is what the others are measured against.
MEASURE = """
import json, os, sys
from pathlib import Path
from bot.config.yamlfile import load
from bot.config.problems import ConfigProblems

def use(path):
    child = os.fork()
    if not child:
        try:
            path and load(path)
        except ConfigProblems:
            pass
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    return status, used.ru_utime + used.ru_stime, used.ru_maxrss

def best(path):
    # A busy machine makes one run slow, but not four.
    tries = [use(path)]
    while tries[-1][1] > 0.05 and len(tries) < 4:
        tries.append(use(path))
    return [max(one[0] for one in tries), *(min(one[n] for one in tries) for n in (1, 2))]

Path("empty").write_text("")
nothing = best(Path("empty"))
print(json.dumps([[path, *best(Path(path)), *nothing] for path in sys.argv[1:]]))
"""


class Use(NamedTuple):
    file: str
    milliseconds: float
    megabytes: float


def used(folder: Path, names: list[str]) -> list[Use]:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *names],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert all(status == 0 for _, status, *_ in found)
    return [
        Use(name, 1_000 * (seconds - least_seconds), (kilobytes - least) / 1024)
        for name, _, seconds, kilobytes, _, least_seconds, least in found
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in kilobytes on Linux")
def test_every_file_made_to_hurt_is_refused_in_fifty_milliseconds_and_twenty_megabytes(
    tmp_path: Path,
) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigProblems):
            load(tmp_path / name)
    over = [
        use
        for use in used(tmp_path, list(FILES))
        if use.milliseconds > MILLISECONDS or use.megabytes > MEGABYTES
    ]
    assert over == []


@pytest.mark.parametrize(
    ("content", "report"),
    [
        (
            b"%YAML 1.1\n---\na: 1\n",
            "{}:1:1: lines that begin with '%' are not accepted\n"
            "    %YAML 1.1\n    ^\n  remove the line\n1 problem",
        ),
        (
            b"%TAG ! tag:example.org,2000:\n---\na: 1\n",
            "{}:1:1: lines that begin with '%' are not accepted\n"
            "    %TAG ! tag:example.org,2000:\n    ^\n  remove the line\n1 problem",
        ),
        (
            "name: caps \u202e}rof:s{\n".encode(),
            "{}:1:12: the character U+202E is invisible and not accepted\n"
            "    name: caps \\u202e}}rof:s{{\n               ^\n  remove it\n1 problem",
        ),
        ("a: 1\n".encode("utf-16"), "{}: is not UTF-8 text (line 1)\n1 problem"),
        (b"a: 1\nb: caf\xe9\n", "{}: is not UTF-8 text (line 2)\n1 problem"),
        (b"a: x\x00y\n", None),
        ("a: x\ufeffy\n".encode(), None),
        (b"a: 1\r\nb: no\r\n", None),
        (b"a: 1\n---\nb: 1\n", None),
    ],
)
def test_a_file_of_another_kind_is_refused_with_its_place(
    tmp_path: Path, content: bytes, report: str | None
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigProblems) as caught:
        load(file)
    if report is not None:
        assert str(caught.value) == report.format(file)
    else:
        line = 2 if b"\nb" in content else 1
        assert [problem.place.line for problem in caught.value.problems] == [line]


def test_what_an_editor_on_another_system_writes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_bytes("\ufeffname: caps\r\nkind: cap\r\nsteps:\t[50]\r\n".encode())
    assert load(file).data == {"name": "caps", "kind": "cap", "steps": [50]}
