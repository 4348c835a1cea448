"""What fuzzing has found stays mended, and a small slice of it goes on in every run."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice

import pytest

from tests.fuzz.__main__ import CORPUS, NAMES, seeds
from tests.fuzz.mutate import inputs
from tests.fuzz.targets import TARGETS


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert set(NAMES) == set(TARGETS) == {folder.name for folder in CORPUS.iterdir()}
    assert all(len(seeds(name)) >= 20 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_corpus_and_changes_of_it_break_no_claim(name: str) -> None:
    for data in islice(inputs(seeds(name), seed=7, longest=512), 400):
        TARGETS[name](data)


@pytest.mark.sweep
@pytest.mark.parametrize("name", NAMES)
def test_a_hundred_thousand_changes_of_the_corpus_break_no_claim(name: str) -> None:
    for data in islice(inputs(seeds(name), seed=11, longest=512), 100_000):
        TARGETS[name](data)


def test_the_same_seed_gives_the_same_inputs() -> None:
    corpus = seeds("yaml")
    assert [*islice(inputs(corpus, 3), 90)] == [*islice(inputs(corpus, 3), 90)]


def test_a_file_can_be_tried_by_itself() -> None:
    file = str(CORPUS / "line_item" / "00-gpt-4o-2024-08-06-input")
    command = [sys.executable, "-m", "tests.fuzz", "line_item", "--file", file]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"line_item: {file} breaks no claim\n"
