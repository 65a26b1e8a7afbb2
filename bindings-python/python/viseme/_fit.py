"""Fits: media that a model accepts, made from other media. docs/fit.md describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _operations as operations
from ._core_client import Operation
from ._ffmpeg import packaged_ffmpeg
from ._generated_reports import (
    Fix,
    MediaInfo,
    Violation,
    decode_fix,
    decode_media_info,
    decode_violation,
)
from ._inputs import Input, hold_files
from ._settings import PATH, encode_optional

if TYPE_CHECKING:
    from . import _generated_types as types


@dataclass(frozen=True)
class FitStep:
    """One step of a fit."""

    fix: Fix
    """The step."""
    lossy: bool
    """Whether it loses quality: something is encoded again, and not copied."""

    def __str__(self) -> str:
        """Return the step in words."""
        return f"{self.fix} (lossy)" if self.lossy else str(self.fix)


@dataclass(frozen=True)
class FittedFile:
    """What a fit did with one file, or would do."""

    field: str
    """The model's parameter, such as ``video``."""
    steps: tuple[FitStep, ...]
    """The steps, in their order. Empty if the file is acceptable as it is."""
    path: Path | None
    """The new file; None if there is none."""
    before: MediaInfo
    """The properties of the source."""
    after: MediaInfo | None
    """The properties of the new file; None if there is none."""
    violations: tuple[Violation, ...]
    """The errors that no step mends. Only a dry run has some."""

    def __str__(self) -> str:
        """Return the parameter and the steps."""
        done = [*map(str, self.steps), *map(str, self.violations)]
        return f"{self.field}: {', '.join(done) or 'acceptable as it is'}"


@dataclass(frozen=True)
class FitResult:
    """What a fit did, or would do."""

    input: Input
    """The input with the new files."""
    files: tuple[FittedFile, ...]
    """The files of the input, each with what was done with it."""

    def __str__(self) -> str:
        """Return one line for each file."""
        return "\n".join(map(str, self.files)) or "no files"


def fit(given: Input, out: object, options: Mapping[str, Any]) -> Operation[FitResult]:
    """Make the media of an input acceptable for its model."""
    given = hold_files(given)

    def decode(value: types.FitResult, _: object) -> FitResult:
        files = tuple(map(_decode_file, value["files"]))
        new = {file.field: file.path for file in files if file.path is not None}
        return FitResult(Input(given.model, {**given.parameters, **new}), files)

    folder = encode_optional("out", out, PATH)
    ffmpeg = packaged_ffmpeg()
    return operations.with_input(
        "fit", given, decode, out=folder, options=options, fallbackFfmpeg=ffmpeg
    )


def _decode_file(data: types.FittedFile) -> FittedFile:
    path, after = data.get("path"), data.get("after")
    return FittedFile(
        field=data["field"],
        steps=tuple(FitStep(decode_fix(it["fix"]), it["lossy"]) for it in data["steps"]),
        path=None if path is None else Path(path),
        before=decode_media_info(data["before"]),
        after=None if after is None else decode_media_info(after),
        violations=tuple(map(decode_violation, data["violations"])),
    )
