"""Callbacks of a run, an upload or a download, and how they get events."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ._errors import make_error
from ._logs import logger
from ._models import OnBytes

if TYPE_CHECKING:
    from . import _generated_types as types
    from ._events import Decoder, Progress


class VisemeWarning(UserWarning):
    """A callback raised an exception. The run continues, because the job is paid for."""


class ProgressBar(Protocol):
    """A progress bar of a run."""

    def on_event(self, event: Progress) -> None:
        """Show the event."""
        ...

    def close(self) -> None:
        """Leave the bar as it is."""
        ...


class ByteBar(Protocol):
    """A progress bar of an upload or a download."""

    def on_bytes(self, so_far: int, total: int | None) -> None:
        """Show the bytes so far."""
        ...

    def close(self) -> None:
        """Leave the bar as it is."""
        ...


class Callbacks(Protocol):
    """Gets the events of one operation."""

    @property
    def are_needed(self) -> bool:
        """Whether the operation has to report events."""
        ...

    def on_event(self, data: Any, /) -> list[object]:
        """Call the callbacks. Returns what they returned, for coroutine functions."""
        ...

    def close(self) -> None:
        """Close the progress bar."""
        ...


class MustSucceed:
    """What a callback returned whose failure prevents the submit."""

    __slots__ = ("returned",)

    def __init__(self, returned: object) -> None:
        self.returned = returned


class RunCallbacks:
    """The callbacks and the progress bar of a run."""

    def __init__(
        self,
        decoder: Decoder,
        on_progress: Callable[..., object] | None,
        on_update: Callable[..., object] | None,
        bar: ProgressBar | None,
    ) -> None:
        _check_callable("on_progress", on_progress)
        _check_callable("on_update", on_update)
        self._decoder = decoder
        self._on_progress = on_progress
        self._on_update = on_update
        self._bar = bar

    @property
    def are_needed(self) -> bool:
        """Whether the operation has to report events."""
        return not (self._on_progress is None and self._on_update is None and self._bar is None)

    def on_event(self, data: types.ProgressData, *index: int) -> list[object]:
        """Call the callbacks. Returns what they returned, for coroutine functions."""
        from ._events import Submitting, Update, decode_progress

        event = decode_progress(data, self._decoder)
        if event is None:
            return []
        if self._bar is not None:
            invoke_callback(self._bar.on_event, event)
        if isinstance(event, Submitting):
            if self._on_progress is None:
                return []
            # An exception leaves the operation before the POST.
            return [MustSucceed(self._on_progress(event, *index))]
        returned: list[object] = [invoke_callback(self._on_progress, event, *index)]
        if isinstance(event, Update):
            returned.append(invoke_callback(self._on_update, event.prediction, *index))
        return returned

    def close(self) -> None:
        """Close the progress bar."""
        if self._bar is not None:
            invoke_callback(self._bar.close)


class ByteCallbacks:
    """The callback and the progress bar of an upload or a download."""

    def __init__(self, on_progress: OnBytes | None, bar: ByteBar | None) -> None:
        _check_callable("on_progress", on_progress)
        self._on_progress = on_progress
        self._bar = bar

    @property
    def are_needed(self) -> bool:
        """Whether the operation has to report events."""
        return not (self._on_progress is None and self._bar is None)

    def on_event(self, data: dict[str, Any]) -> list[object]:
        """Call the callback. Returns what it returned, for coroutine functions."""
        so_far, total = data.get("sent", data.get("received")), data["total"]
        if self._bar is not None:
            invoke_callback(self._bar.on_bytes, so_far, total)
        return [invoke_callback(self._on_progress, so_far, total)]

    def close(self) -> None:
        """Close the progress bar."""
        if self._bar is not None:
            invoke_callback(self._bar.close)


def _check_callable(name: str, callback: object) -> None:
    if not (callback is None or callable(callback)):
        raise make_error("invalid_input", f"`{name}` must be a function, got {callback!r}.")


def invoke_callback(callback: Callable[..., object] | None, *arguments: object) -> object:
    """Call a callback. An exception becomes a warning, so that it never ends the wait."""
    if callback is None:
        return None
    try:
        return callback(*arguments)
    except Exception as error:
        warn_callback_error(error)
        return None


def warn_callback_error(error: BaseException) -> None:
    """Warn about the exception of a callback."""
    import traceback

    trace = "".join(traceback.format_exception(error))
    message = f"a callback raised an exception; the run continues:\n{trace}"
    try:
        warnings.warn(message, VisemeWarning, stacklevel=2)
    except VisemeWarning:
        # A filter turns warnings into exceptions. Even so the wait for a paid job continues.
        logger().error("%s", message)
