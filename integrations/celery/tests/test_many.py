"""Many clips, on workers that are killed at random."""

from __future__ import annotations

import importlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import viseme
from celery.result import AsyncResult
from pipeline import Pipeline, children

from helpers import Program, wait_until

CLIPS = int(os.environ.get("CELERY_CLIPS", "50"))
KILLS = int(os.environ.get("CELERY_KILLS", "8"))
SEED = int(os.environ.get("CELERY_SEED", str(random.randrange(10**6))))  # noqa: S311

ABOUT_A_SECOND = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "800ms"}]}]}
# Kills meet submits that the service has accepted, and some that it will never accept.
SLOW_SUBMITS = [
    {"at": "submit", "every": 4, "do": {"slow_accept": "600ms"}},
    {"at": "submit", "do": {"delay": "600ms"}},
]
Make = Callable[..., Pipeline]


def check(pipeline: Pipeline, names: list[str]) -> None:
    charged = Counter(job["input"]["audio"] for job in pipeline.world.jobs())
    assert charged == Counter(f"https://media.example/{name}.mp3" for name in names)
    ledger = pipeline.world.ledger()
    assert len(ledger["charges"]) == len(names)
    assert (ledger["orphaned"], ledger["duplicates"]) == (0, 0)
    for name in names:
        assert pipeline.output(name).stat().st_size > 0


def kill_something(
    pipeline: Pipeline, recipe: str, workers: list[Program], chance: random.Random
) -> None:
    """Kill a worker with all its processes and start another, or kill one of its processes."""
    place = chance.randrange(len(workers))
    processes = children(workers[place])
    if processes and chance.random() < 0.5:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(processes), signal.SIGKILL)
    else:
        workers[place].kill()
        workers[place] = start(pipeline, recipe)


def start(pipeline: Pipeline, recipe: str) -> Program:
    # After less time, a slow machine gets tasks again that it still runs, which makes it slower.
    return pipeline.start_worker(recipe, concurrency=3, visibility_timeout=15)


def give_up_what_was_never_accepted(pipeline: Pipeline, submits: dict[str, Any]) -> int:
    """Give up keys as a person would who looked: their task waits, and the service has no job."""
    audios = {job["input"]["audio"] for job in pipeline.world.jobs()}
    given_up = 0
    with viseme.Client(**pipeline.world.settings, ledger=pipeline.ledger) as client:
        for it in client.ledger.submits(state="sent"):
            waits = submits[it.key].state == "RETRY"
            if waits and f"https://media.example/{it.key}.mp3" not in audios:
                client.ledger.give_up(it.key)
                given_up += 1
    return given_up


@pytest.mark.parametrize("recipe", ["clips", "naive"])
def test_random_kills_of_two_workers(make_pipeline: Make, recipe: str) -> None:
    chance = random.Random(SEED)  # noqa: S311
    pipeline = make_pipeline(**ABOUT_A_SECOND, faults=SLOW_SUBMITS)
    names = [f"clip-{number}" for number in range(CLIPS)]
    tasks: dict[str, AsyncResult[Any]] = {name: pipeline.send(recipe, name) for name in names}
    workers = [start(pipeline, recipe), start(pipeline, recipe)]
    wait_until(pipeline.charges, "the first clip")
    for _ in range(KILLS):
        kill_something(pipeline, recipe, workers, chance)
        time.sleep(chance.uniform(0.2, 1.5))

    submits = {name: task.parent for name, task in tasks.items()}
    given_up = 0

    def all_done() -> bool:
        nonlocal given_up
        if recipe == "clips":
            given_up += give_up_what_was_never_accepted(pipeline, submits)
        return all(task.ready() for task in tasks.values())

    wait_until(all_done, "all clips", timeout=600, pause=1)
    print(f"{recipe}: CELERY_SEED={SEED}, {CLIPS} clips, {KILLS} kills,")
    print(f"{pipeline.charges()} charges, {given_up} keys given up")
    assert all(task.successful() for task in tasks.values())
    if recipe == "clips":
        check(pipeline, names)
    else:
        assert pipeline.charges() > CLIPS


def test_a_chord_of_clips_ends_with_all_paths_after_a_kill(
    make_pipeline: Make, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPS_REDIS", redis_url)
    clips = importlib.import_module("clips")
    no_answer = {"at": "submit", "nth": 2, "when": "after_accept", "do": "silence"}
    pipeline = make_pipeline(**ABOUT_A_SECOND, faults=[no_answer])
    worker = pipeline.start_worker("clips", concurrency=2)
    names = [f"clip-{number}" for number in range(6)]
    rows = [
        {
            "clip_id": name,
            "audio": f"https://media.example/{name}.mp3",
            "video": "https://media.example/face.mp4",
            "path": str(pipeline.output(name)),
        }
        for name in names
    ]
    joined = clips.lip_sync_all(rows, pipeline.app.signature("tests.join")).delay()
    wait_until(lambda: pipeline.charges() >= 2, "the second POST")
    for child in children(worker):
        os.kill(child, signal.SIGKILL)
    assert pipeline.result(joined) == sorted(row["path"] for row in rows)
    check(pipeline, names)


def test_a_clip_that_is_sent_twice_is_paid_for_once(make_pipeline: Make) -> None:
    pipeline = make_pipeline(**ABOUT_A_SECOND)
    tasks = [pipeline.send("clips") for _ in range(4)]
    pipeline.start_worker("clips", concurrency=4)
    for task in tasks:
        pipeline.result(task)
    check(pipeline, ["clip-1"])


def test_the_recipe_runs_as_it_is(make_pipeline: Make, samples: Path) -> None:
    pipeline = make_pipeline(**ABOUT_A_SECOND)
    pipeline.start_worker("clips", app="clips")
    media = (str(samples / "voice.mp3"), str(samples / "face.mp4"))
    submit = pipeline.app.signature("clips.submit", args=("clip-1", *media))
    fetch = pipeline.app.signature("clips.fetch", args=(str(pipeline.output()),))
    assert pipeline.result((submit | fetch).delay()) == str(pipeline.output())
    assert pipeline.output().read_bytes()[4:8] == b"ftyp"
    assert pipeline.charges() == 1
