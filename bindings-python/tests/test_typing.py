"""What the type checker accepts and rejects in a user's code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT
from mypy import api

HERE = Path(__file__).parent / "typing"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which mypy keeps what it knows of the package, for the tests of this file."""
    return tmp_path_factory.mktemp("mypy")


def check_types(name: str | Path, cache: Path) -> dict[int, list[str]]:
    """Return the errors of a file by line."""
    config = ROOT / "bindings-python" / "pyproject.toml"
    arguments = ["--config-file", str(config), "--cache-dir", str(cache), str(HERE / name)]
    out, err, _ = api.run([*arguments, "--hide-error-codes", "--no-error-summary"])
    assert err == ""
    found: dict[int, list[str]] = {}
    for line in out.splitlines():
        match = re.match(r"(.*):(\d+): error: (.*)", line)
        if match:
            assert match[1].endswith(str(name)), line
            found.setdefault(int(match[2]), []).append(match[3])
    return found


def test_correct_code_has_no_type_errors(cache: Path) -> None:
    assert check_types("correct.py", cache) == {}


def test_wrong_code_has_exactly_the_expected_type_errors(cache: Path) -> None:
    expected = {
        number: line.split("# E: ")[1]
        for number, line in enumerate((HERE / "wrong.py").read_text().splitlines(), 1)
        if "# E: " in line
    }
    found = check_types("wrong.py", cache)
    assert found.keys() == expected.keys()
    for number, message in expected.items():
        assert any(message in error for error in found[number]), (number, found[number])
