"""Messages as one self-contained page that looks as they do in Slack: for previews, for docs and
for people without Slack. Light, dark, or as the reader's system is; pictures are inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, tostring

from bot.messages.blockkit import blocks
from bot.messages.figures import moment
from bot.messages.html_blocks import drawn, element
from bot.messages.model import Action, Message
from bot.messages.placeholders import placeholders
from bot.spend.names import visible

_SENDER = "Budget Bot"


def page(messages: Sequence[Message], at: datetime, symbol: str) -> str:
    """The messages below each other, as they would be in their channels at that instant.

    `symbol` is the sender's picture: the currency's. Replies are in the thread of the message they
    belong to. One that was posted before is not on the page: a reply to it, or its new words, say
    so beside the sender.
    """
    head = element(
        "head",
        "",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{_SENDER}, {moment(at)}"),
        element("style", _STYLE),
    )
    body = element("body", "", _switch(), element("main", "", *_channels(messages, at, symbol)))
    document = element("html", "", head, body, lang="en")
    return "<!DOCTYPE html>\n" + tostring(document, encoding="unicode", method="html") + "\n"


def _switch() -> Element:
    """Three ways to look at it; plain CSS does the rest."""
    choices = []
    for name in ("system", "light", "dark"):
        chosen = {"checked": "checked"} if name == "system" else {}
        radio = element("input", type="radio", name="look", id=name, **chosen)
        choices.append(element("label", "", radio, element("span", name)))
    return element("nav", "", *choices)


def _channels(messages: Sequence[Message], at: datetime, symbol: str) -> Iterable[Element]:
    for channel in dict.fromkeys(message.channel for message in messages):
        yield element("h1", visible(channel))
        for first, *replies in _threads([one for one in messages if one.channel == channel]):
            answers = [_message(one, at, symbol) for one in replies]
            yield _message(first, at, symbol, _beside(first), answers)


def _threads(messages: Sequence[Message]) -> list[list[Message]]:
    """Each message that stands in the channel, with the replies to it and to these."""
    threads: list[list[Message]] = []
    thread_of: dict[str, list[Message]] = {}
    for message in messages:
        thread = thread_of.get(message.parent or "") if message.action is Action.REPLY else None
        if thread is None:
            thread = []
            threads.append(thread)
        thread.append(message)
        thread_of.update(dict.fromkeys((message.key, *message.also_keys), thread))
    return threads


def _beside(message: Message) -> str:
    """Where a message stands that has no place of its own on the page."""
    match message.action:
        case Action.POST:
            return ""
        case Action.REPLY:
            return " · in the thread of an earlier message"
        case Action.UPDATE:
            return " · in the place of an earlier message"


def _message(
    message: Message, at: datetime, symbol: str, beside: str = "", replies: Sequence[Element] = ()
) -> Element:
    stand_ins = placeholders(chart.name for chart in message.charts)
    pictures = {stand_ins[chart.name]: chart for chart in message.charts}
    sender = element(
        "p",
        "",
        element("b", _SENDER),
        element("span", "APP", css="app"),
        element("time", moment(at) + beside),
        css="sender",
    )
    words = element("div", "", sender, *drawn(blocks(message, stand_ins), pictures), css="words")
    if replies:
        words.append(element("div", "", *replies, css="thread"))
    return element(
        "article", "", element("div", symbol, css="avatar"), words, css=message.type.value
    )


_LIGHT = (
    "--back:#fff;--ink:#1d1c1d;--dim:#616061;--line:#ddd;--link:#1264a3;--soft:#f8f8f8;"
    "--call:#fff6d1;color-scheme:light;"
)
_DARK = (
    "--back:#1a1d21;--ink:#d1d2d3;--dim:#ababad;--line:#35373b;--link:#1d9bd1;--soft:#222529;"
    "--call:#4a3f1a;color-scheme:dark;"
)
_STYLE = f"""
:root{{{_LIGHT}}}
@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
:root:has(#light:checked){{{_LIGHT}}}
:root:has(#dark:checked){{{_DARK}}}
body{{margin:0;background:var(--back);color:var(--ink);
 font:15px/1.47 Lato,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif,"Noto Color Emoji"}}
main{{max-width:720px;margin:0 auto;padding:8px 16px 32px}}
nav{{text-align:right;padding:6px 16px;font-size:12px;color:var(--dim)}}
nav label{{margin-left:10px;cursor:pointer}}
h1{{font-size:18px;border-bottom:1px solid var(--line);padding:10px 0;margin:0 0 8px}}
article{{display:flex;gap:10px;padding:8px 0}}
.avatar{{flex:none;width:36px;height:36px;border-radius:6px;background:#1f4e79;color:#fff;
 font:bold 20px/36px sans-serif;text-align:center}}
.words{{min-width:0;flex:1}}
.thread{{border-left:2px solid var(--line);margin:8px 0;padding-left:12px}}
.thread .avatar{{width:24px;height:24px;font-size:14px;line-height:24px}}
.sender{{margin:0;line-height:18px}}
.sender time,.context{{color:var(--dim);font-size:12px}}
.app{{font-size:10px;font-weight:bold;color:var(--dim);background:var(--line);border-radius:2px;
 padding:1px 3px;margin:0 6px}}
h2{{font-size:18px;line-height:1.33;margin:6px 0}}
p{{margin:4px 0;overflow-wrap:anywhere}}
.context span+span{{margin-left:6px}}
ul{{margin:4px 0;padding-left:24px}}
hr{{border:0;border-top:1px solid var(--line);margin:10px 0}}
img{{display:block;max-width:min(100%,480px);margin:8px 0;border-radius:8px;
 border:1px solid var(--line)}}
pre,code{{font:12px/1.5 Monaco,Menlo,Consolas,"DejaVu Sans Mono",monospace;background:var(--soft);
 border:1px solid var(--line);border-radius:4px}}
pre{{padding:8px;margin:4px 0;overflow-x:auto}}
code{{padding:1px 3px;white-space:pre}}
.fields{{display:grid;grid-template-columns:1fr 1fr;gap:6px 16px;margin:6px 0}}
.mention{{background:var(--call);color:var(--link);border-radius:3px;padding:0 2px}}
a{{color:var(--link);text-decoration:none}}
.button{{display:inline-block;border:1px solid var(--line);border-radius:4px;padding:3px 12px;
 margin:4px 8px 4px 0;font-weight:bold;font-size:13px}}
.button.primary{{background:#007a5a;border-color:#007a5a;color:#fff}}
"""
