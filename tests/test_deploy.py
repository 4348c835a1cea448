"""What lies in deploy/ fits the bot: its commands, variables, paths and promises."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import ModuleType, TracebackType
from typing import Any, NamedTuple, Self

import click
import pytest
import yaml

from bot.cli import bot
from bot.config.load import load_configuration
from bot.config.written import SECRETS
from bot.sources.http import LARGEST_ANSWER
from bot.worker.plan import signature
from tools.image_proof import instructions

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
CONFIG = DEPLOY / "config.yaml"
RUNNING = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
IMAGE = dict(instructions((ROOT / "Dockerfile").read_text()))
UID, GID = map(int, IMAGE["USER"].split(":"))
BOT_CONFIG = PurePosixPath(re.findall(r"BOT_CONFIG=(\S+)", (ROOT / "Dockerfile").read_text())[0])
READ = set(re.findall(r"\$\{(\w+)", CONFIG.read_text()))
"""The variables of the configuration that the files here hand over."""
SURROUNDINGS = {
    "TMPDIR",
    "BOT_CONFIG",
    "HOME",
    "MPLCONFIGDIR",
    "PYTHONDONTWRITEBYTECODE",
    "COMMAND",
}
SECRET = re.compile(r"sk-\w|xox[bap]-\w|xapp-\w|hooks\.slack|://\w+:[^<\s]\S*@")
SCRATCH = "/tmp"  # noqa: S108 - the container's
SERVICE = DEPLOY / "systemd" / "budget-bot@.service"
TIMERS = sorted((DEPLOY / "systemd").glob("*.timer"))
FILES = sorted(
    path
    for path in DEPLOY.rglob("*")
    if path.is_file() and not {"config", "secrets"} & set(path.relative_to(DEPLOY).parts[:-1])
)


def document(name: str) -> dict[str, Any]:
    (found,) = documents(name)
    return found


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text(encoding="utf-8")))


COMPOSE = document("compose.yaml")
WITH_POSTGRES = document("compose.postgres.yaml")
DEPLOYMENT = document("kubernetes/deployment.yaml")
CRON_JOBS = documents("kubernetes/cronjob.yaml")
PODS = [
    DEPLOYMENT["spec"]["template"]["spec"],
    *(job["spec"]["jobTemplate"]["spec"]["template"]["spec"] for job in CRON_JOBS),
]
WORKFLOW = document("github-actions.yaml")
STEPS = WORKFLOW["jobs"]["bot"]["steps"]


def unit(path: Path) -> list[tuple[str, str]]:
    """A systemd unit's settings, in order; a name may come twice."""
    lines = (line for line in path.read_text().splitlines() if not line.startswith("#"))
    return [(k, v) for k, eq, v in (line.partition("=") for line in lines) if eq]


# --- Airflow, as far as the DAG uses it


class Task(NamedTuple):
    dag_id: str
    schedule: str
    settings: Mapping[str, Any]


class Dag:
    """Stands for airflow.DAG."""

    entered = ""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.tasks: list[Task] = []

    def __enter__(self) -> Self:
        Dag.now = self
        return self

    def __exit__(self, kind: type | None, error: Any, trace: TracebackType | None) -> None:
        pass

    now: Dag


def operator(**settings: Any) -> None:
    """Stands for BashOperator."""
    dag = Dag.now
    dag.tasks.append(Task(dag.settings["dag_id"], dag.settings["schedule"], settings))


@pytest.fixture(scope="module")
def airflow() -> Iterator[list[Task]]:
    """The tasks that Airflow would find in the file."""
    bash = "airflow.providers.standard.operators.bash"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("airflow", *(bash.rsplit(".", n)[0] for n in range(3, 0, -1)), bash):
            patch.setitem(sys.modules, name, ModuleType(name))
        patch.setattr(sys.modules["airflow"], "DAG", Dag, raising=False)
        patch.setattr(sys.modules[bash], "BashOperator", operator, raising=False)
        made = runpy.run_path(str(DEPLOY / "airflow_dag.py"))
        yield [task for value in made.values() if isinstance(value, Dag) for task in value.tasks]


# --- what is run


def shell_commands(text: str) -> Iterator[list[str]]:
    for line in re.findall(r"(?m)/bin/bot ([^>\n]*)", text):
        yield shlex.split(line)


