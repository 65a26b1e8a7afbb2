"""Charges for a clip in a Dagster job, with the recipe and with a plain POST."""

from __future__ import annotations

import json
import os
import signal

import pytest
from clip import LOST, SILENCE, SLOW, SOON, Clip, Make, processes

from helpers import Program, wait_until

RECIPES = {"dagster_job": 1, "naive_dagster": 2}

# The daemon runs a failed run again.
INSTANCE = """
telemetry: {enabled: false}
run_retries: {enabled: true}
"""


def prepare(clip: Clip) -> None:
    """Write the settings of Dagster, and the configuration of a run."""
    home = clip.folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(INSTANCE)
    clip.environment["DAGSTER_HOME"] = str(home)
    config = {"ops": {"lip_sync": {"config": clip.arguments}}}
    (clip.folder / "run.json").write_text(json.dumps(config))


def job(clip: Clip, verb: str, recipe: str) -> Program:
    words = ["dagster", "job", verb, "-m", recipe, "-j", "clip", "-c", "run.json"]
    return clip.start(clip.python, "-m", *words)


def kill_step(daemon: Program) -> None:
    """Kill the process of a step, which is a child of the process of its run."""
    spawned = [it for it in processes(daemon) if "spawn_main" in it.command]
    parents = {it.pid for it in spawned}
    (step,) = [it.pid for it in spawned if it.parent in parents]
    os.kill(step, signal.SIGKILL)


@pytest.mark.parametrize(("recipe", "charges"), RECIPES.items())
def test_the_response_of_an_accepted_post_is_lost(
    make_clip: Make, recipe: str, charges: int
) -> None:
    clip = make_clip(**SOON, faults=[LOST])
    prepare(clip)
    clip.finish(job(clip, "execute", recipe))
    clip.check(charges)


def test_the_process_of_a_step_is_killed_after_the_post(make_clip: Make) -> None:
    # Both at once, because the daemon looks for failed runs only every 30 seconds.
    clips = {recipe: make_clip(**SOON, faults=[SILENCE]) for recipe in RECIPES}
    daemons = {}
    for recipe, clip in clips.items():
        prepare(clip)
        clip.finish(job(clip, "launch", recipe))
        daemons[recipe] = clip.start(clip.program("dagster-daemon"), "run", "-m", recipe)
    for recipe, clip in clips.items():
        wait_until(clip.charges, "the POST", timeout=SLOW)
        kill_step(daemons[recipe])
    wait_until(clips["dagster_job"].output.exists, "the output", timeout=SLOW)
    wait_until(lambda: clips["naive_dagster"].charges() >= 2, "the second POST", timeout=SLOW)
    for recipe, charges in RECIPES.items():
        clips[recipe].check(charges)
