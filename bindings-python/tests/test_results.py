"""Results as plain data, and values of numpy and pandas as parameters."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import pickle
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import viseme
from conftest import QUICK, SAMPLES, settings
from viseme_mock import MockServer, World

AUDIO = "https://media.example/voice.mp3"
VIDEO = "https://media.example/face.mp4"


@pytest.fixture
def prediction(quick: World, remote: viseme.AudioToVideo) -> viseme.Prediction:
    return viseme.Client(**settings(quick)).run(remote)


def test_a_prediction_survives_json_pickle_and_copies(
    prediction: viseme.Prediction, tmp_path: Path
) -> None:
    data = json.loads(prediction.to_json())
    assert data == prediction.to_dict()
    for again in (
        viseme.Prediction.from_dict(data),
        pickle.loads(pickle.dumps(prediction)),
        copy.copy(prediction),
        copy.deepcopy(prediction),
    ):
        assert again == prediction
        assert again.save(tmp_path / "again.mp4").bytes > 0
    later = viseme.Prediction.from_dict({**data, "a_field_of_a_later_version": 1})
    assert later == prediction
    with pytest.raises(ValueError, match="must have the text 'id'"):
        viseme.Prediction.from_dict({"status": "completed"})


def test_a_prediction_is_a_plain_dataclass(prediction: viseme.Prediction) -> None:
    data = dataclasses.asdict(prediction)
    assert data["id"] == prediction.id
    assert data["outputs"] == prediction.outputs
    assert not any(name.startswith("_") for name in data)


def test_a_prediction_has_a_short_repr_and_a_flat_row(prediction: viseme.Prediction) -> None:
    assert repr(prediction) == (
        f"Prediction(id='{prediction.id}', status='completed', model='{prediction.model}', "
        f"output_url='{prediction.output_url}')"
    )
    long = dataclasses.replace(prediction, output_urls=("https://a.example/" + "x" * 5000,))
    assert len(repr(long)) < 500
    row = prediction.as_row()
    assert row["output_url"] == prediction.output_url
    table = pd.DataFrame([row])
    assert list(table.columns) == list(row)


def test_errors_and_results_of_many_runs_are_plain_data(quick: World) -> None:
    client = viseme.Client(**settings(quick))
    given = [{"audio": AUDIO, "video": VIDEO}, {"audio": "nothing.mp3", "video": VIDEO}]
    results = sorted(client.run_many(given), key=lambda result: result.index)
    rows = pd.DataFrame(result.as_row() for result in results)
    assert rows["ok"].tolist() == [True, False]
    assert rows["error_code"].tolist()[1] == "invalid_input"
    failed = results[1].error
    assert failed is not None
    data = json.loads(json.dumps(failed.to_dict()))
    assert data["type"] == "InputError"
    assert data["code"] == "invalid_input"
    assert data["violations"][0]["field"] == "audio"
    text = json.dumps([result.to_dict() for result in results])
    assert json.loads(text)[0]["prediction"]["status"] == "completed"


def give_three_outputs(world: World) -> None:
    """Make all jobs of a world have a video, a text and JSON with a video."""
    url = viseme.Client(**settings(world)).upload(SAMPLES / "face.mp4")
    outputs = [url, "words", {"file": {"url": url}}]
    fault = {"at": "poll", "do": {"merge": {"data": {"outputs": outputs}}}}
    world.script({**QUICK, "faults": [fault]})


def test_all_outputs_are_downloaded(
    make_world: Callable[..., World], remote: viseme.AudioToVideo, tmp_path: Path
) -> None:
    world = make_world(**QUICK)
    give_three_outputs(world)
    prediction = viseme.Client(**settings(world)).run(remote)
    assert [output.url is None for output in prediction.outputs] == [False, True, False]
    assert prediction.outputs[2].url == prediction.output_url
    files = prediction.download_outputs(tmp_path / "clip.mp4")
    assert [file.path.name for file in files] == ["clip.mp4", "clip-2.txt", "clip-3.mp4"]
    assert files[1].path.read_text() == "words"
    assert all(file.bytes == file.path.stat().st_size > 0 for file in files)
    empty = viseme.Prediction.from_dict({"id": "x", "status": "completed"})
    with pytest.raises(viseme.DownloadError, match="no output") as caught:
        empty.download_outputs(tmp_path)
    assert caught.value.job_id == "x"
    with pytest.raises(viseme.DownloadError, match=r"saved before: .*more\.txt"):
        dataclasses.replace(
            prediction,
            outputs=(prediction.outputs[1], prediction.outputs[0]),
        ).download_outputs(tmp_path / "more.txt", max_bytes=10)


async def test_all_outputs_are_downloaded_by_the_async_client(
    make_world: Callable[..., World], remote: viseme.AudioToVideo, tmp_path: Path
) -> None:
    world = make_world(**QUICK)
    give_three_outputs(world)
    async with viseme.AsyncClient(**settings(world)) as client:
        files = await (await client.run(remote)).download_outputs(tmp_path)
    assert len({file.path for file in files}) == 3


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(3), 3),
        (np.float32(0.8), 0.8),
        (np.float64(1.5), 1.5),
        (np.bool_(True), True),
        (np.str_("zh"), "zh"),
        (np.array([1, 2]), [1, 2]),
        (np.array(7), 7),
        ([np.int64(1), {"a": np.float32(0.1)}], [1, {"a": 0.1}]),
        (pd.Series([1.5, 2.5]), [1.5, 2.5]),
    ],
)
def test_values_of_numpy_and_pandas_are_parameters(
    quick: World, value: object, plain: object
) -> None:
    client = viseme.Client(**settings(quick))
    client.run("some/model", {"value": value})
    [submit] = [it for it in quick.journal() if it["kind"] == "submit"]
    assert submit["body"]["value"] == plain


@pytest.mark.parametrize("empty", [float("nan"), np.float32("nan"), pd.NA, pd.NaT])
def test_an_empty_cell_is_named_with_its_row(quick: World, empty: object) -> None:
    client = viseme.Client(**settings(quick))
    with pytest.raises(viseme.InputError, match=r"^`audio` is an empty cell \("):
        client.run({"audio": empty, "video": VIDEO})
    rows: list[Any] = [{"audio": AUDIO, "video": VIDEO}, {"audio": empty, "video": VIDEO}]
    results = sorted(client.run_many(rows), key=lambda result: result.index)
    assert results[0].ok
    error = results[1].error
    assert isinstance(error, viseme.InputError)
    assert error.message.startswith("Input 1 (counted from 0): `audio` is an empty cell (")
    assert len(quick.ledger()["charges"]) == 1


def test_rows_of_a_table_are_inputs(quick: World) -> None:
    client = viseme.Client(**settings(quick))
    table = pd.DataFrame({"audio": [AUDIO] * 2, "video": [VIDEO] * 2})
    assert client.run(table.iloc[0]).status == "completed"
    assert client.run(viseme.AudioToVideo.MODEL, table.iloc[0]).status == "completed"
    assert [result.ok for result in client.run_many(row for _, row in table.iterrows())] == [
        True
    ] * 2
    assert [result.ok for result in client.run_many(table)] == [True] * 2
    other = [{"model": "some/model", "seed": 1}, ("some/model", {"seed": 2})]
    assert [result.ok for result in client.run_many(other)] == [True] * 2
    submits = [it for it in quick.journal() if it["kind"] == "submit"]
    assert [it["body"].get("seed") for it in submits[-2:]] in ([1, 2], [2, 1])


def test_one_input_is_no_list_of_inputs(quick: World) -> None:
    client = viseme.Client(**settings(quick))
    for inputs in ("voice.mp3", b"voice", {"audio": AUDIO, "video": VIDEO}, 3, None):
        with pytest.raises(viseme.InputError, match=r"`inputs` must be an iterable of inputs"):
            client.run_many(inputs)  # type: ignore[arg-type]
    assert quick.journal() == []


def test_numpy_and_pandas_are_not_imported() -> None:
    code = "import sys, viseme; sys.exit(bool({'numpy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_mock_server_ends_with_a_process_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "from viseme_mock import MockServer\n"
        "server = MockServer(program=sys.argv[2]).start(); print(server.url, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = SAMPLES.parent
    server = os.environ.get("VISEME_MOCK_PROGRAM", root / "target" / "debug" / "viseme-mock")
    mock = root / "bindings-python" / "mock" / "python"
    done = subprocess.run(
        [sys.executable, "-c", code, mock, server], stdout=subprocess.PIPE, text=True, check=False
    )
    url = done.stdout.strip()
    assert url.startswith("http://127.0.0.1:")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310
        except urllib.error.HTTPError:
            time.sleep(0.05)
        except OSError:
            return
    pytest.fail("the server still runs")


def test_a_scenario_is_a_dict_too_and_a_wrong_one_says_why(
    server: MockServer, quick: World
) -> None:
    with pytest.raises(ValueError, match=r"fault` is unknown.*did you mean `faults`"):
        server.new_world(scenario={"fault": []})
    with pytest.raises(ValueError, match="`job` is unknown"):
        quick.script({"job": []})
    program = os.environ.get(
        "VISEME_MOCK_PROGRAM", SAMPLES.parent / "target" / "debug" / "viseme-mock"
    )
    with viseme.mock(program=program, scenario={"balance_usd": 0}) as poor:
        assert viseme.Client(**poor.settings).balance() == 0
