"""Pages of costs as text, sound and odd: for what JSON may spell in more than one way."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.sources.build import D1, D2, at


def written(*lists: str, after: str = "", key: str = '"results"') -> bytes:
    """A page of a day for each list of results, as text."""
    buckets = [
        f'{{"start_time":{at(day)},"end_time":{at(day, 24)},{key}:{some}}}'
        for day, some in zip((D1, D2), lists, strict=False)
    ]
    page = f'{{"data":[{",".join(buckets)}],"has_more":false{after}}}'
    return page.encode("utf-8", "surrogatepass")


def result(value: str = "1.5", currency: str = '"usd"', more: str = "") -> str:
    return f'{{"amount":{{"value":{value},"currency":{currency}}},"line_item":"a"{more}}}'


def listed(*results: str, before: str = "", after: str = "") -> str:
    """The JSON of a list, white space around each of its results."""
    return f"[{before}" + f"{after},{before}".join(results) + f"{after}]"


# What a page may hold and be sound: all of it is read the fast way.
NAMES = st.sampled_from(
    [
        *('"a"', '"b"', '"c"', '""', "null", '"}, {"', '"}]"', '"] }"', '"\\"results\\": ["'),
        *('"\\u007d"', '"\\\\"', '"\\\\\\""', '"ü\\u00fc"', '"\U0001f600"', '"\\ud83d\\ude00"'),
        *('"[1,2]"', '"{\\n}"', '"a\\/b"', '"\\t"'),
    ]
)
NUMBERS = st.sampled_from(
    [
        *("0", "-0", "0.0", "-0.0e9", "1", "41.2", "-41.2", "1e-3", "1E+3", "-2.5e-18", "1e-19"),
        *(
            "0E-6176",
            '"0E-6176"',
            '"41.2"',
            '" 5 "',
            '"1\\u0030"',
            '"-1e3"',
            "0.000000000500000000",
        ),
        *("0.1234567890123456789012345678901234", "1234567.890123456789012345678901234567890"),
        *("-0.0000000005", "0.0000000015", "0.000000000499999999", "0.0000000004999999999999"),
        *('"١"', "19999.999999999999999999", "0.1e1"),
    ]
) | st.decimals(-(10**5), 10**5, allow_nan=False).map(str)
QUANTITIES = st.sampled_from(
    [
        *("null", "0", "1", "-7", "0.1", "1e18", "999999999999999999", "-999999999999999999.9"),
        *('"7.5"', '"many"', '"NaN"', '"sNaN"', '"-Infinity"', '""', "1e-400", "1" + "0" * 30),
        *("0.1000000000000000055511151231257827021181583404541015625", '"1e999999"', "-0.0"),
    ]
)
SPACES = st.sampled_from(["", "", "", " ", "\n", "\r\n\t ", " " * 70])


@st.composite
def sound_results(draw: st.DrawFn) -> str:
    """A result as the API might write it."""
    amount = f'"amount":{{"value":{draw(NUMBERS)},"currency":"usd"}}'
    fields = [amount]
    for name, values in (
        ("project_id", NAMES),
        ("line_item", NAMES),
        ("api_key_id", NAMES),
        ("quantity", QUANTITIES),
        ("quantity_unit", st.sampled_from(['"tokens"', '"images"', "null", '""'])),
        ("object", NAMES),
    ):
        if draw(st.booleans()):
            fields.append(f'"{name}":{draw(values)}')
    return "{" + ",".join(draw(st.permutations(fields))) + "}"


# What a page may hold that is none, or that is not what OpenAI documents.
ODD_FIELDS = st.sampled_from(
    [
        *('"amount":null', '"amount":{}', '"amount":[]', '"amount":{"value":1}', '"amount":5'),
        *('"amount":{"value":1,"currency":"eur"}', '"amount":{"value":1,"currency":"USD"}'),
        *('"amount":{"currency":"usd","value":2,"value":3}', '"am\\u006funt":{"value":9}'),
        *('"amount":{"value":[1,2],"currency":"usd"}', '"amount":{"value":{},"currency":"usd"}'),
        *('"line_item":"b"', '"line_item":5', '"line\\u005fitem":"c"', '"line_item":"\\ud800"'),
        *('"line_item":"\\u0000"', '"project_id":["a"]', '"project_id":"\x01"', '"x":"\ud800"'),
        *('"results":[]', '"results":[{"a":1}]', '"x":{"results": [{}, {}]}', '"x":[{}, {}]'),
        *('"quantity":1' + "0" * 400, '"quantity":true', '"quantity":[1]', '"quantity":1e400'),
        *('"x":NaN', '"x":01', '"x":1.', '"x":+1', '"x":"\\q"', '"x":"\\u12"', '"x"', "x:1", ""),
        *('"x":{"a":[{"b":"}, {"}]}', '"x":[]', '"x":[1]', '"x":"\\\\"', '"":1', '"quantity":-'),
    ]
)
ODD_NUMBERS = st.sampled_from(
    [
        *('"1_0"', '""', '"NaN"', '"Infinity"', "NaN", "-Infinity", "null", "true", '"abc"'),
        *("1000000000.1", "-1000000001", "1e400", '"1e-7000"', "00", "1.", ".5", "+1", "- 1"),
        *('"\\ud800"', '"1,5"', "1" * 70, "1" * 5_000, "0x10", "1e", "20000000", "-20000001"),
    ]
)
ODD_SPACES = st.sampled_from(["", "", " ", "\n", "\x0b", "\x0c", "\xa0", "\u2028", ",", "]", "}"])
ODD_ENDS = st.sampled_from(
    [
        *("", "", ',"next_page":null', ',"next_page":"a\\u003d"', ',"next_page":5'),
        *(',"next_page":"\\ud800"', ',"next_page":"\\u0000"', ',"results":[]', ',"data":[]'),
        *(f',"x":{{"results":[{result()}]}}', ',"x":{"r\\u0065sults":[0]}', ',"x":{"results":[0]}'),
        *("}", "]", ',"has_more":true', ',"has_more":0', ',"data":null', ',"\\"results":[]'),
    ]
)
KEYS = st.sampled_from(
    [
        *('"results"', '"results"', '"r\\u0065sults"', '"\\"results"', '"results" ', '"Results"'),
        *(
            '"results":[],"results"',
            '"results":0,"results"',
            '"results"\x0b',
            '"results"' + " " * 90,
        ),
    ]
)


@st.composite
def odd_results(draw: st.DrawFn) -> str:
    """A result with something odd in it, or something odd in its place."""
    which = draw(st.integers(0, 9))
    if which == 0:
        return draw(st.sampled_from(["{}", "null", "5", "[]", '"}, {"', '"]"', "", "{", "}"]))
    if which < 4:
        return result(draw(ODD_NUMBERS))
    return result(more=f",{draw(ODD_FIELDS)}")
