"""The public surface: both clients, every error, pickles and notebooks."""

from __future__ import annotations

import builtins
import copy
import inspect
import json
import pickle
import pydoc
import re
import subprocess
import sys
from typing import Any

import pytest
import viseme
import yaml
from conftest import ROOT, settings
from viseme import _errors
from viseme_mock import World

TABLE = yaml.safe_load((ROOT / "conformance" / "errors.yaml").read_text())
CLASSES = {entry["name"]: entry for entry in TABLE["classes"]}
# The names of asyncio where the blocking client has those of the language.
TWINS = {"close": "aclose", "__enter__": "__aenter__", "__exit__": "__aexit__"}
TWINS |= {"__iter__": "__aiter__", "__next__": "__anext__"}


def own(kind: type) -> dict[str, Any]:
    special = set(TWINS) | set(TWINS.values())
    members = inspect.getmembers(kind, callable)
    return {name: one for name, one in members if not name.startswith("_") or name in special}


@pytest.mark.parametrize(
    ("blocking", "twin"),
    [
        (viseme.Client, viseme.AsyncClient),
        (viseme.Batch, viseme.AsyncBatch),
        (viseme.Dub, viseme.AsyncDub),
        (viseme.Job, viseme.AsyncJob),
        (viseme.Ledger, viseme.AsyncLedger),
        (viseme.Prediction, viseme.AsyncPrediction),
        (viseme.Output, viseme.AsyncOutput),
        (viseme.Paginator, viseme.AsyncPaginator),
        (viseme.RunResult, viseme.AsyncRunResult),
        (viseme.Delivery, viseme.AsyncDelivery),
    ],
)
def test_both_clients_have_the_same_surface(blocking: type, twin: type) -> None:
    ours, theirs = own(blocking), own(twin)
    assert {TWINS.get(name, name) for name in ours} == set(theirs)
    for name, method in ours.items():
        there = theirs[TWINS.get(name, name)]
        a, b = inspect.signature(method), inspect.signature(there)
        assert [str(p.replace(annotation=p.empty)) for p in a.parameters.values()] == [
            str(p.replace(annotation=p.empty)) for p in b.parameters.values()
        ], name
        if name not in TWINS:
            first, second = inspect.getdoc(method), inspect.getdoc(there)
            assert first
            assert second is not None
            assert (
                first.replace("Output", "AsyncOutput").split()
                == second.replace("AsyncOutput", "Output").replace("Output", "AsyncOutput").split()
            ), name


def test_every_public_name_is_documented_and_importable() -> None:
    for name in viseme.__all__:
        value = getattr(viseme, name)
        assert inspect.getdoc(value), name
        if isinstance(value, type):
            assert value.__module__ == "viseme"


@pytest.mark.parametrize("entry", TABLE["classes"], ids=lambda entry: entry["name"])
def test_the_classes_of_errors_match_the_table(entry: dict[str, Any]) -> None:
    kind = getattr(viseme, entry["name"])
    base = getattr(viseme, entry["base"]) if "base" in entry else Exception
    assert kind.__bases__[0] is base
    if "python_also" in entry:
        assert issubclass(kind, getattr(builtins, entry["python_also"]))


def test_every_code_has_the_class_of_the_table() -> None:
    given = {code: kind.__name__ for code, kind in _errors.CLASSES.items()}
    assert given == {entry["code"]: entry["class"] for entry in TABLE["errors"]}


@pytest.mark.parametrize("entry", TABLE["errors"], ids=lambda entry: entry["code"])
def test_errors_have_the_attributes_of_the_table(entry: dict[str, Any]) -> None:
    error = _errors.make_error(entry["code"], "What, where. What to do.")
    at: str | None = entry["class"]
    while at is not None:
        for attribute in CLASSES[at].get("attributes", []):
            assert hasattr(error, attribute), attribute
        at = CLASSES[at].get("base")


def test_errors_can_be_pickled(make_world: Any, remote: viseme.AudioToVideo) -> None:
    world = make_world(jobs=[{"timeline": [{"failed": "0s"}]}])
    with pytest.raises(viseme.JobFailedError) as caught:
        viseme.Client(**settings(world)).run(remote)
    for again in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(again) is viseme.JobFailedError
        assert str(again) == str(caught.value)
        assert again.job_id == caught.value.job_id is not None
        assert again.prediction == caught.value.prediction
        assert again.prediction.status == "failed"