def systemd_commands() -> Iterator[list[str]]:
    line = dict(unit(SERVICE))["ExecStart"]
    instances = ["run", *(timer.stem.partition("@")[2] for timer in TIMERS)]
    for instance in instances:
        yield from shell_commands(line.replace("%i", instance))


def workflow_commands() -> Iterator[list[str]]:
    step = STEPS[-1]
    for command in re.findall(r"'(\w+)'", step["env"]["COMMAND"]):
        yield shlex.split(step["run"].partition(">")[0].replace("$COMMAND", command))[3:]


def pod_commands() -> Iterator[list[str]]:
    for container in (pod["containers"][0] for pod in PODS):
        yield container["args"][1:]
        for probe in ("readinessProbe", "livenessProbe"):
            if probe in container:
                yield container[probe]["exec"]["command"][1:]


COMMANDS = [
    *systemd_commands(),
    *shell_commands((DEPLOY / "crontab").read_text()),
    *workflow_commands(),
    *pod_commands(),
]


def left_over(words: list[str]) -> list[str]:
    """What the command does not understand as its options. Raises click's errors."""
    command = bot.commands[words[0]]
    return command.make_parser(click.Context(command)).parse_args(list(words[1:]))[1]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_in_the_files_exists_with_its_options(words: list[str]) -> None:
    assert left_over(words) == []


def test_each_way_without_the_worker_checks_every_hour_and_digests_every_day(
    airflow: list[Task],
) -> None:
    def of(ways: list[tuple[str, str]]) -> dict[str, str]:
        return dict(ways)

    cron = re.findall(r"(?m)^(\S+ \S+ \* \* \*) \S+/bot (\w+)", (DEPLOY / "crontab").read_text())
    clocks = {
        "cron": of([(command, at) for at, command in cron]),
        "kubernetes": of(
            [
                (
                    job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"][
                        1
                    ],
                    job["spec"]["schedule"],
                )
                for job in CRON_JOBS
            ]
        ),
        "airflow": of([(task.settings["task_id"], task.schedule) for task in airflow]),
    }
    for way, found in clocks.items():
        assert set(found) == {"check", "digest"}, way
        assert re.fullmatch(r"\d+ \* \* \* \*", found["check"]), way
        assert re.fullmatch(r"\d+ \d+ \* \* \*", found["digest"]), way
    on: Any = {str(key): value for key, value in WORKFLOW.items()}["True"]  # YAML 1.1 reads `on`
    crons = [entry["cron"] for entry in on["schedule"]]
    assert f"== '{crons[1]}' && 'digest'" in STEPS[-1]["env"]["COMMAND"]
    assert [timer.stem for timer in TIMERS] == ["budget-bot@check", "budget-bot@digest"]


def test_airflow_runs_commands_that_exist(airflow: list[Task]) -> None:
    commands = [
        words for task in airflow for words in shell_commands(task.settings["bash_command"])
    ]
    assert [words[0] for words in commands] == ["check", "digest"]
    assert [left_over(words) for words in commands] == [[], []]


# --- variables and secrets


def variables(airflow: list[Task]) -> Iterator[tuple[str, str, str]]:
    """File, variable and value of all that the files set for the bot."""
    for name in (COMPOSE, WITH_POSTGRES):
        for variable, value in name["services"]["bot"].get("environment", {}).items():
            yield "compose", variable, value
    for pod in PODS:
        for entry in pod["containers"][0]["env"]:
            yield "kubernetes", entry["name"], entry["value"]
    for setting, value in unit(SERVICE):
        if setting == "Environment":
            yield from (("systemd", *pair.split("=", 1)) for pair in value.split())  # type: ignore[misc]
    for name_, value in re.findall(r"(?m)^([A-Z_]+)=(.*)$", (DEPLOY / "crontab").read_text()):
        if name_ != "MAILTO":
            yield "cron", name_, value
    for variable, value in STEPS[-1]["env"].items():
        yield "github", variable, value
    for task in airflow:
        yield from (("airflow", *pair) for pair in task.settings["env"].items())


def test_every_variable_is_one_that_the_bot_reads(airflow: list[Task]) -> None:
    known = READ | {f"{name}_FILE" for name in READ} | SURROUNDINGS
    assert {name for _, name, _ in variables(airflow)} <= known


