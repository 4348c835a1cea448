"""For Airflow's DAG folder: a check every hour and a digest every morning.

Airflow 2.9 or newer, with its standard provider. The bot lives in a virtual environment of its own
on the workers, since its packages are not Airflow's. Its configuration and secrets are files there;
its database is a PostgreSQL that all of them reach. See docs/running.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

ENVIRONMENT = {
    "BOT_CONFIG": "/etc/budget-bot/config.yaml",
    "DATABASE_URL_FILE": "/etc/budget-bot/database-url",
    "OPENAI_ADMIN_KEY_FILE": "/etc/budget-bot/openai-admin-key",
    "SLACK_BOT_TOKEN_FILE": "/etc/budget-bot/slack-bot-token",
}
# The digest: later than 06:00 UTC, when the day before is judged.
COMMANDS = {"check": "7 * * * *", "digest": "30 7 * * *"}


def budget_bot(command: str, cron: str) -> DAG:
    """One command by one clock. Runs may overlap or repeat: a message is sent once."""
    with DAG(
        dag_id=f"budget_bot_{command}",
        schedule=cron,
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),  # noqa: UP017 - Airflow's Python may be older
        catchup=False,
        max_active_runs=1,
    ) as dag:
        BashOperator(
            task_id=command,
            bash_command=f"/srv/budget-bot/.venv/bin/bot {command} --log-format json >/dev/null",
            env=ENVIRONMENT,
            retries=1,
            retry_delay=timedelta(minutes=5),
            execution_timeout=timedelta(minutes=20),
        )
    return dag


check, digest = (budget_bot(command, cron) for command, cron in COMMANDS.items())