def test_errors_are_chained() -> None:
    client = viseme.Client(base_url="http://127.0.0.1:1", api_key="k", ignore_env=True)
    with pytest.raises(viseme.ApiConnectionError) as caught:
        client.balance()
    assert caught.value.__cause__ is not None
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again.__cause__) == str(caught.value.__cause__)


def test_unpickled_predictions_can_still_be_downloaded(
    quick: World, remote: viseme.AudioToVideo
) -> None:
    prediction = viseme.Client(**settings(quick)).run(remote)
    again = pickle.loads(pickle.dumps(prediction))
    assert again == prediction
    assert again.output is not None
    assert len(again.output.read()) > 0


def test_a_client_cannot_be_pickled_and_hides_its_key(quick: World) -> None:
    client = viseme.Client(**settings(quick))
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(client)
    assert quick.key not in repr(client) + repr(vars(client)) + repr(vars(client._executor))


def test_a_prediction_is_shown_in_a_notebook(quick: World, remote: viseme.AudioToVideo) -> None:
    client = viseme.Client(**settings(quick))
    states: list[viseme.Prediction] = []
    prediction = client.run(remote, on_update=states.append)
    bundle = prediction._repr_mimebundle_()
    assert f'<video src="{prediction.output_url}" controls' in bundle["text/html"]
    assert bundle["text/plain"] == repr(prediction)
    assert "<video" not in states[0]._repr_mimebundle_()["text/html"]
    assert states[0].status in states[0]._repr_mimebundle_()["text/html"]


def test_a_notebook_escapes_foreign_markup() -> None:
    attack = '"><script>alert(1)</script>'
    url = f"https://x.example/a.mp4{attack}"
    output = viseme.Output({"url": url}, url, "id")
    data: Any = {"id": attack, "model": attack, "status": attack, "outputs": [], "error": attack}
    data["isTerminal"] = False
    prediction = viseme._models.decode_prediction(data, None)
    for shown in (output, prediction):
        assert "<script>" not in shown._repr_mimebundle_()["text/html"]
    script = viseme.Output({"url": "javascript:alert(1)"}, "javascript:alert(1)", "id")
    assert "href" not in script._repr_mimebundle_()["text/html"]
    assert json.dumps(script._repr_mimebundle_())


def test_the_packages_have_the_licences_of_the_project() -> None:
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        expected = (ROOT / name).read_bytes()
        for folder in ("bindings-python", "bindings-python/mock"):
            assert (ROOT / folder / name).read_bytes() == expected


def test_names_that_are_imported_on_first_use_are_listed_and_suggested() -> None:
    listed = dir(viseme)
    assert set(viseme.__all__) | {"OnProgress", "Progress", "Status", "__version__"} <= set(listed)
    assert not {"TYPE_CHECKING", "annotations", "_native"} & set(listed)
    for name in listed:
        getattr(viseme, name)
    program = [sys.executable, "-c", "import viseme; viseme.AsyncClent"]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert "no attribute 'AsyncClent'. Did you mean: 'AsyncClient'?" in ended.stderr


def test_signatures_and_help_are_plain_text() -> None:
    shown = str(inspect.signature(viseme.Client))
    assert "anonymous: bool = False" in shown
    assert "timeout: float | None = None" in shown
    assert "'" not in shown.replace("'bronze'", "")
    for page in map(pydoc.render_doc, (viseme.AudioToVideo, viseme.Client, viseme.AsyncClient)):
        assert not re.search(r":(class|meth|func|data):", page)
    page = pydoc.render_doc(viseme.AudioToVideo)
    for line in ("audio: The voice: MP3, WAV", "video: The face: MP4 or MOV, at most 100 MB"):
        assert line in page
    assert "(audio: MediaSource, video: MediaSource)" in page


def test_missing_packages_are_named_with_a_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch, quick: World, remote: viseme.AudioToVideo
) -> None:
    monkeypatch.setitem(sys.modules, "viseme_mock", None)
    with pytest.raises(ImportError, match=r"pip install \./bindings-python/mock$"):
        viseme.mock()
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"pip install tqdm$"):
        viseme.Client(**settings(quick)).run(remote, progress=True)
    assert quick.journal() == []


def test_a_missing_key_is_one_short_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAVESPEED_API_KEY", raising=False)
    with pytest.raises(viseme.ConfigError, match="WAVESPEED_API_KEY") as caught:
        viseme.Client()
    error = caught.value
    assert (
        "`with viseme.mock() as server: client = viseme.Client(**server.settings)`" in error.message
    )
    assert error.__cause__ is None
    assert error.__suppress_context__
    # This test, and the line of the package that raises.
    assert len(caught.traceback) == 2