def test_every_way_hands_over_the_key_and_the_token(airflow: list[Task]) -> None:
    handed: dict[str, set[str]] = {}
    for way, name, _ in variables(airflow):
        handed.setdefault(way, set()).add(name.removesuffix("_FILE"))
    assert set(handed) == {"compose", "kubernetes", "systemd", "cron", "github", "airflow"}
    for way, names in handed.items():
        assert {"OPENAI_ADMIN_KEY", "SLACK_BOT_TOKEN"} <= names, way


def test_secrets_are_named_by_file_or_by_reference_and_never_written(airflow: list[Task]) -> None:
    for way, name, value in variables(airflow):
        if name.removesuffix("_FILE") in READ - {"DATABASE_URL"}:
            refers = value.startswith(("/", "%d/")) if name.endswith("_FILE") else way == "github"
            assert refers, (way, name, value)
        if way == "github" and name != "COMMAND":
            assert value == f"${{{{ secrets.{name} }}}}"
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"sk-\w|xox[bap]-\w|xapp-\w|hooks\.slack|://\w+:[^<\s]\S*@", text), (
            path
        )


def test_the_configuration_takes_every_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.read_text())
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    values = {name: f"canary-{name.lower()}" for name in READ - {"HEARTBEAT_URL", "DATABASE_URL"}}
    values |= {
        "HEARTBEAT_URL": "https://ping.example/1",
        "DATABASE_URL": "postgresql+psycopg://budget:secret@postgres/budget",
    }
    for name, value in values.items():
        (tmp_path / name).write_text(value + "\n")
    environ = {f"{name}_FILE": str(tmp_path / name) for name in values}
    settings = load_configuration(tmp_path / "config.yaml", environ).settings
    assert settings.source.admin_key.get_secret_value() == "canary-openai_admin_key"
    assert settings.slack.bot_token.get_secret_value() == "canary-slack_bot_token"
    assert settings.heartbeat_url.get_secret_value() == "https://ping.example/1"
    assert settings.store.url == values["DATABASE_URL"]


def test_the_variables_have_the_names_of_the_example_configuration() -> None:
    example = set(re.findall(r"\$\{(\w+)", (ROOT / "config.example.yaml").read_text()))
    assert READ - example == {"DATABASE_URL"}
    assert len(SECRETS) >= len(READ - {"DATABASE_URL"})


def test_each_secret_file_that_is_named_is_also_mounted() -> None:
    for compose in (COMPOSE, WITH_POSTGRES):
        for service in compose["services"].values():
            named = [v for k, v in service["environment"].items() if k.endswith("_FILE")]
            assert [f"/run/secrets/{name}" for name in service["secrets"]] == named
            assert set(service["secrets"]) <= set(compose["secrets"])
    loaded = {v.partition(":")[0] for k, v in unit(SERVICE) if k == "LoadCredential"}
    assert loaded == set(re.findall(r"%d/(\S+)", SERVICE.read_text()))
    secrets = {Path(entry["value"]).name for pod in PODS for entry in pod["containers"][0]["env"]}
    assert secrets == set(re.findall(r"--from-file=([a-z-]+)=deploy/secrets", RUNNING))


# --- the image


