"""Progress bars for terminals and notebooks, drawn by tqdm."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, Any

from ._models import OnBytes
from ._progress import ByteCallbacks, RunCallbacks, invoke_callback
from ._settings import BOOL, encode_value

if TYPE_CHECKING:
    from ._events import Decoder, Progress


def _tqdm(**options: Any) -> Any:
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]
    except ImportError as cause:
        raise ImportError("progress=True needs tqdm: pip install tqdm") from cause
    return tqdm(**options)


class RunBar:
    """Shows the bytes of the uploads, then the status of the job."""

    def __init__(self) -> None:
        self._bar = _tqdm(unit="B", unit_scale=True, unit_divisor=1024, desc="checking", total=0)
        self._sent: dict[str, int] = {}
        self._totals: dict[str, int] = {}

    def on_event(self, event: Progress) -> None:
        """Show the event."""
        from ._events import Recovering, Submitted, Submitting, Update, Uploaded, Uploading

        match event:
            case Uploading(field, sent, total):
                self._sent[field], self._totals[field] = sent, total
                self._show("uploading")
            case Uploaded(field):
                self._sent[field] = self._totals.get(field, 0)
                self._show("uploading")
            case Submitting():
                self._show("submitting")
            case Recovering():
                self._show("searching for the job")
            case Submitted():
                self._show("submitted")
            case Update(prediction):
                self._show(prediction.status)
            case _:
                pass

    def _show(self, label: str) -> None:
        self._bar.total = sum(self._totals.values())
        self._bar.n = sum(self._sent.values())
        self._bar.set_description_str(label)
        self._bar.refresh()

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


class ManyBar:
    """Shows how many runs have ended."""

    def __init__(self, total: int | None) -> None:
        self._bar = _tqdm(total=total, unit="job", desc="running")
        self._failed = 0

    def add(self, ok: bool) -> None:
        """Count a run that ended."""
        invoke_callback(self._add, ok)

    def _add(self, ok: bool) -> None:
        self._bar.update(1)
        if not ok:
            self._failed += 1
            self._bar.set_postfix(failed=self._failed)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


class BytesBar:
    """Shows the bytes of an upload or a download."""

    def __init__(self, label: str) -> None:
        self._bar = _tqdm(unit="B", unit_scale=True, unit_divisor=1024, desc=label)

    def on_bytes(self, so_far: int, total: int | None) -> None:
        """Show the bytes so far."""
        self._bar.total = total
        self._bar.n = so_far
        self._bar.refresh()

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


def run_callbacks(
    decoder: Decoder,
    on_progress: Callable[..., object] | None,
    on_update: Callable[..., object] | None,
    progress: bool,
) -> RunCallbacks:
    """Return the callbacks of a run, with a bar if `progress` is true."""
    bar = RunBar() if _is_enabled(progress) else None
    return RunCallbacks(decoder, on_progress, on_update, bar)


def many_bar(inputs: object, progress: bool) -> ManyBar | None:
    """Return a bar for many runs if `progress` is true."""
    if not _is_enabled(progress):
        return None
    return ManyBar(len(inputs) if isinstance(inputs, Sized) else None)


def byte_callbacks(label: str, on_progress: OnBytes | None, progress: bool) -> ByteCallbacks:
    """Return the callbacks of an upload or a download, with a bar if `progress` is true."""
    bar = BytesBar(label) if _is_enabled(progress) else None
    return ByteCallbacks(on_progress, bar)


def _is_enabled(progress: bool) -> bool:
    return bool(encode_value("progress", progress, BOOL))
