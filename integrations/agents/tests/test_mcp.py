"""`viseme mcp` with the official Python SDK, in both generations of the protocol."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import jsonschema
import pytest
from mcp import Client, StdioServerParameters, types
from mcp.client import ClientRequestContext
from viseme_mock import World

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("VISEME_PROGRAM", str(ROOT / "target" / "debug" / "viseme"))
Answer = Literal["accept", "decline"]
Connect = Callable[..., Client]

# With a session (2025-11-25 and older), and without one (2026-07-28).
both = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])


@pytest.fixture
def folder(tmp_path: Path, samples: Path) -> Path:
    """Return a folder with the sample media."""
    for name in ("face.mp4", "voice.mp3"):
        shutil.copy(samples / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def connect(folder: Path) -> Connect:
    """Create clients that start servers for a world of the mock server."""

    def make(world: World, mode: str, answer: Answer | None = None) -> Client:
        async def ask(
            context: ClientRequestContext, params: types.ElicitRequestParams
        ) -> types.ElicitResult:
            assert " USD?" in params.message
            return types.ElicitResult(action=answer or "cancel", content={} if answer else None)

        server = StdioServerParameters(
            command=PROGRAM,
            args=["mcp", "--poll-every", "0.1"],
            env={
                "WAVESPEED_BASE_URL": world.url,
                "WAVESPEED_API_KEY": world.key,
                "XDG_STATE_HOME": str(folder / "state"),
            },
            cwd=folder,
        )
        return Client(server, mode=mode, elicitation_callback=ask if answer else None)

    return make


async def call(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    """Return the structured result of a tool. The client validates it against the output schema."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result
    assert result.structured_content is not None
    return dict(result.structured_content)


async def failure(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    """Return the error of a tool."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result
    [content] = result.content
    assert isinstance(content, types.TextContent)
    return dict(json.loads(content.text)["error"])


def lip_sync(**more: object) -> dict[str, object]:
    """Return the arguments of a lip-sync of the samples."""
    return {"video": "face.mp4", "audio": "voice.mp3", **more}


def has_content(path: Path) -> bool:
    """Return whether a file exists and is not empty."""
    return path.stat().st_size > 0


def charges(world: World) -> int:
    """Return how many jobs were paid for."""
    return len(world.ledger()["charges"])


@both
async def test_the_tools_have_valid_schemas(connect: Connect, quick: World, mode: str) -> None:
    async with connect(quick, mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) >= {"check", "fit", "price", "run", "wait", "download", "history"}
    for tool in tools.values():
        assert tool.title
        assert tool.output_schema is not None
        for schema in (tool.input_schema, tool.output_schema):
            jsonschema.Draft202012Validator.check_schema(schema)
    run, check = tools["run"].annotations, tools["check"].annotations
    assert run is not None
    assert check is not None
    assert (run.read_only_hint, run.destructive_hint, run.idempotent_hint) == (False, True, True)
    assert check.read_only_hint is True


@both
async def test_an_agent_runs_the_sample_and_pays_once(
    connect: Connect, quick: World, folder: Path, mode: str
) -> None:
    async with connect(quick, mode) as client:
        assert (await call(client, "check", **lip_sync()))["ok"] is True
        quote = await call(client, "run", **lip_sync())
        assert quote["state"] == "confirmation_required"
        assert charges(quick) == 0
        confirmed = lip_sync(
            confirm_price_usd=quote["price_usd"], idempotency_key=quote["idempotency_key"]
        )
        done = await call(client, "run", **confirmed)
        assert done["state"] == "completed"
        saved = await call(client, "download", job_id=done["job_id"], folder="out")
        path = Path(saved["files"][0]["path"])
        assert path.parent == (folder / "out").resolve()
        assert has_content(path)

    # Another server, as after a restart: the same key, and the same input without a key.
    async with connect(quick, mode) as client:
        for arguments in (confirmed, lip_sync()):
            again = await call(client, "run", **arguments)
            assert (again["job_id"], again["is_earlier_job"]) == (done["job_id"], True)
    assert charges(quick) == 1


@both
async def test_the_user_is_asked(connect: Connect, quick: World, mode: str) -> None:
    async with connect(quick, mode, answer="decline") as client:
        # The agent cannot agree in place of the user.
        refused = await failure(client, "run", **lip_sync(confirm_price_usd=100))
        assert refused["code"] == "declined"
    assert charges(quick) == 0
    async with connect(quick, mode, answer="accept") as client:
        assert (await call(client, "run", **lip_sync()))["state"] == "completed"
    assert charges(quick) == 1


@both
async def test_a_path_outside_is_refused(
    connect: Connect, quick: World, samples: Path, mode: str
) -> None:
    async with connect(quick, mode) as client:
        for tool in ("check", "run"):
            outside = str(samples / "face.mp4")
            refused = await failure(client, tool, **lip_sync(video=outside))
            assert refused["code"] == "path_not_allowed"
    assert charges(quick) == 0
