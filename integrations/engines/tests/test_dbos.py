"""Charges for a clip in a DBOS workflow, with the recipe and with a plain POST."""

from __future__ import annotations

import pytest
from clip import LOST, SILENCE, SLOW, SOON, Clip, Make

from helpers import Program, wait_until

both = pytest.mark.parametrize(("recipe", "charges"), [("dbos_workflow", 1), ("naive_dbos", 2)])

PROGRAM = """
import {recipe}
from dbos import DBOS, SetWorkflowID

DBOS(config={{"name": "clips", "system_database_url": "sqlite:///state.sqlite"}})
DBOS.launch()
{work}
DBOS.retrieve_workflow("run-1").get_result()
"""
SEND = """
with SetWorkflowID("run-1"):
    DBOS.start_workflow({recipe}.clip, **arguments)
"""


def send(clip: Clip, recipe: str) -> Program:
    return clip.run(PROGRAM.format(recipe=recipe, work=SEND.format(recipe=recipe)))


def recover(clip: Clip, recipe: str) -> Program:
    """Start a program that sends nothing: at its start, DBOS continues what was interrupted."""
    return clip.run(PROGRAM.format(recipe=recipe, work=""))


@both
def test_the_response_of_an_accepted_post_is_lost(
    make_clip: Make, recipe: str, charges: int
) -> None:
    clip = make_clip(**SOON, faults=[LOST])
    clip.finish(send(clip, recipe))
    clip.check(charges)


@both
def test_the_process_is_killed_after_the_post_and_started_again(
    make_clip: Make, recipe: str, charges: int
) -> None:
    clip = make_clip(**SOON, faults=[SILENCE])
    program = send(clip, recipe)
    wait_until(clip.charges, "the POST", timeout=SLOW)
    program.kill()
    clip.finish(recover(clip, recipe))
    clip.check(charges)
