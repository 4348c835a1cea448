"""Inputs made from the corpus at random: what stands in for atheris where there is none.

Blind, for it does not see which lines an input reaches. The same seed gives the same inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

WORDS: tuple[bytes, ...] = (
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r\n", b"\t", b"  ", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80",
    b"NaN", b"-0", b"1e999", b"0E-6176", b"9" * 400, b"null", b"true", b"[]", b"{}", b'""',
    b"\\u0000", b"\\ud800", b'"value":', b'"currency":"usd"', b'"has_more":true', b"[" * 600,
    b"}, {", b"},{", b"}]", b'"results":[', b'"line_item":"}, {"', b'"quantity":1', b" " * 70,
    b" \x0b ", b"\\u0065", b"0.123456789012345678901234567890", b'"currency":"eur"',
    b"&a ", b"*a", b"<<: ", b"!!int ", b"no", b"0123", b"1_000", b": ", b"- ", b"---\n", b"? ",
    b" | ", b", ", b"batch", b"audio ", b"ft:", b"-2024-08-06", b"cached input",
    b"<!channel>", b"<@U0ADA00001>", b"<https://a.example|b>", b":skull:", b"`", b"&lt;", b"_x_",
)  # fmt: skip

Change = Callable[[Random, bytes, Sequence[bytes]], bytes]


def _cut(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _stretch(random, data)
    return data[:start] + data[end:]


def _repeat(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _stretch(random, data)
    return data[:start] + data[start:end] * random.randint(2, 20) + data[end:]


def _insert(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(WORDS) + data[at:]


def _overwrite(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _stretch(random, data)
    return data[:start] + random.randbytes(min(end - start, 4)) + data[end:]


def _splice(random: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    other = random.choice(corpus)
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]


_CHANGES: tuple[Change, ...] = (_cut, _repeat, _insert, _overwrite, _splice)


def _stretch(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.choice((1, 1, 2, 4, 16, 256)))


def inputs(corpus: Sequence[bytes], seed: int, longest: int = 8_192) -> Iterator[bytes]:
    """Endless inputs: the corpus first, then one to six changes of something in it."""
    yield from corpus
    random = Random(seed)
    while True:
        data = random.choice(corpus)
        for _ in range(random.randint(1, 6)):
            data = random.choice(_CHANGES)(random, data, corpus)
        yield data[:longest]
