"""An organisation whose bill is not in US dollars: read, judged, told and exported in its own."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cases.stage import NOW, SEARCH, TODAY, YESTERDAY, Place, at, small_bill
from tests.fakes import CostRow, FakeOpenAI, FakeSlack

RULES = """
rules:
  - {name: day cap, kind: cap, limit: 100, steps: [50, 80, 100], severity: critical}
  - {name: month, kind: cap, period: month, limit: 2000}
  - {name: project spikes, kind: spike, per: project, min_amount: 10}
  - {name: models, kind: new, per: model, min_amount: 1, burst_amount: 50}
"""
DOLLARS = re.compile(r"\$|dollar|usd", re.IGNORECASE)
ALLOWED = re.compile(r'"usd": null|base64,[A-Za-z0-9+/=]+')


def assert_no_dollars(*texts: str) -> None:
    """No sign, word or key of US dollars, but null keys and the bytes of pictures."""
    for text in texts:
        found = [line for line in ALLOWED.sub("", text).splitlines() if DOLLARS.search(line)]
        assert found == []


def billed_in(code: str, times: int = 1) -> dict[str, Any]:
    bill = small_bill()
    bill["costs"] = [
        row._replace(currency=code, amount=Decimal(row.amount) * times) for row in bill["costs"]
    ]
    return bill


def placed(
    bill: dict[str, Any], home: Path, slack: FakeSlack, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    with FakeOpenAI(**bill, now=NOW) as openai:
        place = Place(home, openai, slack, capsys)
        place.write("rules.yaml", RULES)
        yield place


@pytest.fixture
def euros(home: Path, slack: FakeSlack, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """The small bill in euros: €120 on each finished day, over its cap of €100."""
    yield from placed(billed_in("eur"), home, slack, capsys)


@pytest.fixture
def yen(home: Path, slack: FakeSlack, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """The small bill in yen: ¥12,000 on each finished day, over its cap of ¥10,000."""
    for place in placed(billed_in("JPY", 100), home, slack, capsys):
        place.write("rules.yaml", RULES.replace("limit: 100,", "limit: 10000,"))
        yield place


def in_slack(place: Place) -> str:
    """All that Slack shows."""
    return json.dumps([[one.text, one.blocks] for one in place.slack.messages], ensure_ascii=False)


def test_a_check_tells_the_cap_in_euros(euros: Place) -> None:
    ran = euros.run("check", *at(0))
    assert ran.code == 0, ran.err
    assert "spent €120.00 on Thu 19 Nov 2026, 120% of its daily cap of €100." in in_slack(euros)
    assert_no_dollars(ran.out, ran.err, in_slack(euros))


def test_yen_have_no_decimals(yen: Place) -> None:
    ran = yen.run("check", *at(0))
    assert ran.code == 0, ran.err
    assert "spent ¥12,000 on Thu 19 Nov 2026, 120% of its daily cap of ¥10,000." in in_slack(yen)
    assert_no_dollars(ran.out, ran.err, in_slack(yen))


@pytest.mark.parametrize(
    ("currency", "period", "output"),
    [
        ("euros", "day", "text"),
        ("euros", "week", "json"),
        ("euros", "month", "html"),
        ("yen", "day", "html"),
    ],
)
def test_a_digest_is_in_the_bills_currency(
    currency: str, period: str, output: str, request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue(currency)
    command = ("digest", "--dry-run", "--period", period, "--output", output)
    ran = place.run(*command, *at(0))
    assert ran.code == 0, ran.err
    assert ("€" if currency == "euros" else "¥") in ran.out
    assert_no_dollars(ran.out, ran.err)


def test_no_line_ends_between_a_currency_and_its_amount(
    home: Path, slack: FakeSlack, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in placed(billed_in("chf"), home, slack, capsys):
        for output in ("text", "json", "html"):
            ran = place.run("digest", "--dry-run", "--output", output, *at(0))
            assert "CHF\u00a0120" in ran.out
            assert re.findall(r"CHF[ \n]+\d", ran.out) == []


def test_a_digest_in_slack_is_in_euros(euros: Place) -> None:
    assert euros.bot("digest", *at(0)) == 0
    (message,) = euros.slack.messages
    assert message.text.startswith("Thu 19 Nov: €120")
    assert_no_dollars(in_slack(euros))


def test_the_document_says_the_currency_and_leaves_usd_null(euros: Place) -> None:
    document = euros.document("check", *at(0))
    day = document["data"]["totals"][YESTERDAY.isoformat()]
    assert day == {"state": "settling", "usd": None, "amount": "120", "currency": "EUR"}
    units = {found["unit"] for found in document["findings"]}
    assert units == {"eur"}
    assert_no_dollars(json.dumps(document, ensure_ascii=False))


def test_a_ratio_is_in_euros_per_request(euros: Place) -> None:
    rules = "rules: [{name: r, kind: spike, per: project, metric: cost_per_request}]"
    euros.write("rules.yaml", rules)
    euros.openai.costs.append(
        CostRow(YESTERDAY, "9000", SEARCH, "web search tool calls", None, currency="eur")
    )
    (found,) = euros.document("check", *at(0))["findings"]
    assert (found["unit"], "€227.50" in found["why"]) == ("eur_per_request", True)


def test_what_becomes_of_an_alert_is_told_in_euros(euros: Place) -> None:
    """A step, a restatement that resolves it: replies made from what the database remembers."""
    euros.write("rules.yaml", "rules: [{name: cap, kind: cap, limit: 200, steps: [50, 80, 100]}]")
    for hours, more in enumerate((100, -50, -100, 200)):  # €220, €170, €70, €270
        row = CostRow(YESTERDAY, more, SEARCH, "web search tool calls", None, currency="eur")
        euros.openai.costs.append(row)
        assert euros.bot("check", *at(hours)) == 0
    assert any(
        message.text.startswith("Resolved: The organisation is at €70.00 for Thu 19 Nov 2026 now, ")
        for message in euros.slack.messages
    )
    assert any("restated" in message.key for message in euros.slack.messages)
    assert_no_dollars(in_slack(euros))


def test_status_explain_backtest_and_metrics_are_in_euros(euros: Place) -> None:
    assert euros.bot("check", *at(0)) == 0
    key = f"day-cap/organization/day:{YESTERDAY}"
    for command in (
        ("status", *at(0)),
        ("status", "--output", "json", *at(0)),
        ("explain", key, *at(0)),
        ("explain", key, "--output", "json", *at(0)),
        ("explain", "--rule", "project spikes", "--subject", "Search", "--day", "2026-11-19"),
        ("explain", "--rule", "models", "--subject", "gpt-5.4", "--day", "2026-11-19"),
        ("backtest", *at(0)),
        ("backtest", "--target", "1 per week", *at(0)),
        ("backtest", "--output", "json", "--chart", "it.png", *at(0)),
        ("doctor",),
        ("export", "alerts", "--format", "json"),
    ):
        ran = euros.run(*command, *(at(0) if "--day" in command else ()))
        assert ran.code == 0 or command == ("doctor",), ran.err
        assert_no_dollars(ran.out, ran.err)


@pytest.mark.parametrize("name", ["cost-per-day", "month-to-date", "share-by-project"])
def test_a_chart_says_what_it_shows_in_euros(euros: Place, name: str) -> None:
    euros.bot("fetch", *at(0))
    ran = euros.run("chart", name, "--out", "it.svg", *at(0))
    assert ran.code == 0, ran.err
    assert "€" in ran.out
    assert_no_dollars(ran.out)


def test_an_export_has_the_amount_and_its_currency(euros: Place) -> None:
    euros.bot("fetch", *at(0))
    rows = list(csv.DictReader(io.StringIO(euros.run("export", "costs").out)))
    assert {(row["usd"], row["currency"]) for row in rows} == {("", "EUR")}
    assert sum(Decimal(row["amount"]) for row in rows) == 12 * 120 + 30
    listed = json.loads(euros.run("export", "costs", "--format", "json").out)
    assert listed[0] | {"usd": None, "amount": "100", "currency": "EUR"} == listed[0]


def test_init_proposes_caps_in_yen(yen: Place) -> None:
    assert yen.bot("fetch", "--record", "kept", *at(0)) == 0
    new = ("--config", "new.yaml", "--rules", "new", "--yes")
    ran = yen.run("init", "--source", "recording", "--path", "kept", *new)
    assert ran.code == 0, ran.err
    text = (yen.home / "new" / "budget.yaml").read_text(encoding="utf-8")
    caps = {rule["name"]: rule for rule in yaml.safe_load(text)["rules"]}
    assert caps["organisation daily cap"]["limit"] == 20_000  # 1.3 times ¥12,000
    assert caps["project daily caps"]["limit"]["Search"] == 15_000
    assert caps["project spikes"]["min_amount"] == 500
    assert_no_dollars(text, ran.out, ran.err)
    assert yen.run("check", "--dry-run", "--config", "new.yaml").code == 0


def test_a_rule_in_dollars_is_not_judged_and_says_the_way_out(euros: Place) -> None:
    euros.write(
        "rules.yaml",
        """
