"""The native client, the operations it starts, and the parts that both public clients share."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from . import _native
from ._errors import (
    VisemeError,
    decode_error,
    describe_open_jobs,
    make_error,
    name_open_jobs,
)
from ._logs import deliver_logs, update_log_level
from ._models import BasePrediction, decode_prediction
from ._payload import MediaPayload
from ._progress import Callbacks
from ._settings import SECRET, ClientSettings, encode_settings, encode_value
from ._signatures import keywords

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from . import _generated_types as types

T = TypeVar("T")
C = TypeVar("C", bound="CoreClient[Any]")
P = TypeVar("P", bound=BasePrediction)


class Operation(Generic[T]):
    """One operation: its request, and how its result and its events are handled."""

    __slots__ = ("callbacks", "contents", "decode", "job", "payload", "request")

    def __init__(
        self,
        request: Mapping[str, Any],
        decode: Callable[[Any, _native.Task], T],
        *,
        contents: Sequence[bytes] = (),
        payload: MediaPayload | None = None,
        callbacks: Callbacks | None = None,
        job: _native.NativeJob | None = None,
    ) -> None:
        self.request = request
        self.decode = decode
        self.contents = contents if payload is None else payload.contents
        self.payload = payload
        self.callbacks = callbacks
        self.job = job

    def on_event(self, event: Any) -> list[object]:
        """Call the callbacks. Returns what they returned, for coroutine functions."""
        return [] if self.callbacks is None else self.callbacks.on_event(event)

    def read_media(self) -> None:
        """Read the media that are open files."""
        if self.payload is not None:
            self.payload.fill()

    async def read_media_async(self) -> None:
        """Read the media that are open files or streams."""
        if self.payload is not None:
            await self.payload.fill_async()

    def close(self) -> None:
        """Close the progress bar, and remove temporary files."""
        if self.callbacks is not None:
            self.callbacks.close()
        if self.payload is not None:
            self.payload.close()


class CoreClient(ABC, Generic[P]):
    """The native client, its running tasks, and whether it was closed."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        update_log_level()
        with native_errors():
            self._native = _native.NativeClient(json.dumps(settings))
        deliver_logs()
        self._tasks: set[_native.Task] = set()
        self.closed = False

    @abstractmethod
    def decode_prediction(self, data: types.PredictionData, /) -> P:
        """Decode a prediction of this kind of client."""

    def decode_error(self, data: types.ErrorData, /) -> VisemeError:
        """Decode an error."""
        return decode_error(data, self.decode_prediction)

    def start(self, operation: Operation[Any]) -> _native.Task:
        """Start an operation. It ends with the client."""
        self.check_open()
        update_log_level()
        request = json.dumps(operation.request)
        with native_errors():
            if operation.job is None:
                task = self._native.start(request, list(operation.contents))
            else:
                task = operation.job.start(request)
        self._tasks.add(task)
        return task

    def stop(self, task: _native.Task) -> None:
        """Cancel what is left of a task."""
        self._tasks.discard(task)
        task.cancel()

    def interrupt(
        self, task: _native.Task, error: BaseException, unseen: Iterable[str] = ()
    ) -> None:
        """Cancel a task that an exception ends early, and name its jobs on the exception.

        `unseen` are the ids of jobs whose results were received, but not returned to the caller.
        Where the caller leaves an iterator, only the log names the jobs.
        """
        self.stop(task)
        if isinstance(error, VisemeError) and not (self.closed and error.code == "config"):
            # It names its job already.
            return
        jobs: types.OpenJobs = json.loads(task.open_jobs())
        jobs["jobIds"] = [*unseen, *jobs["jobIds"]]
        if isinstance(error, GeneratorExit):
            describe_open_jobs(jobs)
        else:
            name_open_jobs(error, jobs)

    def job(self, job_id: str) -> _native.NativeJob:
        """Return the native handle of a job."""
        self.check_open()
        with native_errors():
            return self._native.job(job_id)

    def deliver(self, body: bytes) -> bool:
        """End the waits for the job of a webhook delivery."""
        self.check_open()
        with native_errors():
            message = json.loads(self._native.deliver(body))
        if "error" in message:
            raise self.decode_error(message["error"])
        return bool(message["value"])

    def set_api_key(self, api_key: str) -> None:
        """Replace the API key for all further requests."""
        self.check_open()
        with native_errors():
            self._native.set_api_key(api_key)

    def check_open(self) -> None:
        """Raise a ConfigError if the client is closed."""
        if self.closed:
            raise closed_error()

    def has_ended(self, batch: str | None) -> bool:
        """Return whether a list has ended. Raises a ConfigError if the client was closed."""
        if batch is None:
            self.check_open()
        return batch is None

    def close(self) -> None:
        """Cancel every running task."""
        self.closed = True
        for task in tuple(self._tasks):
            task.cancel()


