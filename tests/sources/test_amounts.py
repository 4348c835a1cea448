"""Amounts by the thousand are what each of them is alone, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.amounts import Amounts, plain
from bot.spend.money import Exact, attos, share_out

WRITTEN = st.one_of(
    st.decimals(0, 10**9, places=None, allow_nan=False).map(lambda d: f"{d:f}"),
    st.decimals(0, 50, places=18).map(str),
    st.integers(0, 2 * 10**9).map(str),
    st.sampled_from(["", ".", "1.", ".5", "-1", "+1", "1e3", "1.2.3", "1,5", '"4"', "00.10", "١"]),
)


@given(st.lists(WRITTEN, max_size=8))
def test_what_is_written_plainly_is_read_as_one_by_one(texts: list[str]) -> None:
    written = [text.encode() for text in texts]
    if not written:
        return
    found, others = plain(written)
    for n, each in enumerate(written):
        exact = attos(each) if each and each[:1] != b"." and each[-1:] != b"." else None
        if n in others:
            assert exact is None or "," in "".join(texts) or len(each) > 29
            assert (found.nanos[n], found.attos[n]) == (0, 0)
        else:
            assert int(found.nanos[n]) * 10**9 + int(found.attos[n]) == exact


AMOUNTS = st.integers(-(10**27), 10**27) | st.integers(-(10**10), 10**10)
FINER = st.decimals(-5, 5, places=25).map(lambda d: d + Decimal("1e-25"))


@given(st.lists(AMOUNTS, min_size=1, max_size=8))
def test_shares_are_those_of_one_after_the_other(amounts: list[Exact]) -> None:
    order = np.arange(len(amounts))[::-1]
    shared = Amounts.exactly(amounts).shared_out(order)
    assert shared.tolist() == share_out([amounts[n] for n in order])


@given(st.lists(AMOUNTS | FINER, min_size=1, max_size=6))
def test_shares_of_finer_amounts_are_exact_too(amounts: list[Exact]) -> None:
    parts = [Amounts.exactly(amounts[:2]), Amounts.exactly(amounts[2:])]
    shared = Amounts.together(parts).shared_out(np.arange(len(amounts)))
    assert shared.tolist() == share_out(amounts)


def test_a_total_beyond_64_bits_is_refused() -> None:
    with pytest.raises(OverflowError):
        Amounts.exactly([10**27] * 10).shared_out(np.arange(10))
