"""Charges for a clip in an Airflow DAG, with the recipe and with a plain POST."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest
from clip import RECIPES, ROOT, SLOW, SOON, TESTS, Clip, Make, processes

from helpers import Program, free_port, wait_until

# Where a DAG is, and its name.
DAGS = {RECIPES / "airflow_dag.py": "clip", TESTS / "naive_airflow.py": "naive_clip"}


@pytest.fixture(scope="module")
def engines() -> Path:
    """The Python of the environment in which Airflow is installed."""
    python = ROOT / "target" / "tools" / "airflow" / "bin" / "python"
    return Path(os.environ.get("VISEME_AIRFLOW_PYTHON", python))


def airflow(clip: Clip, *words: str) -> Program:
    return clip.start(clip.python, "-m", "airflow", *words)


def start_airflow(clip: Clip) -> Program:
    """Start Airflow with both DAGs. Returns the scheduler, whose children run the tasks."""
    home = clip.folder / "home"
    dags = home / "dags"
    dags.mkdir(parents=True)
    for path in DAGS:
        shutil.copy(path, dags)
    port = free_port()
    clip.environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        # On a busy machine, five seconds are too short.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    clip.finish(airflow(clip, "db", "migrate"))
    clip.finish(airflow(clip, "dags", "reserialize"))
    server = airflow(clip, "api-server", "--apps", "execution")
    wait_until(lambda: "startup complete" in server.output, "the API server", timeout=SLOW)
    return airflow(clip, "scheduler", "--skip-serve-logs")


def kill_tasks(scheduler: Program, count: int) -> None:
    """Kill the processes of the tasks, which are children of those that watch them."""
    workers = [it for it in processes(scheduler) if it.command.startswith("airflow worker")]
    watchers = {it.pid for it in workers}
    tasks = [it.pid for it in workers if it.parent in watchers]
    assert len(tasks) == count
    for task in tasks:
        os.kill(task, signal.SIGKILL)


def charges(clip: Clip) -> Counter[str]:
    """Return the jobs of each DAG. A plain POST has the path of the file in its input."""
    path = clip.arguments["audio"]
    posted = [job["input"]["audio"] == path for job in clip.world.jobs()]
    return Counter("naive_clip" if plain else "clip" for plain in posted)


def test_the_process_of_a_task_is_killed_after_the_post(make_clip: Make) -> None:
    # Both DAGs at once, because Airflow takes long to start.
    silent = [
        {"at": "submit", "nth": nth, "when": "after_accept", "do": "silence"} for nth in (1, 2)
    ]
    clip = make_clip(**SOON, faults=silent)
    scheduler = start_airflow(clip)
    for name in DAGS.values():
        clip.finish(airflow(clip, "dags", "trigger", name, "--conf", json.dumps(clip.arguments)))
    wait_until(
        lambda: charges(clip) == {"clip": 1, "naive_clip": 1}, "the POST of both", timeout=SLOW
    )
    kill_tasks(scheduler, 2)
    wait_until(clip.output.exists, "the output", timeout=SLOW)
    wait_until(lambda: charges(clip)["naive_clip"] > 1, "the second POST", timeout=SLOW)
    assert charges(clip) == {"clip": 1, "naive_clip": 2}
    assert clip.charges() == 3
