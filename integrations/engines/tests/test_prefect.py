"""Charges for a clip in a Prefect flow, with the recipe and with a plain POST."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from clip import LOST, SILENCE, SLOW, SOON, Make, environment

from helpers import Programs, free_port, wait_until

both = pytest.mark.parametrize(("recipe", "charges"), [("prefect_flow", 1), ("naive_prefect", 2)])


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


@pytest.fixture(scope="module")
def settings(
    engines: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """A Prefect server, which keeps its state in a folder of its own."""
    folder = tmp_path_factory.mktemp("prefect")
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    settings = {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    with Programs(folder) as programs:
        options = ["--no-ui", "--host", "127.0.0.1", "--port", str(port)]
        server = programs.start(
            [engines, "-m", "prefect", "server", "start", *options],
            environment=environment(folder, settings),
        )
        wait_until(
            lambda: answers(f"{url}/health") or server.process.poll() is not None,
            "Prefect's server starts",
            timeout=SLOW,
        )
        assert server.process.poll() is None, server.output
        yield settings


def flow(recipe: str) -> str:
    return f"import {recipe}\n{recipe}.clip(**arguments)"


@both
def test_the_response_of_an_accepted_post_is_lost(
    make_clip: Make, recipe: str, charges: int
) -> None:
    clip = make_clip(**SOON, faults=[LOST])
    clip.finish(clip.run(flow(recipe)))
    clip.check(charges)


@both
def test_the_process_is_killed_after_the_post_and_the_flow_is_run_again(
    make_clip: Make, recipe: str, charges: int
) -> None:
    clip = make_clip(**SOON, faults=[SILENCE])
    process = clip.run(flow(recipe))
    wait_until(clip.charges, "the POST", timeout=SLOW)
    process.kill()
    clip.finish(clip.run(flow(recipe)))
    clip.check(charges)