class BaseClient(ABC, Generic[C]):
    """The parts that both clients share: their settings, and what they are as objects."""

    _testing_settings: ClassVar[Mapping[str, object]] = {}
    """Settings that only builds for the conformance suite accept."""

    @keywords(ClientSettings)
    def __init__(self, **settings: Unpack[ClientSettings]) -> None:
        """Create a client. Times are in seconds.

        A setting that is left out or None comes from the environment, then from the defaults.

        Args:
            api_key: The API key. Default: the variable ``WAVESPEED_API_KEY``.
            base_url: The URL of the API. Default: ``WAVESPEED_BASE_URL``, then
                ``https://api.wavespeed.ai``.
            anonymous: Work without an API key: such a client can check media and download outputs.
            ignore_env: Read no environment variable.
            allow_http: Allow plain ``http`` to other machines. The API key can be read on the way.
            timeout: How long to wait for a job. Default one hour, or ``WAVESPEED_TIMEOUT``;
                ``math.inf`` for no limit. The job continues after it, and you can wait again.
            connect_timeout: The limit for opening a connection. Default 10.
            request_timeout: The limit for one request. Default 60.
            stall_timeout: How long an upload or a download may make no progress. Default 60.
            pacing: When to poll; a number is a fixed interval. Default: as fits the model, and the
                client learns.
            learned_pacing: Whether the client learns how long the jobs of a model take, and polls
                when they end. It starts with ``pacing`` and needs five jobs of a model. Default
                True, but False if ``pacing`` is the only one of these settings.
            polls_per_job: How many polls a job takes on average once its duration is learned, from
                1 to 1000. Default: about one for every two seconds that jobs take, up to 66, but at
                least 6.75, and as many as without learning.
            pacing_file: A file that keeps the learned durations for later clients, and for others
                that use it at the same time. It is created if it does not exist. Default none.
            max_polls_per_second: The limit of polls of all jobs together. Default 100.
            max_connections: The limit of requests at the same time. Default 100.
            max_retries: How often to retry a request after a temporary failure. A submit that the
                service may have accepted is never sent again. Default 11 for the polls of a wait,
                4 for other requests.
            backoff: The delays before retries. Default 1 s, doubling up to 30 s.
            max_retry_after: The longest ``Retry-After`` to obey. Default 300.
            recovery_window: How long to search for a submit whose answer was lost. Default 120;
                0 turns the search off.
            submit_limits: The limits of the account's tier; submits wait until they fit.
            proxy: The proxy for all requests (``http://``, ``https://`` or ``socks5://``).
            ca_bundle: A PEM file with the certificates to trust, instead of the system's.
            check_remote_media: Whether to read media behind a URL before a run. Default True.
            remote_check_timeout: The limit for reading one such file. Default 15.
            allow_private_addresses: Allow reading media from private addresses.
            ledger: What makes a submit with a ``key`` idempotent: the path of a file, which is
                created if it does not exist, or the URL of a PostgreSQL database
                (``postgres://...``), to which the first submit with a key connects. Default none.
            client_name: The name in the header ``X-Client-Name``. Default ``viseme``.
            user_agent: The text before ``viseme/VERSION`` in the header ``User-Agent``.
        """
        encoded = encode_settings(type(self), settings, self._testing_settings)
        try:
            self._executor = self._make_executor(encoded)
        except VisemeError as error:
            # The trace ends at the caller's line and here, with the sentence below.
            raise error.with_traceback(None) from error.__cause__

    @abstractmethod
    def _make_executor(self, settings: Mapping[str, Any]) -> C: ...

    def set_api_key(self, api_key: str) -> None:
        """Replace the API key for all further requests, including those of running jobs."""
        self._executor.set_api_key(encode_value("api_key", api_key, SECRET, code="config"))

    def deliver(self, body: bytes | str) -> bool:
        """End the waits for a job with the body of a webhook delivery that you verified.

        Returns whether anything waited for it. The signature is not checked.
        """
        if not isinstance(cast("object", body), (str, bytes, bytearray, memoryview)):
            message = f"`body` must be the raw body as bytes or text, got a {type(body).__name__}."
            raise make_error("webhook", message)
        return self._executor.deliver(body.encode() if isinstance(body, str) else bytes(body))

    def __repr__(self) -> str:
        """Return the class, but no API key."""
        return f"<{type(self).__name__}{' (closed)' if self._executor.closed else ''}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} cannot be pickled; create one in each process")


def decode_messages(batch: str | None) -> list[dict[str, Any]]:
    """Decode the messages of a task. A task that ends without a result was cancelled."""
    if batch is None:
        raise closed_error()
    messages: list[dict[str, Any]] = json.loads(batch)
    return messages


def closed_error() -> VisemeError:
    """Return the error of a client that was closed."""
    return make_error("config", "The client is closed. Create a new one.")


class native_errors:  # noqa: N801 - a context manager, used like a function
    """Raise errors of the native part as the public classes."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Convert the error."""
        if isinstance(error, _native.NativeError):
            data = json.loads(error.args[0])["error"]
            raise decode_error(data, lambda it: decode_prediction(it, None)) from None


def on_main_thread() -> bool:
    """Return whether this is the main thread, which handles signals and ends last."""
    return threading.current_thread() is threading.main_thread()
