"""Batches: the rows of a table, each paid for once."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import viseme
from conftest import QUICK, SAMPLES, settings
from helpers import TIMEOUT, program, run
from viseme_mock import World

VIDEO = "https://media.example/face.mp4"
RESULT_COLUMNS = ["state", "job_id", "output", "price", "error_code", "error"]


def row(name: str) -> dict[str, Any]:
    return {"id": name, "audio": f"https://media.example/{name}.mp3", "video": VIDEO}


def charges(world: World) -> int:
    return len(world.ledger()["charges"])


def posts(world: World) -> int:
    return sum(it["kind"] == "submit" for it in world.journal())


@pytest.fixture
def client(quick: World) -> viseme.Client:
    return viseme.Client(**settings(quick))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "results"


def test_rows_run_once_and_the_same_call_pays_for_nothing_twice(
    quick: World, client: viseme.Client, out: Path
) -> None:
    rows = [row("a"), row("b"), row("c")]
    batch = client.batch(rows, out=out)
    assert batch.summary() == viseme.BatchSummary(3, {"planned": 3}, 0)
    assert batch.total is None
    ended = {item.id: item for item in batch}
    assert (batch.total, batch.stop_reason) == (3, None)
    assert set(ended) == {"a", "b", "c"}
    for item in ended.values():
        assert item.ok
        assert item.output is not None
        assert item.output.read_bytes()
        assert (item.job_id, item.error, item.sent_at) != (None, None, None)
    assert ended["b"].row == "row 1"
    assert [item.id for item in batch.items()] == ["a", "b", "c"]
    assert batch.summary().states == {"done": 3}
    assert str(batch.summary()).startswith("3 done")
    assert list(batch) == list(client.batch(iter(rows), out=str(out))) == []
    assert [item.id for item in client.batch([*rows, row("d")], out=out)] == ["d"]
    assert charges(quick) == posts(quick) == 4
    assert (out / "report.csv").exists()


def test_rows_come_from_a_csv_file_beside_their_media(
    quick: World, client: viseme.Client, tmp_path: Path
) -> None:
    for name in ("voice.mp3", "face.mp4"):
        (tmp_path / name).write_bytes((SAMPLES / name).read_bytes())
    manifest = tmp_path / "jobs.csv"
    manifest.write_text("id,video,audio\nintro,face.mp4,voice.mp3\n")
    batch = client.batch(manifest, out=tmp_path / "results")
    [item] = batch
    assert (item.id, item.row) == ("intro", "jobs.csv:2")
    assert item.outputs == (tmp_path / "results" / "intro.mp4",)
    assert batch.results() == [item.as_row()]
    assert charges(quick) == 1


def test_typed_inputs_and_paths_are_rows(
    quick: World, client: viseme.Client, lips: viseme.AudioToVideo, out: Path
) -> None:
    as_dict = {"id": "dict", "audio": viseme.Media(lips.audio), "video": Path(str(lips.video))}
    items = list(client.batch([lips, as_dict], out=out, repeat=True))
    assert [item.ok for item in items] == [True, True]
    assert charges(quick) == 2


@pytest.mark.parametrize("limit", [Decimal("0.15"), 0.15])
def test_the_limit_of_cost_ends_the_run_without_an_error(
    quick: World, client: viseme.Client, out: Path, limit: Any
) -> None:
    rows = [row(name) for name in "abcde"]
    price = client.model(viseme.AudioToVideo.MODEL).base_price
    assert price is not None
    limit = type(limit)(str(round(price * 2 + 0.000001, 6)))
    batch = client.batch(rows, out=out, max_cost=limit)
    assert [item.state for item in batch] == ["done", "done"]
    assert batch.stop_reason is not None
    assert batch.stop_reason.code == "cost_limit"
    assert "`max_cost`" in batch.stop_reason.message
    summary = batch.summary()
    assert summary.states == {"done": 2, "planned": 3}
    assert summary.spent == pytest.approx(price * 2)
    assert charges(quick) == 2
    more = client.batch(rows, out=out)
    assert len(list(more)) == 3
    assert more.stop_reason is None
    assert charges(quick) == 5


def test_an_error_of_the_account_is_raised_after_the_items(
    make_world: Callable[..., World], out: Path
) -> None:
    faults = [{"at": "submit", "nth": [2, 3], "do": {"status": 402}}]
    world = make_world(**QUICK, faults=faults)
    batch = viseme.Client(**settings(world)).batch([row("a"), row("b")], out=out, limit=1)
    ended: list[str] = []
    with pytest.raises(viseme.InsufficientCreditsError):
        ended.extend(item.id for item in batch)
    assert batch.stop_reason is not None
    assert batch.stop_reason.code == "insufficient_credits"
    assert [item.state for item in batch.items()] == ["done", "planned"]
    assert charges(world) == 1


def test_rows_that_are_not_valid_are_all_named_and_nothing_is_sent(
    quick: World, client: viseme.Client, out: Path
) -> None:
    rows: list[Any] = [row("a"), {**row("b"), "audoi": "x"}, row("a")]
    with pytest.raises(viseme.InputError) as caught:
        list(client.batch(rows, out=out))
    assert caught.value.code == "invalid_input"
    assert "row 1: `audoi` is not a parameter" in str(caught.value)
    assert "Did you mean `audio`" in str(caught.value)
    assert "row 2: The id `a` already stands at row 0." in str(caught.value)
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule, violation.level) == (
        "audoi",
        "unknown_field",
        "error",
    )
    assert violation.message.startswith("row 1: `audoi` is not a parameter")
    rows = [row("a"), {**row("b"), "audio": b"RIFF"}, "face.mp4", 7, {1: 2}]
    with pytest.raises(viseme.InputError) as caught:
        client.batch(rows, out=out)
    lines = str(caught.value).splitlines()
    assert len(lines) == 5
    assert lines[1].startswith("row 1: `audio` must be a path or a URL: save bytes to a file")
    assert lines[2].startswith("row 2: `row` must be a dict with the columns of the row")
    with pytest.raises(viseme.InputError, match="row 0"):
        client.batch(rows[2:], out=out)
    assert posts(quick) == 0
    assert not out.exists()


def test_all_that_is_wrong_with_a_header_is_named_at_once(
    quick: World, client: viseme.Client, tmp_path: Path, out: Path
) -> None:
    manifest = tmp_path / "jobs.csv"
    manifest.write_text("id,vidoe,note\na,face.mp4,x\nb,face.mp4,y\n")
    with pytest.raises(viseme.InputError) as caught:
        list(client.batch(manifest, out=out))
    assert [(it.field, it.rule) for it in caught.value.violations] == [
        ("vidoe", "unknown_field"),
        ("note", "unknown_field"),
        ("audio", "required"),
    ]
    assert all(it.message.startswith("jobs.csv:1: ") for it in caught.value.violations)
    assert len(caught.value.to_dict()["violations"]) == 3
    assert posts(quick) == 0


def test_a_manifest_without_rows_is_an_error_and_an_empty_list_is_none(
    client: viseme.Client, tmp_path: Path, out: Path
) -> None:
    manifest = tmp_path / "jobs.csv"
    manifest.write_text("id,video,audio\n")
    batch = client.batch(manifest, out=out)
    with pytest.raises(viseme.InputError, match="The manifest has no rows"):
        list(batch)
    with pytest.raises(viseme.InputError, match="The manifest has no rows"):
        batch.items()
    assert not out.exists()
    assert list(client.batch([], out=out)) == []


def test_a_row_that_the_model_refuses_does_not_stop_the_others(
    quick: World, client: viseme.Client, tmp_path: Path, out: Path
) -> None:
    text = tmp_path / "notes.mp3"
    text.write_text("not audio")
    items = {it.id: it for it in client.batch([{**row("a"), "audio": text}, row("b")], out=out)}
    assert (items["a"].state, items["b"].state) == ("refused", "done")
    assert items["a"].error
    assert not items["a"].ok
    assert charges(quick) == 1


def test_a_failed_row_is_submitted_again_as_often_as_allowed(
    make_world: Callable[..., World], out: Path
) -> None:
    failed = {"match": {"nth": 1}, "timeline": [{"failed": "0s"}]}
    world = make_world(jobs=[failed, *QUICK["jobs"]])
    client = viseme.Client(**settings(world))
    [item] = client.batch([row("a")], out=out)
    assert (item.state, item.error_code, item.failures) == ("failed", "job_failed", 1)
    assert [it.state for it in client.batch([row("a")], out=out, retry_failed=1)] == ["done"]
    assert charges(world) == 2


@pytest.mark.parametrize("has_id", [True, False])
def test_a_pandas_dataframe_comes_back_with_results(
    quick: World, client: viseme.Client, tmp_path: Path, out: Path, has_id: bool
) -> None:
    text = tmp_path / "notes.mp3"
    text.write_text("not audio")
    table = pd.DataFrame(
        [row("a"), {**row("b"), "audio": str(text)}, row("c"), row("d")], index=[7, 5, 3, 1]
    )
    table["out"] = ["x.mp4", np.nan, None, pd.NA]
    if not has_id:
        table = table.drop(columns="id")
    columns = list(table.columns)
    batch = client.batch(table, out=out)
    assert len(list(batch)) == 4
    results = batch.results()
    assert type(results) is pd.DataFrame
    assert list(table.columns) == columns
    expected = RESULT_COLUMNS if has_id else ["id", *RESULT_COLUMNS]
    assert list(results.columns) == [*columns, *expected]
    assert list(results.index) == [7, 5, 3, 1]
    assert list(results["state"]) == ["done", "refused", "done", "done"]
    assert Path(results["output"][7]) == out / "x.mp4"
    assert pd.isna(results["job_id"][5])
    assert results["error"][5]
    assert charges(quick) == 3


def test_a_polars_dataframe_comes_back_with_results(
    quick: World, client: viseme.Client, out: Path
) -> None:
    table = pl.DataFrame([row("a"), {**row("b"), "out": "x.mp4"}])
    batch = client.batch(table, out=out)
    assert len(list(batch)) == 2
    results = batch.results()
    assert isinstance(results, pl.DataFrame)
    assert results.columns == [*table.columns, *RESULT_COLUMNS]
    assert list(results["state"]) == ["done", "done"]
    assert results["error"].to_list() == [None, None]
    assert Path(results["output"][1]) == out / "x.mp4"
    assert charges(quick) == 2


def test_leaving_the_loop_stops_the_run_and_the_next_one_resumes_it(
    make_world: Callable[..., World], out: Path
) -> None:
    world = make_world(**QUICK)
    client = viseme.Client(**settings(world))
    rows = [row(str(number)) for number in range(12)]
    batch = client.batch(rows, out=out, limit=2)
    for item in batch:
        assert item.ok
        break
    paid = charges(world)
    assert paid < 12
    with client.batch(rows, out=out, limit=2) as again:
        run = iter(again)
        next(run)
    assert list(run) == []
    assert charges(world) < 12
    assert all(item.ok for item in batch)
    assert batch.summary().states == {"done": 12}
    assert charges(world) == posts(world) == 12


def test_a_folder_that_another_run_uses_is_refused(
    make_world: Callable[..., World], out: Path
) -> None:
    world = make_world(**QUICK)
    client = viseme.Client(**settings(world))
    first = iter(client.batch([row("a"), row("b")], out=out, limit=1))
    next(first)
    with pytest.raises(viseme.ConfigError, match=re.escape(str(out))):
        list(client.batch([row("a"), row("b")], out=out))
    assert len(list(first)) == 1
    assert charges(world) == 2


INTERRUPTED = """
rows = [{"id": str(n), "audio": f"https://a.example/{n}.mp3", "video": "https://a.example/v.mp4"}
        for n in range(3)]
