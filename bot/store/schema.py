"""The tables and their version.

Days are `date.toordinal()`, instants ISO 8601 in UTC, money nanos of the bill's currency. Member
number 0 stands for "none": no project, no key, no model.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

members = sa.Table(  # the strings of the bill, once each; rows carry their numbers
    "members",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("dimension", sa.String(16), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.UniqueConstraint("dimension", "value"),
)

cost_rows = sa.Table(
    "cost_rows",
    metadata,
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),  # date.toordinal()
    sa.Column("project", sa.Integer, primary_key=True, autoincrement=False),  # 0: none
    sa.Column("line_item", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("api_key", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("model", sa.Integer, nullable=False),
    sa.Column("nanos", sa.BigInteger, nullable=False),
    sa.Column("quantity", sa.Float),
    sa.Column("quantity_unit", sa.String(40)),
    sqlite_with_rowid=False,
)

cost_sums = sa.Table(  # the daily roll-ups, written by the transaction that writes the day
    "cost_sums",
    metadata,
    sa.Column("dimension", sa.String(16), primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("member", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("nanos", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

usage_rows = sa.Table(
    "usage_rows",
    metadata,
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("project", sa.Integer, nullable=False),
    sa.Column("model", sa.Integer, nullable=False),
    sa.Column("family", sa.Integer, nullable=False),
    sa.Column("api_key", sa.Integer, nullable=False),
    sa.Column("batch", sa.Boolean),
    sa.Column("service_tier", sa.String(40)),
    sa.Column("requests", sa.BigInteger, nullable=False),
    sa.Column("input_tokens", sa.BigInteger, nullable=False),
    sa.Column("output_tokens", sa.BigInteger, nullable=False),
    sa.Column("cached_tokens", sa.BigInteger, nullable=False),
    sa.Column("input_audio_tokens", sa.BigInteger, nullable=False),
    sa.Column("output_audio_tokens", sa.BigInteger, nullable=False),
    sa.Column("units", sa.Float, nullable=False),
    sa.Index("usage_rows_by_day", "day", "kind"),
)

days = sa.Table(  # what is known of a day of a dataset: `costs` or `usage/<kind>`
    "days",
    metadata,
    sa.Column("dataset", sa.String(48), primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("fetched_at", sa.String(27)),  # ISO 8601, UTC; NULL: never
    sa.Column("whole", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("failed_at", sa.String(27)),  # NULL: the last fetch went well
    sa.Column("error", sa.Text),
    sa.Column("row_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("currency", sa.String(3)),  # of a day of costs with rows: an ISO 4217 code
)

names = sa.Table(
    "names",
    metadata,
    sa.Column("dimension", sa.String(16), primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("project_id", sa.Text),
    sa.Column("seen_at", sa.String(27), nullable=False),
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),  # firing | resolved | closed
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("period_end", sa.String(10), nullable=False),
    sa.Column("step", sa.Float),
    sa.Column("observed", sa.Float, nullable=False),
    sa.Column("first_at", sa.String(27), nullable=False),
    sa.Column("updated_at", sa.String(27), nullable=False),
    sa.Column("headline", sa.Text, nullable=False),
    sa.Column("finding", sa.Text),  # JSON: the finding as last seen; NULL before schema 2
    sa.Column("top_step", sa.Float),  # the highest step ever told; `step` is the one that stands
    sa.Column("forecast_step", sa.Float),  # the highest step told as foreseen
    sa.Column("limit_told", sa.Float),
    sa.Column("worse", sa.Integer, nullable=False, server_default="0"),  # how often told so
    sa.Column("repeats", sa.Integer, nullable=False, server_default="0"),
    sa.Column("restatements", sa.Integer, nullable=False, server_default="0"),
    sa.Column("resolves", sa.Integer, nullable=False, server_default="0"),
    sa.Column("updates", sa.Integer, nullable=False, server_default="0"),
    sa.Column("told_at", sa.String(27)),  # NULL: held back, not told yet
    sa.Column("held_at", sa.String(27)),  # the last run in which it held; NULL before schema 2
    sa.Column("snoozed_until", sa.String(27)),
    sa.Column("snoozed_by", sa.Text),
    sa.Column("acked_at", sa.String(27)),
    sa.Column("acked_by", sa.Text),
    sa.Column("place", sa.Text),  # the key of the message that is its place in Slack
    sa.Column("place_channel", sa.Text),
    sa.Column("resolved_at", sa.String(27)),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # the message key: unique, the unit of "once"
    sa.Column("alert_key", sa.Text),
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),  # JSON, frozen when decided
    sa.Column("state", sa.String(16), nullable=False),  # pending | sending | sent
    sa.Column("created_at", sa.String(27), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("attempted_at", sa.String(27)),
    sa.Column("error", sa.Text),
    sa.Column("sent_at", sa.String(27)),
    sa.Column("channel_id", sa.String(40)),
    sa.Column("ts", sa.String(40)),
    sa.Column("action", sa.String(8), nullable=False, server_default="post"),
    sa.Column("parent", sa.Text),  # the key of the row whose place this belongs to
    sa.Column("broadcast", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("also_keys", sa.Text, nullable=False, server_default="[]"),  # JSON list
    sa.Column("fallback_from", sa.Text),  # the channel it should have gone to
    sa.Column("fallback_why", sa.Text),  # why that one did not take it
    sa.Column("thread_ts", sa.String(40)),  # the root of the thread it was sent to
    sa.Column("images", sa.Text),  # JSON: its charts' file ids in Slack by name, once sent
)

pictures = sa.Table(  # the pictures of messages not yet sent
    "pictures",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("alt", sa.Text, nullable=False),
    sa.Column("png", sa.LargeBinary, nullable=False),
)

slack_names = sa.Table(  # people and groups to call, as written in the configuration
    "slack_names",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("slack_id", sa.String(40), nullable=False),
    sa.Column("found_at", sa.String(27), nullable=False),
)

pulses = sa.Table(  # the last time something happened: the proof of life that `health` reads
    "pulses",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
)

claims = sa.Table(  # the turns of schedules, each taken by one worker (bot.store.claims)
    "claims",
    metadata,
    sa.Column("schedule", sa.String(40), primary_key=True),
    sa.Column("slot", sa.String(40), primary_key=True),  # local date, or the instant of a check
    sa.Column("state", sa.String(16), nullable=False),  # running | done | failed | skipped
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("claimed_at", sa.String(27), nullable=False),
    sa.Column("lease_until", sa.String(27), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("missed", sa.Integer, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
)

counters = sa.Table(  # what the worker counts, for `status` and `/metrics`
    "counters",
    metadata,
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
