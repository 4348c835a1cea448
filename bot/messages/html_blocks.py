"""Block Kit as HTML elements: what Slack would draw, from the very blocks that it gets.

Elements are built as a tree, so that no text can ever become markup. Only what this bot sends is
known; a block of another type is shown as its type.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import unescape
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from bot.messages.model import Chart

Json = dict[str, Any]

_TOKEN = re.compile(r"<([^<>]+)>|\*([^*\n]+)\*|\n")
_SHOWN_URL = re.compile(r"https?://\S+")


def element(tag: str, text: str = "", *children: Element, css: str = "", **has: str) -> Element:
    """An element with a text, then children; `css` is its class."""
    made = Element(tag, {**({"class": css} if css else {}), **has})
    made.text = text or None
    made.extend(children)
    return made


def drawn(blocks: Sequence[Json], pictures: Mapping[str, Chart]) -> list[Element]:
    """The blocks, top down. `pictures`: the file id an image block names -> its picture."""
    return [_block(block, pictures) for block in blocks]


def _block(block: Json, pictures: Mapping[str, Chart]) -> Element:
    if block["type"] == "image":
        return _image(block, pictures)
    draw = _BLOCKS.get(block["type"])
    return draw(block) if draw else element("p", f"({block['type']})", css="context")


def _image(block: Json, pictures: Mapping[str, Chart]) -> Element:
    alt = block["alt_text"]
    chart = pictures.get(block["slack_file"]["id"])
    if chart is None:
        return element("p", f"[{alt}]", css="context")
    source = f"data:image/png;base64,{b64encode(chart.png).decode()}"
    return element("img", src=source, alt=alt, title=alt)


def _section(block: Json) -> Element:
    words = [block["text"]] if "text" in block else []
    fields = [element("div", "", _text(field)) for field in block.get("fields", ())]
    grid = [element("div", "", *fields, css="fields")] if fields else []
    return element("div", "", *map(_text, words), *grid)


def _text(text: Json) -> Element:
    """A text object: plain, or the markup that `slack_text` writes."""
    made = Element("span")
    if text["type"] == "mrkdwn":
        _marked(made, text["text"])
    else:
        _lines(made, text["text"])
    return made


def _marked(into: Element, markup: str) -> None:
    at = 0
    for token in _TOKEN.finditer(markup):
        _append(into, unescape(markup[at : token.start()]))
        at = token.end()
        if token[1]:
            into.append(_angled(token[1]))
        elif token[2]:
            into.append(element("b", unescape(token[2])))
        else:
            SubElement(into, "br")
    _append(into, unescape(markup[at:]))


def _angled(token: str) -> Element:
    """What stands between `<` and `>`: a date, a link, or somebody to call."""
    head, _, label = token.partition("|")
    if head.startswith("!date^"):
        return element("time", unescape(label))
    if _SHOWN_URL.fullmatch(head):
        return element("a", unescape(label or head), href=unescape(head))
    return element("span", f"@{head.lstrip('!@').rpartition('^')[2]}", css="mention")


def _append(into: Element, text: str) -> None:
    """Text after whatever is there already."""
    if len(into):
        into[-1].tail = (into[-1].tail or "") + text
    else:
        into.text = (into.text or "") + text


def _lines(into: Element, text: str) -> None:
    first, *others = text.split("\n")
    _append(into, first)
    for line in others:
        SubElement(into, "br")
        _append(into, line)


def _rich(part: Json) -> Element:
    match part["type"]:
        case "rich_text_preformatted":
            return element("pre", "".join(each["text"] for each in part["elements"]))
        case "rich_text_list":
            items = (element("li", "", *_runs(entry["elements"])) for entry in part["elements"])
            return element("ul", "", *items)
    return element("p", "", *_runs(part["elements"]))


def _runs(runs: Iterable[Json]) -> list[Element]:
    return [_RUNS.get(run["type"], _literal)(run) for run in runs]


def _literal(run: Json) -> Element:
    style = run.get("style", {})
    made = Element("b" if style.get("bold") else "code" if style.get("code") else "span")
    _lines(made, str(run.get("text", run["type"])))
    return made


def _called(id_of: str) -> Callable[[Json], Element]:
    return lambda run: element("span", f"@{str(run[id_of]).lstrip('@')}", css="mention")


_RUNS: Mapping[str, Callable[[Json], Element]] = {
    "date": lambda run: element("time", run["fallback"]),
    "link": lambda run: element("a", run.get("text") or run["url"], href=run["url"]),
    "user": _called("user_id"),
    "usergroup": _called("usergroup_id"),
    "broadcast": _called("range"),
}


def _button(button: Json) -> Element:
    label = button.get("text") or button.get("placeholder") or {"text": "…"}
    return element("span", label["text"], css=f"button {button.get('style', '')}".strip())


_BLOCKS: Mapping[str, Callable[[Json], Element]] = {
    "header": lambda block: element("h2", block["text"]["text"]),
    "divider": lambda _: element("hr"),
    "section": _section,
    "context": lambda block: element("p", "", *map(_text, block["elements"]), css="context"),
    "rich_text": lambda block: element("div", "", *map(_rich, block["elements"])),
    "actions": lambda block: element("p", "", *map(_button, block["elements"])),
}
