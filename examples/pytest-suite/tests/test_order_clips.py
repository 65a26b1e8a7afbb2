"""Each test has its own world of the mock server: its own jobs, faults, journal and charges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import viseme
from order_clips import ClipFailedError, make_clip
from viseme_mock import World

SAMPLES = Path(__file__).parents[3] / "samples"
VOICE, FACE = SAMPLES / "voice.mp3", SAMPLES / "face.mp4"

# Jobs that complete after two polls, in place of some seconds.
QUICK = {"jobs": [{"timeline": {"after_polls": 2, "ends": "completed"}}]}


@pytest.fixture
def world(viseme_mock: World) -> World:
    """A world whose jobs end soon."""
    viseme_mock.script(QUICK)
    return viseme_mock


@pytest.fixture
def client(world: World, tmp_path: Path) -> Iterator[viseme.Client]:
    """A client of the world, with a ledger of its own."""
    with viseme.Client(**world.settings, ledger=tmp_path / "ledger.db") as client:
        yield client


def submits(world: World) -> int:
    """Return how many requests to submit a job there were."""
    return sum(exchange["kind"] == "submit" for exchange in world.journal())


def test_a_clip_is_saved_and_paid_for_once(
    client: viseme.Client, world: World, tmp_path: Path
) -> None:
    path = make_clip(client, "order-1", VOICE, FACE, tmp_path)
    assert path.stat().st_size > 0
    # The job got the files that were uploaded for it.
    (job,) = world.jobs()
    assert job["input"]["audio"].endswith(".mp3")
    assert len(world.ledger()["charges"]) == 1


def test_the_same_order_is_not_paid_for_again(
    client: viseme.Client, world: World, tmp_path: Path
) -> None:
    for _ in range(2):
        make_clip(client, "order-1", VOICE, FACE, tmp_path)
    assert len(world.ledger()["charges"]) == 1


def test_a_lost_response_costs_nothing(client: viseme.Client, world: World, tmp_path: Path) -> None:
    # The service accepts the submit, but the connection breaks before its response.
    fault = {"at": "submit", "nth": 1, "when": "after_accept", "do": "reset"}
    world.script({**QUICK, "faults": [fault]})
    make_clip(client, "order-1", VOICE, FACE, tmp_path)
    ledger = world.ledger()
    assert (len(ledger["charges"]), ledger["duplicates"], ledger["orphaned"]) == (1, 0, 0)


def test_a_busy_service_is_asked_again(client: viseme.Client, world: World, tmp_path: Path) -> None:
    fault = {"at": "submit", "nth": 1, "do": {"status": 429, "retry_after": "1s"}}
    world.script({**QUICK, "faults": [fault]})
    make_clip(client, "order-1", VOICE, FACE, tmp_path)
    assert submits(world) == 2
    assert len(world.ledger()["charges"]) == 1


def test_a_failed_job_has_a_message_for_the_customer(
    client: viseme.Client, world: World, tmp_path: Path
) -> None:
    failure = {"timeline": {"after_polls": 1, "ends": "failed"}, "code": 1200, "error": "Refused."}
    world.script({"jobs": [failure]})
    with pytest.raises(ClipFailedError, match="You have not been charged"):
        make_clip(client, "order-1", VOICE, FACE, tmp_path)


def test_without_credits_nothing_is_charged(
    client: viseme.Client, world: World, tmp_path: Path
) -> None:
    world.script({"balance_usd": 0})
    with pytest.raises(ClipFailedError, match="at the moment"):
        make_clip(client, "order-1", VOICE, FACE, tmp_path)
    assert world.ledger()["charges"] == []


def test_unusable_files_are_never_sent(client: viseme.Client, world: World, tmp_path: Path) -> None:
    text = tmp_path / "voice.mp3"
    text.write_text("This is no audio.")
    with pytest.raises(ClipFailedError, match="Please send other files"):
        make_clip(client, "order-1", text, FACE, tmp_path)
    assert world.journal() == []