rules:
  - {name: cap, kind: cap, limit_usd: 100}
  - {name: spikes, kind: spike, per: project, min_usd: 10, planned:
      [{from: 2026-11-01, until: 2026-11-02, usd: 5}]}
  - {name: nothing, kind: cap, limit_usd: 0}
  - {name: default floor, kind: drop, per: project}
""",
    )
    document = euros.document("check", *at(0))
    assert {found["rule"] for found in document["findings"]} == {"nothing"}
    whys = {one["rule"]: one["why"] for one in document["skipped"] if "US dollars" in one["why"]}
    assert whys == {
        "cap": "`limit_usd` is in US dollars and this bill is in EUR: write `limit` with amounts "
        "in EUR instead",
        "spikes": "`min_usd` and `planned: usd` are in US dollars and this bill is in EUR: write "
        "`min_amount` and `planned: amount` with amounts in EUR instead",
    }


def test_that_rules_are_in_dollars_is_told_in_slack_once(euros: Place) -> None:
    """Nobody may learn it from a digest only: it may be turned off."""
    euros.write("rules.yaml", "rules: [{name: cap, kind: cap, limit_usd: 100}]")
    for hours in (0, 1, 25):
        assert euros.bot("check", *at(hours)) in (0, 4)
    (told,) = [one for one in euros.slack.messages if one.key.startswith("notice:currency:EUR:")]
    assert told.text == "A rule is in US dollars, and this bill is in EUR: not judged."
    assert "cap: `limit_usd` is in US dollars and this bill is in EUR: write `limit` with " in (
        json.dumps(told.blocks)
    )
    euros.write(
        "rules.yaml",
        "rules:\n- {name: cap, kind: cap, limit_usd: 100}\n"
        "- {name: spikes, kind: spike, per: project, min_usd: 5}",
    )
    assert euros.bot("check", *at(25)) in (0, 4)
    assert euros.slack.messages[-1].text.startswith("2 rules are in US dollars, and this bill ")
    euros.write("rules.yaml", "rules: [{name: cap, kind: cap, limit: 100}]")
    many = len(euros.slack.messages)
    assert euros.bot("check", *at(25)) in (0, 4)
    assert not any("notice:currency" in one.key for one in euros.slack.messages[many:])


def test_a_digest_counts_no_rule_in_dollars_among_those_that_judged(euros: Place) -> None:
    euros.write(
        "rules.yaml",
        "rules:\n- {name: cap, kind: cap, limit_usd: 100}\n- {name: own, kind: cap, limit: 100}",
    )
    ran = euros.run("digest", "--dry-run", *at(0))
    assert "1 rule judged, 1 not at all · this" in " ".join(ran.out.split())


def test_the_twins_of_dollar_options_work_for_dollars_too(place: Place) -> None:
    place.write("rules.yaml", RULES)
    assert place.bot("check", *at(0)) == 0
    assert "spent $120.00 on Thu 19 Nov 2026, 120% of its daily cap of $100." in in_slack(place)


def in_euros(place: Place) -> list[CostRow]:
    return [row._replace(currency="eur") for row in place.openai.costs]


def test_a_bill_in_dollars_refuses_days_in_euros_with_the_way_out(place: Place) -> None:
    place.bot("fetch", "--as-of", f"{YESTERDAY}T12:00:00Z")
    known = place.run("export", "costs").out
    place.openai.costs = in_euros(place)
    ran = place.run("check", *at(0))
    assert ran.code == 4
    assert "are in EUR, and this bill is in USD\n  A history has one currency" in ran.err
    assert ran.err.count("are in EUR") == 1
    assert "store.url" in ran.err
    assert "Nothing is over its limits" not in ran.out
    assert place.run("export", "costs").out == known


def test_days_that_follow_each_other_are_refused_as_one(place: Place) -> None:
    place.bot("fetch", *at(-3 * 24))
    place.openai.costs = in_euros(place)
    ran = place.run("fetch", *at(0))
    assert ran.code == 4
    days = f"{TODAY - timedelta(days=5)} to {TODAY}"  # those that were not settled
    assert f"costs of {days} are in EUR, and this bill is in USD" in ran.err


@pytest.mark.parametrize("first", ["usd", "eur"])
def test_of_a_bill_that_changed_its_currency_the_newest_day_decides(
    place: Place, first: str
) -> None:
    change = TODAY - timedelta(days=5)
    others = {"usd": "eur", "eur": "usd"}
    place.openai.costs = [
        row._replace(currency=first if row.day < change else others[first])
        for row in place.openai.costs
    ]
    ran = place.run("fetch", *at(0))
    days = f"{TODAY - timedelta(days=11)} to {change - timedelta(days=1)}"
    theirs, bill = first.upper(), others[first].upper()
    assert ran.code == 4
    assert f"costs of {days} are in {theirs}, and this bill is in {bill}" in ran.err
    rows = list(csv.DictReader(io.StringIO(place.run("export", "costs").out)))
    assert min(row["day"] for row in rows) == change.isoformat()
    again = place.run("fetch", *at(1))
    assert (again.code, again.err.count(f"are in {theirs}")) == (4, 1)


def test_a_first_reading_that_failed_at_the_newest_days_decides_for_no_older_ones(
    place: Place,
) -> None:
    change = TODAY - timedelta(days=3)
    whole = [
        row._replace(currency="eur" if row.day >= change else "usd") for row in place.openai.costs
    ]
    place.openai.costs = [row._replace(amount="?") if row.day >= change else row for row in whole]
    assert place.run("check", *at(0)).code == 4
    place.openai.costs = whole
    ran = place.run("check", *at(1))
    assert "are in USD, and this bill is in EUR" in ran.err
    assert f"costs of {TODAY}" not in ran.err
    rows = list(csv.DictReader(io.StringIO(place.run("export", "costs").out)))
    assert {row["currency"] for row in rows} == {"EUR"}


def test_a_day_in_two_currencies_is_refused_and_the_others_are_read(euros: Place) -> None:
    row = CostRow(YESTERDAY, "5", SEARCH, "web search tool calls", None)
    euros.openai.costs.append(row)
    ran = euros.run("check", *at(0))
    assert ran.code == 4
    assert f"costs of {YESTERDAY} are in EUR and USD at once\n  A bill has one currency" in ran.err
    assert "Thu 19 Nov is missing" in ran.out


def test_a_mixed_history_never_lies_in_the_database_once_the_first_reading_is_over(
    place: Place,
) -> None:
    place.openai.costs = [
        row._replace(currency="eur" if row.day == TODAY else "usd") for row in place.openai.costs
    ]
    place.bot("fetch", *at(0))
    rows = list(csv.DictReader(io.StringIO(place.run("export", "costs").out)))
    assert {(row["day"], row["currency"]) for row in rows} == {(TODAY.isoformat(), "EUR")}


def test_a_first_reading_that_was_killed_never_shows_a_mixture(place: Place) -> None:
    """As a kill between two days leaves it: some days in dollars, some in euros, none decided."""
    change = TODAY - timedelta(days=2)
    place.openai.costs = [
        row._replace(currency="eur" if row.day >= change else "usd") for row in place.openai.costs
    ]
    place.bot("fetch", *at(0))
    whole = place.run("export", "costs").out
    with sqlite3.connect(place.database) as database:
        database.execute("DELETE FROM meta WHERE name = 'currency'")
        cells = database.execute("SELECT * FROM cost_sums WHERE day = ?", [change.toordinal()])
        old = change.toordinal() - 1
        sums = [(one[0], old, *one[2:]) for one in cells]
        database.executemany("INSERT INTO cost_sums VALUES (?, ?, ?, ?)", sums)
        database.execute(
            "UPDATE days SET currency = 'USD', row_count = 2, failed_at = NULL, error = NULL, "
            "fetched_at = '2026-11-20T09:30:00.000000Z' WHERE dataset = 'costs' AND day = ?",
            [old],
        )
    assert place.run("export", "costs").out == whole
    ran = place.run(
        "explain", "--rule", "day cap", "--day", str(change - timedelta(days=1)), *at(0)
    )
    assert "missing" in ran.out
    assert "120" not in ran.out


def test_a_rule_in_dollars_is_explained_by_what_is_wrong_with_it(euros: Place) -> None:
    euros.write("rules.yaml", "rules: [{name: cap, kind: cap, limit_usd: 100}]")
    euros.bot("fetch", *at(0))
    ran = euros.run("explain", "--rule", "cap", "--day", "2026-11-19", *at(0))
    assert ran.code == 0
    assert "Could not be judged: `limit_usd` is in US dollars and this bill is in EUR" in ran.out
    assert "€120.00 in Thu 19 Nov 2026" in ran.out


def test_a_long_proposal_in_euros_can_be_pasted_as_it_stands(euros: Place) -> None:
    """No line of it ends before it is over, however narrow the terminal."""
    windows = [{"from": f"2026-10-0{n}", "until": f"2026-10-0{n}", "amount": 5} for n in "123"]
    rule = {"name": "cap", "kind": "cap", "limit": 50, "planned": windows}
    euros.write("rules.yaml", json.dumps({"rules": [rule]}))
    euros.bot("fetch", *at(0))
    ran = euros.run("backtest", "--target", "1 per week", *at(0))
    assert ran.code == 0, ran.err
    proposed = yaml.safe_load(ran.out[ran.out.index("\nrules:") :].partition("\n\n")[0])
    assert proposed["rules"][0]["limit"] >= 120
    assert len(re.findall("planned: .*2026-10-01.*2026-10-03.*5}]$", ran.out, re.MULTILINE)) == 1
