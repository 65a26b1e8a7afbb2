"""A pacing file that cannot be used is a warning of the logger, and stops no job."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import viseme
from conftest import settings
from viseme_mock import World


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("damaged.json", '{"viseme_pacing":1,"mod', "The pacing file is damaged"),
        ("missing/pacing.json", None, "The pacing file cannot be written"),
    ],
)
def test_a_pacing_file_that_cannot_be_used_is_logged_once(
    quick: World,
    remote: viseme.AudioToVideo,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    content: str | None,
    expected: str,
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_text(content)
    caplog.set_level(logging.WARNING, "viseme")
    with viseme.Client(**settings(quick, pacing_file=file)) as client:
        # A damaged file is known before the first job.
        assert len(caplog.records) == (content is not None)
        for _ in range(2):
            assert client.run(remote).is_terminal
    [record] = caplog.records
    message = record.getMessage()
    assert message.startswith(expected), message
    assert str(file) in message
    assert (record.levelname, record.name.split(".")[0]) == ("WARNING", "viseme")