client = viseme.Client(**SETTINGS["client"])
batch = client.batch(rows, out=SETTINGS["out"])
try:
    print("started", flush=True)
    list(batch)
except KeyboardInterrupt as error:
    assert batch.stop_reason.code == "interrupted", batch.stop_reason
    assert "the same call resumes it" in batch.stop_reason.message
    assert getattr(error, "__notes__", [batch.stop_reason.message]) == [batch.stop_reason.message]
    # The folder is free at once.
    [item.id for item in client.batch(rows[:0], out=SETTINGS["out"])]
    print(batch.summary(), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_stops_the_run_and_the_next_process_resumes_it(
    make_world: Callable[..., World], out: Path
) -> None:
    # Long enough for the interrupt, short enough for the test.
    world = make_world(jobs=[{"timeline": [{"processing": "0s"}, {"completed": "6s"}]}])
    given: dict[str, object] = {"client": settings(world), "out": str(out)}
    with program(INTERRUPTED, given) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        while charges(world) < 3:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=TIMEOUT)
    assert printed.startswith("3 submitted"), errors
    resume = """
    rows = [{"id": str(n), "audio": f"https://a.example/{n}.mp3",
             "video": "https://a.example/v.mp4"} for n in range(3)]
    batch = viseme.Client(**SETTINGS["client"]).batch(rows, out=SETTINGS["out"])
    print(sorted(item.state for item in batch))
    """
    assert run(resume, given)[0] == "['done', 'done', 'done']\n"
    assert charges(world) == posts(world) == 3


