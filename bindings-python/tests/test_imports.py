"""What an import loads. Import time is noisy; the list of modules is not."""

from __future__ import annotations

import subprocess
import sys

import pytest
import viseme


def loaded_by(code: str) -> set[str]:
    """Return the modules that a new interpreter imports for this, beyond those of its start."""
    script = (
        f"import sys; before = set(sys.modules)\n{code}\nprint(*sorted(set(sys.modules) - before))"
    )
    words = [sys.executable, "-I", "-c", script]
    return set(subprocess.run(words, check=True, capture_output=True, text=True).stdout.split())


def test_the_import_alone_loads_only_the_native_part() -> None:
    loaded = loaded_by("import viseme")
    assert {name for name in loaded if name.startswith("viseme")} == {"viseme", "viseme._native"}
    # Each of these costs some milliseconds.
    slow = {"asyncio", "dataclasses", "enum", "inspect", "json", "logging", "pathlib", "typing"}
    assert loaded & slow == set()


def test_a_client_does_not_load_what_is_slow() -> None:
    loaded = loaded_by(
        "import viseme\nviseme.Client(base_url='http://127.0.0.1:1', api_key='k', ignore_env=True)"
    )
    rare_elsewhere = {"asyncio", "difflib", "html", "logging", "pathlib", "ssl", "tempfile"}
    # Half of what a client would load: it has data classes, which are completed at their first use.
    slow = {"dataclasses", "decimal", "inspect"}
    assert loaded & (rare_elsewhere | slow) == set()
    rare = ["_async_client", "_batch", "_dub", "_events", "_fit", "_generated_account"]
    rare += ["_generated_reports", "_generated_types", "_ledger", "_notebook", "_webhooks"]
    assert loaded & {f"viseme.{name}" for name in rare} == set()


@pytest.mark.parametrize("name", ["AsyncBatch", "Client", "Report", "Update", "VisemeError", "run"])
def test_any_name_can_be_the_first_that_is_used(name: str) -> None:
    loaded = loaded_by(f"from viseme import {name}\nassert {name}.__name__ == '{name}'")
    assert "viseme._native" in loaded
    assert name in dir(viseme)
