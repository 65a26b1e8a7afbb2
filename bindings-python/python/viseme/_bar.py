"""Progress bars, by tqdm, which picks the form that fits a terminal or a notebook."""

from __future__ import annotations

from typing import Any

from ._progress import Progress, Recovering, Submitted, Submitting, Update, Uploaded, Uploading


def _tqdm(**options: Any) -> Any:
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]
    except ImportError as cause:
        raise ImportError("progress=True needs tqdm: pip install 'viseme[progress]'") from cause
    return tqdm(**options)


class RunBar:
    """A bar over the bytes of the uploads, and then the state of the job."""

    def __init__(self) -> None:
        self._bar = _tqdm(unit="B", unit_scale=True, unit_divisor=1024, desc="checking", total=0)
        self._sent: dict[str, int] = {}
        self._totals: dict[str, int] = {}

    def hear(self, news: Progress) -> None:
        """Show the news."""
        match news:
            case Uploading(field, sent, total):
                self._sent[field], self._totals[field] = sent, total
                self._show("uploading")
            case Uploaded(field):
                self._sent[field] = self._totals.get(field, 0)
                self._show("uploading")
            case Submitting():
                self._show("submitting")
            case Recovering():
                self._show("looking for the job")
            case Submitted():
                self._show("submitted")
            case Update(prediction):
                self._show(prediction.status)
            case _:
                pass

    def _show(self, words: str) -> None:
        self._bar.total = sum(self._totals.values())
        self._bar.n = sum(self._sent.values())
        self._bar.set_description_str(words)
        self._bar.refresh()

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


class ManyBar:
    """A bar over many runs."""

    def __init__(self, total: int | None) -> None:
        self._bar = _tqdm(total=total, unit="job", desc="running")
        self._failed = 0

    def add(self, ok: bool) -> None:
        """Count a run that is over."""
        self._bar.update(1)
        if not ok:
            self._failed += 1
            self._bar.set_postfix(failed=self._failed)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


class BytesBar:
    """A bar over the bytes of an upload or a download."""

    def __init__(self, words: str) -> None:
        self._bar = _tqdm(unit="B", unit_scale=True, unit_divisor=1024, desc=words)

    def hear(self, so_far: int, total: int | None) -> None:
        """Show the bytes so far."""
        self._bar.total = total
        self._bar.n = so_far
        self._bar.refresh()

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()