async def test_the_async_client_runs_batches(quick: World, out: Path) -> None:
    rows = [row(str(number)) for number in range(8)]
    async with viseme.AsyncClient(**settings(quick)) as client:
        batch = client.batch(rows, out=out, limit=2)
        assert (await batch.summary()).states == {"planned": 8}
        async with batch:
            async for item in batch:
                assert item.ok
                break
        assert charges(quick) < 8
        async for item in batch:
            assert item.ok
            break
        assert charges(quick) < 8
        assert all([item.ok async for item in batch])
        assert (await batch.summary()).states == {"done": 8}
        assert [item.id for item in await batch.items()] == [str(number) for number in range(8)]
        table = pd.DataFrame(rows)
        results = await client.batch(table, out=out).results()
        assert list(results["state"]) == ["done"] * 8
    assert charges(quick) == posts(quick) == 8


async def test_cancelling_a_task_stops_the_run_of_a_batch(endless: World, out: Path) -> None:
    async with viseme.AsyncClient(**settings(endless)) as client:
        batch = client.batch([row("a"), row("b")], out=out)

        async def consume() -> None:
            async for _ in batch:
                pass

        task = asyncio.create_task(consume())
        while charges(endless) < 2:  # noqa: ASYNC110 - the mock server is another process
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await batch.summary()).states == {"submitted": 2}
        assert [item async for item in client.batch([], out=out)] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_cost": "200"}, "`max_cost` must be a non-negative number of US dollars, got '200'."),
        ({"max_cost": -1}, "`max_cost` must be"),
        ({"max_cost": float("nan")}, "`max_cost` must be"),
        ({"limit": 0}, "`limit` must be a positive whole number, got 0."),
        ({"pilot": 1.5}, "`pilot` must be a non-negative whole number, got 1.5."),
        ({"retry_failed": True}, "`retry_failed` must be a non-negative whole number, got True."),
        (
            {"on_unknown": "retry"},
            "`on_unknown` must be 'keep', 'stop' or a time such as 'resubmit-after=24h', got "
            "'retry'.",
        ),
        ({"on_unknown": "resubmit-after=soon"}, "`on_unknown` must be"),
        ({"repeat": 1}, "`repeat` must be True or False, got 1."),
        ({"webhook": 1}, "`webhook` must be text, got 1."),
        ({"out": 3}, "`out` must be a path, got 3."),
        ({"progress": "yes"}, "`progress` must be True or False, got 'yes'."),
        ({"manifest": 3}, "`manifest` must be the path of a CSV or JSON Lines file or a folder"),
        ({"manifest": {"id": "a"}}, "`manifest` must be the path"),
    ],
)
def test_an_invalid_option_of_a_batch_is_an_input_error(
    quick: World, out: Path, options: dict[str, Any], message: str
) -> None:
    given: dict[str, Any] = {"manifest": [row("a")], "out": out, **options}
    for client in (viseme.Client(**settings(quick)), viseme.AsyncClient(**settings(quick))):
        with pytest.raises(viseme.InputError, match=re.escape(message)):
            client.batch(**given)
    assert not out.exists()