def test_containers_run_as_the_images_user_on_its_paths() -> None:
    service = COMPOSE["services"]["bot"]
    assert service["user"] == IMAGE["USER"]
    targets = [str(volume).partition(":")[2] for volume in service["volumes"][1:]]
    targets.insert(0, service["volumes"][0]["target"])
    assert targets == [str(BOT_CONFIG.parent), IMAGE["VOLUME"]]
    assert [line.partition(":")[0] for line in service["tmpfs"]] == [SCRATCH]
    assert "healthcheck" not in service  # the image's own
    assert "command" not in service
    for pod in PODS:
        mounts = [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]]
        assert mounts == [str(BOT_CONFIG.parent), "/secrets", IMAGE["VOLUME"], SCRATCH]
        context = pod["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (UID, GID, GID)
    assert "sqlite:////data/" in CONFIG.read_text()


def test_the_largest_answer_finds_room_and_takes_no_memory() -> None:
    """A tmpfs is memory; a pod that fills an emptyDir beyond its limit is evicted."""
    assert COMPOSE["services"]["bot"]["environment"]["TMPDIR"] == IMAGE["VOLUME"]
    assert ("Environment", "TMPDIR=/var/tmp") in unit(SERVICE)  # PrivateTmp has one, too
    for pod in PODS:
        (scratch,) = [volume for volume in pod["volumes"] if volume["name"] == "tmp"]
        assert scratch["emptyDir"] == {"sizeLimit": "1Gi"}
        assert 2 * LARGEST_ANSWER <= 1024**3


def test_containers_may_do_nothing_they_need_not() -> None:
    service = COMPOSE["services"]["bot"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"][0]["read_only"] is True
    for pod in PODS:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert pod["containers"][0]["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_several_workers_share_a_postgresql() -> None:
    assert DEPLOYMENT["spec"]["replicas"] == 2
    for pod in PODS:
        assert "DATABASE_URL_FILE" in [entry["name"] for entry in pod["containers"][0]["env"]]
    assert WITH_POSTGRES["services"]["bot"]["depends_on"] == {
        "postgres": {"condition": "service_healthy"}
    }


def test_a_pods_labels_mounts_and_volumes_belong_together() -> None:
    spec = DEPLOYMENT["spec"]
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    for pod in PODS:
        mounts = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
        assert mounts == {volume["name"] for volume in pod["volumes"]}
        assert pod["volumes"][1]["secret"] == {"secretName": "budget-bot", "defaultMode": 0o440}


def test_kubernetes_restarts_a_worker_only_after_an_hour_of_trouble() -> None:
    probe = DEPLOYMENT["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 3600


def test_an_edit_of_a_config_map_is_noticed(tmp_path: Path) -> None:
    """Kubernetes mounts links to a link to a folder, and turns the one in the middle."""
    for version in ("old", "new"):
        (tmp_path / version / "rules").mkdir(parents=True)
        (tmp_path / version / "config.yaml").write_text("rules: rules/")
    (tmp_path / "..data").symlink_to("old")
    (tmp_path / "config.yaml").symlink_to("..data/config.yaml")
    (tmp_path / "rules").symlink_to("..data/rules")
    files = [str(tmp_path / "config.yaml"), str(tmp_path / "rules")]
    before = signature(files)
    (tmp_path / "..turned").symlink_to("new")
    (tmp_path / "..turned").rename(tmp_path / "..data")
    after = signature(files)
    assert [old != new for old, new in zip(before, after, strict=True)] == [True, True]


# --- systemd


def test_the_unit_gives_the_worker_time_to_leave_and_starts_it_again() -> None:
    service = dict(unit(SERVICE))
    assert service["KillSignal"] == "SIGTERM"
    assert int(service["TimeoutStopSec"]) > 5
    assert service["Restart"] == "on-failure"
    assert "3" not in service["RestartPreventExitStatus"].split()  # a database that comes up later


def test_all_that_systemd_starts_shares_one_user() -> None:
    """Else the database's folder would change hands from unit to unit."""
    service = dict(unit(SERVICE))
    assert (service["DynamicUser"], service["User"]) == ("yes", "budget-bot")


def test_the_unit_lets_a_run_limit_its_own_memory() -> None:
    refused = [v for k, v in unit(SERVICE) if k == "SystemCallFilter" and v.startswith("~")]
    assert refused == ["~@privileged"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for path in (SERVICE, *TIMERS):
        there = path.read_text().replace("/srv/budget-bot/.venv/bin/bot", "/bin/true")
        (tmp_path / path.name).write_text(there)
    command = ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "budget-bot" in line]
    assert (done.returncode, said) == (0, [])


# --- GitHub


def test_the_workflow_keeps_no_database_of_its_own_and_may_only_read() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is False
    assert [step["uses"].partition("@")[0] for step in STEPS if "uses" in step] == [
        "actions/checkout",
        "actions/setup-python",
    ]
    assert "DATABASE_URL" in STEPS[-1]["env"]


# --- the page


def test_the_page_names_every_file() -> None:
    units = {str(path.relative_to(ROOT)): f"`{path.name}`" for path in (SERVICE, *TIMERS)}
    for path in FILES:
        name = str(path.relative_to(ROOT))
        assert units.get(name, name) in RUNNING, path
