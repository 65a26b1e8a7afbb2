"""The ledger: submits with a key."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import viseme
from conftest import QUICK, ROOT, SAMPLES, settings
from helpers import program, run
from viseme_mock import World

LOST = {"at": "submit", "nth": 1, "when": "after_accept", "do": "reset"}
NEVER_SENT = {"at": "submit", "nth": 1, "do": "reset"}
Call = Callable[[viseme.Client, viseme.AudioToVideo], object]


def charges(world: World) -> int:
    return len(world.ledger()["charges"])


def posts(world: World) -> int:
    return sum(it["kind"] == "submit" for it in world.journal())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def open_key(make_world: Callable[..., World], path: Path) -> tuple[World, viseme.Client]:
    """Return a client whose key ``a`` has a submit with an unknown outcome."""
    world = make_world(**QUICK, faults=[NEVER_SENT])
    return world, viseme.Client(**settings(world, ledger=path, recovery_window=0.2))


@pytest.mark.parametrize("kind", [Path, str])
def test_a_key_is_charged_once_in_one_client_and_in_the_next(
    quick: World, remote: viseme.AudioToVideo, path: Path, kind: type
) -> None:
    client = viseme.Client(**settings(quick, ledger=kind(path)))
    first = client.run(remote, key="row-17")
    assert client.run(remote, key="row-17").id == first.id
    with viseme.Client(**settings(quick, ledger=kind(path))) as another:
        job = another.submit(remote, key="row-17")
        assert job.id == first.id
        assert job.wait().output_url == first.output_url
    assert (charges(quick), posts(quick)) == (1, 1)
    assert client.run(remote, key="row-18").id != first.id


async def test_a_key_is_charged_once_by_the_async_client(
    quick: World, remote: viseme.AudioToVideo, path: Path
) -> None:
    async with viseme.AsyncClient(**settings(quick, ledger=path)) as client:
        first = await client.run(remote, key="row-17")
        assert (await client.submit(remote, key="row-17")).id == first.id
        (submit,) = await client.ledger.submits()
        assert (submit.key, submit.state, submit.job_id) == ("row-17", "completed", first.id)
        with pytest.raises(viseme.LedgerError, match="row-17"):
            await client.ledger.give_up("row-17")
        with pytest.raises(viseme.LedgerError, match="row-17"):
            await client.ledger.adopt("row-17", "another")
    assert charges(quick) == 1


def test_a_process_that_was_killed_is_not_charged_for_again(
    make_world: Callable[..., World], remote: viseme.AudioToVideo, path: Path
) -> None:
    silent = {"at": "submit", "nth": 1, "when": "after_accept", "do": "silence"}
    world = make_world(**QUICK, faults=[silent])
    code = """
    def on_progress(event):
        if event.event == "submitting":
            print("submitting", flush=True)
    viseme.Client(**SETTINGS).run(GIVEN, key="a", on_progress=on_progress)
    """
    given = settings(world, ledger=str(path))
    with program(code, given) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "submitting\n"
        while not charges(world):
            assert process.poll() is None
        process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait(60)
    code = "print(viseme.Client(**SETTINGS).run(GIVEN, key='a').recovered)"
    assert run(code, given)[0] == "input\n"
    assert (charges(world), posts(world)) == (1, 1)


def test_a_failed_job_is_submitted_again_only_with_retry_failed(
    make_world: Callable[..., World], remote: viseme.AudioToVideo, path: Path
) -> None:
    failed = {"match": {"nth": 1}, "timeline": [{"failed": "0s"}]}
    world = make_world(jobs=[failed, *QUICK["jobs"]])
    client = viseme.Client(**settings(world, ledger=path))
    for options in ({}, {"retry_failed": False}):
        with pytest.raises(viseme.JobFailedError):
            client.run(remote, key="a", **options)
    assert charges(world) == 1
    assert client.run(remote, key="a", retry_failed=True).status == "completed"
    assert charges(world) == 2


def test_another_input_under_a_used_key_is_an_input_error(
    quick: World, remote: viseme.AudioToVideo, path: Path
) -> None:
    client = viseme.Client(**settings(quick, ledger=path))
    client.submit(remote, key="a")
    other = viseme.AudioToVideo(audio="https://media.example/other.mp3", video=remote.video)
    with pytest.raises(viseme.InputError, match="The key `a` was used with another input"):
        client.submit(other, key="a")
    assert posts(quick) == 1


def test_a_lost_answer_is_recovered_and_recorded(
    make_world: Callable[..., World], remote: viseme.AudioToVideo, path: Path
) -> None:
    world = make_world(**QUICK, faults=[LOST])
    client = viseme.Client(**settings(world, ledger=path))
    prediction = client.run(remote, key="a")
    assert prediction.recovered == "input"
    assert client.run(remote, key="a").id == prediction.id
    assert (charges(world), posts(world)) == (1, 1)


def test_an_open_key_is_listed_and_submits_again_after_it_was_given_up(
    make_world: Callable[..., World], remote: viseme.AudioToVideo, path: Path
) -> None:
    world, client = open_key(make_world, path)
    for _ in range(2):
        with pytest.raises(viseme.SubmissionUnknownError, match=r"The key `a` .*give up the key"):
            client.run(remote, key="a")
    (submit,) = client.ledger.submits(state="sent")
    assert (submit.key, submit.job_id, submit.price) == ("a", None, None)
    assert submit.record.input["audio"] == remote.audio
    client.ledger.give_up("a")
    assert client.ledger.submits(state="sent") == []
    assert "given up by the user" in str(client.ledger.submits()[0].reason)
    client.run(remote, key="a")
    assert (charges(world), posts(world)) == (1, 2)


def test_an_adopted_job_is_that_of_the_key(
    make_world: Callable[..., World], remote: viseme.AudioToVideo, path: Path
) -> None:
    world, client = open_key(make_world, path)
    with pytest.raises(viseme.SubmissionUnknownError):
        client.run(remote, key="a")
    found = client.submit(remote)
    client.ledger.adopt("a", found.id)
    assert client.run(remote, key="a").id == found.id
    assert (charges(world), posts(world)) == (1, 2)


def test_a_new_api_key_needs_to_replace_that_of_the_ledger(
    quick: World, remote: viseme.AudioToVideo, path: Path
) -> None:
    viseme.Client(**settings(quick, ledger=path)).submit(remote, key="a")
    client = viseme.Client(**settings(quick, ledger=path, api_key="another-key"))
    with pytest.raises(viseme.LedgerError, match="replace_api_key"):
        client.submit(remote, key="b")
    client.ledger.replace_api_key()
    client.set_api_key(quick.key)
    with pytest.raises(viseme.LedgerError, match="replace_api_key"):
        client.submit(remote, key="b")
    client.ledger.replace_api_key()
    assert client.submit(remote, key="b").id
    assert charges(quick) == 2


@pytest.mark.parametrize(
    "call",
    [
        lambda c, given: c.run(given, key="a"),
        lambda c, given: c.submit(given, key="a"),
        lambda c, _: c.ledger.submits(),
        lambda c, _: c.ledger.give_up("a"),
        lambda c, _: c.ledger.adopt("a", "job"),
        lambda c, _: c.ledger.replace_api_key(),
    ],
)
def test_without_a_ledger_a_key_is_a_config_error(
    quick: World, remote: viseme.AudioToVideo, call: Call
) -> None:
    with pytest.raises(viseme.ConfigError, match="Set `ledger` when you create the client"):
        call(viseme.Client(**settings(quick)), remote)
    assert posts(quick) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c, given: c.run(given, key=17), "`key` must be text, got 17."),
        (lambda c, given: c.submit(given, key=""), "`key` must be text of 1 to 512 bytes"),
        (
            lambda c, given: c.run(given, key="a", retry_failed=1),
            "`retry_failed` must be True or False, got 1.",
        ),
        (lambda c, given: c.submit(given, retry_failed=True), "`retry_failed` needs `key`"),
        (lambda c, _: c.ledger.give_up(17), "`key` must be text, got 17."),
        (lambda c, _: c.ledger.adopt("a", 17), "`job_id` must be text, got 17."),
        (
            lambda c, _: c.ledger.submits(state="open"),
            "`state` must be one of 'sent', 'accepted', 'completed', 'ended', 'refused', "
            "got 'open'.",
        ),
    ],
)
def test_an_invalid_argument_about_keys_is_an_input_error(
    quick: World, remote: viseme.AudioToVideo, path: Path, call: Call, message: str
) -> None:
    with pytest.raises(viseme.InputError, match=re.escape(message)):
        call(viseme.Client(**settings(quick, ledger=path)), remote)
    assert posts(quick) == 0


@pytest.mark.parametrize("name", ["key", "retry_failed"])
def test_many_runs_have_no_common_key(quick: World, path: Path, name: str) -> None:
    given: Any = settings(quick, ledger=path)
    for client in (viseme.Client(**given), viseme.AsyncClient(**given)):
        with pytest.raises(TypeError, match=r"A key belongs to one input: pass it to run\(\)"):
            client.run_many([], **{name: "a"})


def test_a_file_that_cannot_be_a_ledger_is_named_with_the_parameter(
    quick: World, tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to have a header of 100 bytes. " * 40)
    for wrong in (text, tmp_path, tmp_path / "missing" / "ledger.db"):
        with pytest.raises(viseme.LedgerError) as caught:
            viseme.Client(**settings(quick, ledger=wrong))
        assert str(caught.value).startswith("Invalid value for `ledger`: ")
        assert os.fspath(wrong) in str(caught.value)
    with pytest.raises(viseme.ConfigError, match="`ledger` must be a path or a URL, got a int"):
        viseme.Client(**settings(quick, ledger=3))
    unused = tmp_path / "unused.db"
    with pytest.raises(viseme.ConfigError):
        viseme.Client(**settings(quick, ledger=unused, base_url="no URL"))
    assert not unused.exists()


def test_the_examples_of_the_guide_run_and_are_charged_once(quick: World, tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "ledger.md").read_text()
    examples = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    assert len(examples) == 2
    for name in ("voice.mp3", "face.mp4"):
        shutil.copy(SAMPLES / name, tmp_path)
    variables = {"WAVESPEED_BASE_URL": quick.url, "WAVESPEED_API_KEY": quick.key}
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", "".join(examples)],
            cwd=tmp_path,
            env={**os.environ, **variables},
            check=True,
            timeout=60,
        )
    assert (charges(quick), (tmp_path / "ledger.db").exists()) == (1, True)


def test_the_url_of_a_database_is_checked_and_its_password_is_not_shown(quick: World) -> None:
    with pytest.raises(viseme.LedgerError, match="The URL of the ledger is not valid") as caught:
        viseme.Client(**settings(quick, ledger="postgres://viseme:s3cret@host:port/clips"))
    assert "s3cret" not in str(caught.value)
    with pytest.raises(viseme.ConfigError, match="`ledger` must be a path or a URL, got a list"):
        viseme.Client(**settings(quick, ledger=["postgres://viseme:s3cret@host/clips"]))
    # Nothing connects before a key is used.
    database = "postgres://viseme:s3cret@127.0.0.1:1/clips"
    client = viseme.Client(**settings(quick, ledger=database))
    assert "s3cret" not in repr(client)
    client.run(viseme.AudioToVideo(audio=SAMPLES / "voice.mp3", video=SAMPLES / "face.mp4"))
