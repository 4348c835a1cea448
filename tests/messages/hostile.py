"""Names somebody typed to see what happens, and a message to put them in."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.messages.model import (
    Align,
    Block,
    Chart,
    Divider,
    Facts,
    Header,
    Instant,
    Lines,
    Message,
    MessageType,
    Note,
    Span,
    Style,
    Table,
)

NAMES = (
    "<!channel>",
    "<!here|here>",
    "<!subteam^S012345>",
    "<@U0123456>",
    "<#C0123456>",
    "<https://evil.example|your bank>",
    "<!date^0^{date}|x>",
    "@everyone #general https://evil.example",
    "*bold* _italic_ ~strike~ `code` ```block```",
    ":skull: :+1:",
    "&lt;!channel&gt;",
    "> quote",
    "- item",
    "1. item",
    "$\\frac$ $5 and $10",
    "$\\input{/etc/passwd}$",
    "[red]rich[/red] [link=https://evil.example]x[/link]",
    "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07x",
    "two\nlines\r\nthree",
    "right\u202eleft",
    "half \ud83d pair",
    "検索チーム",
    "🚀 launch 👩‍👩‍👧",
    "مشروع البحث",
    "e\u0301" * 30,
    "x" * 5_000,
    "&" * 4_000,
    "_leading and trailing_",
    "snake_case_name",
    "",
    " ",
    "=cmd()",
    "%s {0} ${HOME}",
)

names = st.sampled_from(NAMES) | st.text(max_size=60)
"""Any name at all."""

AT = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)


def message(*blocks: Block, summary: str = "") -> Message:
    """A message of these blocks."""
    return Message("key", MessageType.DIGEST, "#llm-costs", summary, blocks)


def blocks_about(found: list[str]) -> st.SearchStrategy[Block]:
    """Any block that tells of these names in every place a name can be."""
    spans = tuple(Span(name, style) for name in found for style in Style)
    rows = tuple((name, "$1,234.56") for name in found)
    return st.sampled_from(
        [
            Header(" ".join(found)),
            Lines((spans, (Instant(AT), *spans))),
            Lines(tuple((span,) for span in spans), bullets=True),
            Facts(tuple((name, name) for name in found)),
            Table((("Project", Align.LEFT), ("Spent", Align.RIGHT)), rows, " ".join(found[:1])),
            Chart("cost.png", " ".join(found), b""),
            Note((*spans, Instant(AT), *spans)),
            Note(tuple(piece for span in spans for piece in (span, Instant(AT)))),
            Divider(),
        ]
    )


messages = st.lists(names, max_size=40).flatmap(
    lambda found: st.builds(
        lambda blocks, summary: message(*blocks, summary=summary),
        st.lists(blocks_about(found), max_size=70),
        st.just(" ".join(found)),
    )
)
"""Messages of up to 70 blocks that carry only names: nothing in them links, mentions or styles."""
