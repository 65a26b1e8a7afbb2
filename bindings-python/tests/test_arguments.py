"""Errors of arguments: they name the parameter, show the value and say what is allowed."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import viseme
from conftest import settings
from viseme import _settings
from viseme_mock import World

KEY = {"api_key": "k", "ignore_env": True}


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("timeout", "10", "`timeout` must be a non-negative number of seconds, got '10'."),
        ("timeout", -1, "`timeout` must be a non-negative number of seconds, got -1."),
        ("timeout", math.nan, "`timeout` must be a non-negative number of seconds, got nan."),
        ("timeout", True, "`timeout` must be a non-negative number of seconds, got True."),
        ("connect_timeout", [], "`connect_timeout` must be a non-negative number of seconds"),
        ("max_connections", "x", "`max_connections` must be a positive whole number, got 'x'."),
        ("max_connections", 0, "`max_connections` must be a positive whole number, got 0."),
        ("max_connections", 1.5, "`max_connections` must be a positive whole number, got 1.5."),
        (
            "submit_limits",
            "platinum",
            "`submit_limits` must be a SubmitLimits or one of 'bronze', 'silver', 'gold', "
            "'ultra', got 'platinum'.",
        ),
        (
            "submit_limits",
            viseme.SubmitLimits(per_minute=0, concurrent=1),
            "`submit_limits.per_minute` must be a positive whole number, got 0.",
        ),
        ("pacing", "1", "`pacing` must be a Pacing or a non-negative number of seconds, got '1'."),
        (
            "pacing",
            viseme.Pacing(interval=-2),
            "`pacing.interval` must be a non-negative number of seconds, got -2.",
        ),
        ("backoff", 3, "`backoff` must be a Backoff, got 3."),
        ("allow_http", "yes", "`allow_http` must be True or False, got 'yes'."),
        ("api_key", 3, "`api_key` must be text, got a int."),
        ("api_key", b"secret", "`api_key` must be text, got a bytes."),
        ("ca_bundle", 3, "`ca_bundle` must be a path, got 3."),
        ("learned_pacing", 1, "`learned_pacing` must be True or False, got 1."),
        ("polls_per_job", 0.5, "`polls_per_job` must be a number from 1 to 1000, got 0.5."),
        ("pacing_file", 3, "`pacing_file` must be a path, got 3."),
        ("pacing_file", "", "`pacing_file`: must be the path of a file"),
        ("pacing_file", __file__, "`pacing_file`: " + __file__ + " is not a pacing file"),
        ("max_polls_per_second", 0, "`max_polls_per_second` must be a positive number, got 0."),
        ("base_url", "nonsense", "nonsense"),
    ],
)
def test_an_invalid_setting_is_a_config_error(setting: str, value: Any, message: str) -> None:
    with pytest.raises(viseme.ConfigError, match=re.escape(message)):
        viseme.Client(**{**KEY, setting: value})


def test_a_missing_api_key_is_a_config_error() -> None:
    with pytest.raises(viseme.ConfigError, match="WAVESPEED_API_KEY"):
        viseme.Client(ignore_env=True)


def test_the_name_of_a_file_is_no_model_id(quick: World) -> None:
    client = viseme.Client(**settings(quick))
    for call in (client.run, client.submit, client.price):
        with pytest.raises(viseme.InputError, match=r"`voice\.mp3` is not a model's id") as caught:
            call("voice.mp3")
        assert caught.value.violations[0].rule == "model"
    assert not viseme.check("voice.mp3").ok
    assert quick.journal() == []


def test_an_endless_timeout_is_allowed() -> None:
    viseme.Client(**KEY, timeout=math.inf, stall_timeout=1e300)


@pytest.fixture
def client() -> viseme.Client:
    """A client of a port at which nothing listens."""
    return viseme.Client(base_url="http://127.0.0.1:1", **KEY)


Call = Callable[[viseme.Client], object]
LONE_SURROGATE = "\ud800"
RECURSIVE = {"a": {"b": [1, {"c": object}]}}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.run("a/b", {"x": {1, 2}}), "`x` must be JSON (text, finite numbers, True, "),
        (lambda c: c.run("a/b", {"x": {1, 2}}), "got {1, 2}."),
        (lambda c: c.run("a/b", {"x": math.inf}), "or media, got inf."),
        (lambda c: c.run("a/b", {"x": math.nan}), "`x` is an empty cell (nan)."),
        (lambda c: c.run("a/b", {"x": LONE_SURROGATE}), "or media, got '\\ud800'."),
        (lambda c: c.run("a/b", RECURSIVE), "`a.b[1].c` must be JSON"),
        (lambda c: c.run("a/b", {"x": {1: 2}}), "`x` must be a dict with text as keys, got {1: 2}"),
        (lambda c: c.run("a/b", [1]), "`parameters` must be a dict of the model's parameters"),
        (lambda c: c.run("a/b", {"x": [b"y"]}), "`x[0]` is a media file in a list"),
        (lambda c: c.run(3), "`input` must be a model id, a dict, or an AudioToVideo,"),
        (
            lambda c: c.run(viseme.Input("a/b"), {"x": 1}),
            "`parameters` can only be used with a model id",
        ),
        (
            lambda c: c.run("a/b", {}, timeout="3"),
            "`timeout` must be a non-negative number of seconds, got '3'.",
        ),
        (lambda c: c.run("a/b", {}, strict=1), "`strict` must be True or False, got 1."),
        (lambda c: c.run("a/b", {}, on_progress=3), "`on_progress` must be a function, got 3."),
        (lambda c: c.submit("a/b", {}, webhook=3), "`webhook` must be text, got 3."),
        (lambda c: c.run_many([], limit=0), "`limit` must be a positive whole number, got 0."),
        (
            lambda c: c.recover({"model": "m"}),
            "`record` must have the fields `model`, `input` and `sent_at`; it lacks `input` and "
            "`sent_at`, got {'model': 'm'}.",
        ),
        (lambda c: c.recover(3), "`record` must be a SubmitRecord or a dict of its fields, got 3."),
        (
            lambda c: c.recover({"model": 1, "input": {}, "sent_at": "x"}),
            "`record.model` must be text, got 1.",
        ),
        (lambda c: c.upload(3), "`media` must be a path, a URL, bytes or an open file, got 3."),
        (lambda c: c.job(3), "`job_id` must be text, got 3."),
        (lambda c: c.job("x").wait(timeout=-1), "`timeout` must be a non-negative number of "),
        (lambda c: c.download(3, "x"), "`url` must be text, got 3."),
        (lambda c: c.download("https://a.example/b", 3), "`to` must be a path, got 3."),
        (
            lambda c: c.download("https://a.example/b", "x", max_bytes="1"),
            "`max_bytes` must be a non-negative number of bytes, got '1'.",
        ),
        (lambda c: c.history(page_size=0), "`page_size` must be a positive whole number, got 0."),
        (lambda c: c.history(created_after="x"), "`created_after` must be a datetime, got 'x'."),
        (lambda c: c.billings(job_ids=3), "`job_ids` must be text, or an iterable of text, got 3."),
        (lambda c: c.usage(None, datetime.now()), "`start` must be a datetime, got None."),
        (lambda c: c.delete([1]), "`ids` must be text, or an iterable of text, got [1]."),
        (lambda c: c.model(3), "`model_id` must be text, got 3."),
    ],
)
def test_an_invalid_argument_is_an_input_error(
    client: viseme.Client, call: Call, message: str
) -> None:
    with pytest.raises(viseme.InputError, match=re.escape(message)):
        call(client)


def test_a_directory_as_media_is_an_input_error(client: viseme.Client, tmp_path: Path) -> None:
    for path in (tmp_path, str(tmp_path)):
        given = viseme.AudioToVideo(audio=path, video="https://a.example/face.mp4")
        with pytest.raises(viseme.InputError) as caught:
            client.run(given)
        assert "audio" in str(caught.value)
        assert "director" in str(caught.value) or "folder" in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: viseme.Client(timout=3),
            "Client() got an unexpected keyword argument 'timout'. Did you mean 'timeout'?",
        ),
        (
            lambda: viseme.AsyncClient(apikey="k"),
            "AsyncClient() got an unexpected keyword argument 'apikey'. Did you mean 'api_key'?",
        ),
        (
            lambda: viseme.run("a/b", {}, timeot=3),
            "run() got an unexpected keyword argument 'timeot'. Did you mean 'timeout'?",
        ),
        (
            lambda: viseme.Client(**KEY).run("a/b", {}, on_progres=print),
            "Client.run() got an unexpected keyword argument 'on_progres'. "
            "Did you mean 'on_progress'?",
        ),
        (
            lambda: viseme.Client(**KEY).submit("a/b", {}, timeout=3),
            "Client.submit() got an unexpected keyword argument 'timeout'",
        ),
        (
            lambda: viseme.Client(**KEY).run_many([], webhok="x"),
            "Client.run_many() got an unexpected keyword argument 'webhok'. "
            "Did you mean 'webhook'?",
        ),
        (
            lambda: viseme.AudioToVideo(audio="a.mp3", vidio="v.mp4"),
            "AudioToVideo() got an unexpected keyword argument 'vidio'. Did you mean 'video'?",
        ),
        (
            lambda: viseme.Pacing(intervall=1),
            "Pacing() got an unexpected keyword argument 'intervall'. Did you mean 'interval'?",
        ),
        (lambda: viseme.Client(virtual_clock=True), "unexpected keyword argument 'virtual_clock'"),
    ],
)
def test_an_unknown_keyword_is_a_type_error_with_a_suggestion(
    call: Callable[[], object], message: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        call()


async def test_an_unknown_keyword_of_the_async_client_is_a_type_error() -> None:
    async with viseme.AsyncClient(**KEY) as client:
        with pytest.raises(TypeError, match="Did you mean 'strict'"):
            await client.run("a/b", {}, strikt=True)


def test_a_raising_callback_never_ends_the_wait(quick: World, remote: viseme.AudioToVideo) -> None:
    def callback(event: object, *_: object) -> None:
        if not isinstance(event, viseme.Submitting):
            raise LookupError("mine")

    client = viseme.Client(**settings(quick))
    with pytest.warns(viseme.VisemeWarning, match="LookupError: mine"):
        prediction = client.run(remote, on_progress=callback, on_update=callback)
    assert prediction.status == "completed"
    with pytest.warns(viseme.VisemeWarning, match="LookupError: mine"):
        results = list(client.run_many([remote] * 2, on_progress=callback, on_update=callback))
    assert [result.unwrap().status for result in results] == ["completed"] * 2


@pytest.mark.parametrize("inputs", ["voice.mp3", b"voice"])
def test_text_and_bytes_are_no_inputs_of_many_runs(quick: World, inputs: Any) -> None:
    with pytest.raises(viseme.InputError, match="`inputs` must be an iterable of inputs, got"):
        viseme.Client(**settings(quick)).run_many(inputs)
    with pytest.raises(viseme.InputError, match="Pass a list"):
        viseme.AsyncClient(**settings(quick)).run_many(inputs)
    assert quick.journal() == []


async def test_a_callback_that_raises_before_the_submit_prevents_it(
    quick: World, remote: viseme.AudioToVideo
) -> None:
    def callback(event: object, *_: object) -> None:
        if isinstance(event, viseme.Submitting):
            assert event.record.model == viseme.AudioToVideo.MODEL
            raise LookupError("the disk is full")

    async def coroutine(event: object, *index: object) -> None:
        callback(event, *index)

    client = viseme.Client(**settings(quick))
    with pytest.raises(LookupError, match="the disk is full"):
        client.run(remote, on_progress=callback)
    with pytest.raises(LookupError, match="the disk is full"):
        client.submit(remote, on_progress=callback)
    with pytest.raises(LookupError, match="the disk is full"):
        list(client.run_many([remote] * 3, on_progress=callback))
    async with viseme.AsyncClient(**settings(quick)) as other:
        for listener in (callback, coroutine):
            with pytest.raises(LookupError, match="the disk is full"):
                await other.run(remote, on_progress=listener)
            with pytest.raises(LookupError, match="the disk is full"):
                async for _ in other.run_many([remote] * 3, on_progress=listener):
                    pass
    assert quick.ledger()["charges"] == []


@pytest.mark.filterwarnings("error")
def test_a_raising_callback_is_logged_if_warnings_are_errors(
    quick: World, remote: viseme.AudioToVideo, caplog: Any
) -> None:
    def callback(_: object) -> None:
        raise LookupError("mine")

    assert viseme.Client(**settings(quick)).run(remote, on_update=callback).is_terminal
    assert "LookupError: mine" in caplog.text


@pytest.mark.filterwarnings("error")
async def test_a_raising_coroutine_callback_never_ends_the_wait(
    quick: World, remote: viseme.AudioToVideo, caplog: Any
) -> None:
    async def callback(_: object) -> None:
        raise LookupError("mine")

    async with viseme.AsyncClient(**settings(quick)) as client:
        assert (await client.run(remote, on_update=callback)).status == "completed"
    assert "LookupError: mine" in caplog.text


def test_the_api_key_can_be_replaced(quick: World) -> None:
    client = viseme.Client(**{**settings(quick), "api_key": "wrong"})
    with pytest.raises(viseme.AuthenticationError):
        client.balance()
    client.set_api_key(quick.key)
    assert client.balance() > 0
    for invalid in (3, ""):
        with pytest.raises(viseme.ConfigError) as caught:
            client.set_api_key(invalid)  # type: ignore[arg-type]
        assert "key" in str(caught.value)


async def test_the_api_key_of_an_async_client_can_be_replaced(quick: World) -> None:
    async with viseme.AsyncClient(**{**settings(quick), "api_key": "wrong"}) as client:
        client.set_api_key(quick.key)
        assert await client.balance() > 0


async def test_everything_of_an_async_client_is_of_the_async_kind(
    make_world: Any, remote: viseme.AudioToVideo, tmp_path: Path
) -> None:
    world = make_world(jobs=[{"timeline": [{"failed": "0s"}]}])
    states: list[object] = []
    async with viseme.AsyncClient(**settings(world)) as client:
        with pytest.raises(viseme.JobFailedError) as caught:
            await client.run(
                remote,
                on_progress=lambda event: states.append(getattr(event, "prediction", None)),
                on_update=states.append,
            )
        past = [prediction async for prediction in client.history()]
        results = [result async for result in client.run_many([remote])]
        job = await client.submit(remote)
        updates = [update async for update in job.updates()]
    kinds = {type(state) for state in states if state is not None}
    kinds |= {type(caught.value.prediction), type(job.prediction), *map(type, past + updates)}
    assert kinds == {viseme.AsyncPrediction}
    assert isinstance(results[0], viseme.AsyncRunResult)
    assert results[0].error is not None
    assert type(results[0].error.prediction) is viseme.AsyncPrediction


@pytest.mark.parametrize(
    ("status", "is_terminal"), [("processing", False), ("failed", True), ("a new word", False)]
)
def test_terminal_statuses_are_recognized(
    make_world: Any, remote: viseme.AudioToVideo, status: str, is_terminal: bool
) -> None:
    world = make_world(jobs=[{"timeline": [{status: "0s"}]}])
    client = viseme.Client(**settings(world))
    assert client.submit(remote).refresh().is_terminal is is_terminal


def test_the_keywords_of_settings_and_options_are_those_of_the_native_part() -> None:
    keywords = set(viseme.ClientSettings.__annotations__)
    assert keywords == {*_settings.SETTINGS, "ignore_env"}
    assert set(viseme.RunOptions.__annotations__) == set(_settings.RUN_KINDS)
    assert set(viseme.SubmitOptions.__annotations__) == set(_settings.SUBMIT_KINDS)


def test_a_path_object_of_bytes_is_a_path(client: viseme.Client) -> None:
    class BytesPath:
        def __fspath__(self) -> bytes:
            return os.fsencode("nothing.mp3")

    report = client.check("kwaivgi/kling-lipsync/audio-to-video", {"audio": BytesPath()})
    assert not report.ok


def test_headers_are_text_and_errors_hide_their_values() -> None:
    kind = _settings.HEADERS
    assert _settings.encode_value("headers", {"X-Team": "a"}, kind) == {"X-Team": "a"}
    for headers in ({"Authorization": b"secret"}, "X-Team: secret"):
        with pytest.raises(viseme.InputError, match="`headers` must be a dict of header") as caught:
            _settings.encode_value("headers", headers, kind)
        assert "secret" not in str(caught.value)
