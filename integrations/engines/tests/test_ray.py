"""Charges for a clip in a Ray task, with the recipe and with a plain POST."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping

import pytest
from clip import LOST, SILENCE, SLOW, SOON, Make, processes

from helpers import wait_until

both = pytest.mark.parametrize(("recipe", "charges"), [("ray_task", 1), ("naive_ray", 2)])

PROGRAM = """
import ray
import {recipe}

ray.init(num_cpus=1, include_dashboard=False)
ray.get({recipe}.lip_sync.remote(**arguments))
"""


@pytest.fixture
def settings() -> Iterator[Mapping[str, str]]:
    """The files of Ray are in a folder with a short name, because it has sockets there."""
    folder = tempfile.mkdtemp(prefix="ray-")
    yield {"RAY_TMPDIR": folder, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    shutil.rmtree(folder, ignore_errors=True)


@both
def test_the_response_of_an_accepted_post_is_lost(
    make_clip: Make, recipe: str, charges: int
) -> None:
    clip = make_clip(**SOON, faults=[LOST])
    clip.finish(clip.run(PROGRAM.format(recipe=recipe)))
    clip.check(charges)


@both
def test_the_worker_process_is_killed_after_the_post(
    make_clip: Make, recipe: str, charges: int
) -> None:
    clip = make_clip(**SOON, faults=[SILENCE])
    driver = clip.run(PROGRAM.format(recipe=recipe))
    wait_until(clip.charges, "the POST", timeout=SLOW)
    (worker,) = [it.pid for it in processes(driver) if it.command.startswith("ray::lip_sync")]
    os.kill(worker, signal.SIGKILL)
    clip.finish(driver)
    clip.check(charges)
