"""Which answer an app gets for each error, by the rules of its client."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import viseme
from app import GIVEN, MODEL, SECRET
from asgi import serve
from backend import create_app
from settings import Settings
from submits import Submits
from viseme_mock import World


def settings(world: World, folder: Path) -> Settings:
    return Settings(
        base_url=world.url, api_key=world.key, token_secret=SECRET, ledger=str(folder / "l.db")
    )


async def test_a_bug_before_the_post_is_no_reason_to_search(
    make_world: Callable[..., World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(Submits, "_check", bug)
    async with serve(create_app(settings(make_world(), tmp_path))) as send:
        answer = await send("ann", "POST", MODEL, GIVEN)
    assert answer.status_code == 424
    assert "You were not charged" in answer.json()["message"]


async def test_a_bug_after_the_post_makes_the_client_search(
    make_world: Callable[..., World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = viseme.AsyncClient.submit

    async def bug(*given: object, **options: object) -> None:
        await submit(*given, **options)  # type: ignore[arg-type]
        raise KeyError("a bug")

    monkeypatch.setattr(viseme.AsyncClient, "submit", bug)
    async with serve(create_app(settings(make_world(), tmp_path))) as send:
        assert (await send("ann", "POST", MODEL, GIVEN)).status_code == 504


async def test_media_without_encryption_are_only_for_the_mock_server(tmp_path: Path) -> None:
    service = Settings(
        base_url="https://127.0.0.1:9", api_key="x", token_secret=SECRET, ledger=str(tmp_path / "l")
    )
    async with serve(create_app(service)) as send:
        given = {**GIVEN, "audio": "http://media.example/voice.mp3"}
        refused = await send("ann", "POST", MODEL, given)
    assert refused.status_code == 400
    assert "`audio` must be the URL" in refused.json()["message"]


async def test_a_service_that_cannot_be_reached_is_asked_again(tmp_path: Path) -> None:
    nobody = Settings(
        base_url="http://127.0.0.1:9", api_key="x", token_secret=SECRET, ledger=str(tmp_path / "l")
    )
    app = create_app(nobody)
    async with serve(app) as send:
        app.state.submits.client = viseme.AsyncClient(
            base_url=nobody.base_url,
            api_key="x",
            ledger=nobody.ledger,
            max_retries=0,
            check_remote_media=False,
        )
        answer = await send("ann", "POST", MODEL, GIVEN)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
        poll = await send("ann", "POST", "media/uploads", {"filename": "a.mp3", "size": 1})
        assert poll.status_code == 502