def test_an_unknown_option_of_a_batch_suggests_the_right_one(
    client: viseme.Client, out: Path
) -> None:
    with pytest.raises(TypeError, match="Did you mean 'max_cost'"):
        client.batch([], out=out, maxcost=3)  # type: ignore[call-arg]


@pytest.mark.parametrize("text", ["keep", "stop", "resubmit-after=24h", "resubmit-after=1h 30min"])
def test_every_form_of_on_unknown_is_accepted(client: viseme.Client, out: Path, text: str) -> None:
    assert list(client.batch([], out=out, on_unknown=text)) == []


def test_a_file_that_is_no_manifest_is_an_input_error(
    client: viseme.Client, tmp_path: Path, out: Path
) -> None:
    for name in ("missing.csv", "jobs.xlsx"):
        with pytest.raises(viseme.InputError, match=re.escape(name)):
            list(client.batch(tmp_path / name, out=out))


def test_a_folder_of_another_account_is_a_ledger_error(
    quick: World, client: viseme.Client, out: Path
) -> None:
    list(client.batch([row("a")], out=out))
    other = viseme.Client(**settings(quick, api_key="another-key"))
    with pytest.raises(viseme.LedgerError):
        list(other.batch([row("a"), row("b")], out=out))
    assert charges(quick) == 1


def test_a_progress_bar_counts_the_rows(
    client: viseme.Client, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    list(client.batch([row("a"), row("b")], out=out, progress=True))
    assert "2/2" in capsys.readouterr().err
