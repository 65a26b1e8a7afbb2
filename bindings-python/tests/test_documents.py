"""The Python code of every document runs against the mock server, and has no type errors.

All blocks of a document are one program, in their order. A block is left out if a comment above it
names another test, or says why it is not run; `cargo xtask test snippets` checks these comments.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT, SAMPLES
from helpers import TIMEOUT
from test_typing import check_types
from viseme_mock import World

BLOCK = re.compile(
    r"^ *(?P<note><!-- (?:not run|tested by): [^\n]*-->\n *)?```python\n(?P<code>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)


class Page(NamedTuple):
    """What the test of a document needs to know."""

    charges: int | None = None
    """How many jobs its code pays for in the world of the test."""
    before: str = "import viseme\n"
    """What it leaves to its reader."""
    after: str = ""
    """Checks of what it defines."""


def part(name: str) -> str:
    """Return the code of a file next to this one."""
    return (Path(__file__).parent / "documents" / name).read_text()


# One example has a client, another an asynchronous one.
CLIENT_OF_EITHER_KIND = f"{part('delivery.py')}\nfrom typing import Any\nclient: Any = sender\n"

PAGES = {
    "README.md": Page(5, part("delivery.py")),
    "bindings-python/README.md": Page(104),
    "bindings-python/mock/README.md": Page(0),
    "docs/batches.md": Page(2),
    "docs/dub.md": Page(2),
    "docs/fit.md": Page(1),
    "docs/ledger.md": Page(1),
    "docs/moving-from-wavespeed.md": Page(1),
    "docs/start/python.md": Page(1),
    "docs/testing.md": Page(0),
    "docs/webhooks.md": Page(2, CLIENT_OF_EITHER_KIND, part("after_webhooks.py")),
}


def code_of(document: str) -> str:
    """Return the code of a document that no other test runs."""
    found = BLOCK.finditer((ROOT / document).read_text())
    return "\n".join(textwrap.dedent(it["code"]) for it in found if it["note"] is None)


def documents() -> list[str]:
    """Return the documents that have Python code."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [it for it in listing.stdout.splitlines() if (ROOT / it).exists() and code_of(it)]


def program_of(document: str) -> str:
    """Return the program that the code of a document is part of."""
    page = PAGES.get(document, Page())
    return "\n".join([page.before, code_of(document), page.after])


def make_files(folder: Path, program: str) -> None:
    """Make the media that the documents name."""
    shutil.copytree(SAMPLES, folder / "samples")
    for name in ["voice.mp3", "face.mp4"]:
        shutil.copy(SAMPLES / name, folder)
    for number in range(100):
        os.link(folder / "voice.mp3", folder / f"{number}.mp3")
    rows = "id,video,audio\nintro,face.mp4,voice.mp3\noutro,face.mp4,samples/voice.mp3\n"
    (folder / "jobs.csv").write_text(rows)
    if "talk." not in program:
        return
    make = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i"]
    picture = "testsrc=size=1280x720:rate=25:duration=12"
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    for name in ["talk.mp4", "talk.mkv"]:
        subprocess.run([*make, picture, *encoder, name], cwd=folder, check=True)
    subprocess.run([*make, "sine=frequency=300:duration=12", "voice.mp3"], cwd=folder, check=True)


@pytest.mark.parametrize("document", documents())
def test_the_code_of_a_document_runs(document: str, quick: World, tmp_path: Path) -> None:
    program = program_of(document)
    make_files(tmp_path, program)
    # Placeholders for what a reader has.
    program = program.replace('"…"', repr(quick.key)).replace("https://example.com/hook", quick.url)
    program = re.sub("https://example.com/([a-z]+[.]mp[34])", r"\1", program)
    (tmp_path / "test_page.py").write_text(program)
    is_suite = re.search("^def test_", program, re.MULTILINE) is not None
    pytest_options = ["-m", "pytest", "--quiet", "-p", "viseme_mock.fixtures"]
    mock = Path(os.environ.get("VISEME_MOCK_PROGRAM", ROOT / "target" / "debug" / "viseme-mock"))
    environment = {
        **os.environ,
        "WAVESPEED_API_KEY": quick.key,
        "WAVESPEED_BASE_URL": quick.url,
        "PATH": os.pathsep.join([str(mock.parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT / "bindings-python" / "mock" / "python"),
    }
    ended = subprocess.run(
        [sys.executable, *(pytest_options if is_suite else []), "test_page.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * TIMEOUT,
        check=False,
    )
    assert ended.returncode == 0, f"{ended.stdout}{ended.stderr}\n{program}"
    expected = PAGES.get(document, Page()).charges
    if expected is not None:
        assert len(quick.ledger()["charges"]) == expected, ended.stdout


@pytest.mark.parametrize("document", documents())
def test_the_code_of_a_document_has_no_type_errors(document: str, tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text(program_of(document))
    assert check_types(page, tmp_path / "cache") == {}, page.read_text()


def test_a_page_of_the_list_exists() -> None:
    assert PAGES.keys() <= set(documents())
