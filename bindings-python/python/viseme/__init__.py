"""Lip-syncs a video to an audio track, with Kling LipSync on WaveSpeedAI.

::

    import viseme

    prediction = viseme.run(viseme.AudioToVideo(audio="voice.mp3", video="face.mp4"))
    prediction.save("result.mp4")
"""

from __future__ import annotations

import atexit as _atexit
import logging as _logging
from typing import TYPE_CHECKING

from . import _native
from ._client import Client
from ._errors import (
    ApiConnectionError,
    ApiError,
    ApiResponseError,
    ApiStatusError,
    ApiTimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigError,
    DownloadError,
    InputError,
    InsufficientCreditsError,
    JobCancelledError,
    JobError,
    JobFailedError,
    LedgerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    SubmissionUnknownError,
    UploadError,
    VisemeError,
    WaitTimeoutError,
    WebhookError,
)
from ._generated import (
    Billing,
    DailyUsage,
    MediaInfo,
    Model,
    ModelUsage,
    Price,
    Report,
    SubmitRecord,
    Usage,
    Violation,
)
from ._inputs import AudioToVideo, Input, KlingEffects, Media, TextToVideo
from ._jobs import AsyncJob, Job
from ._models import (
    AsyncDelivery,
    AsyncOutput,
    AsyncPrediction,
    BaseOutput,
    BasePrediction,
    Delivery,
    DownloadedFile,
    Output,
    Prediction,
)
from ._module_client import check, mock, run
from ._progress import (
    Checked,
    Recovering,
    Retrying,
    Submitted,
    Submitting,
    Update,
    Uploaded,
    Uploading,
    VisemeWarning,
)
from ._run_many import AsyncRunResult, RunResult
from ._settings import (
    Backoff,
    ClientSettings,
    Pacing,
    RunOptions,
    SubmitLimits,
    SubmitOptions,
)
from ._sync_executor import Paginator
from ._webhooks import WebhookVerifier

if TYPE_CHECKING:
    from ._async_client import AsyncClient
    from ._async_executor import AsyncPaginator
    from ._generated import KnownStatus as KnownStatus
    from ._generated import Status as Status
    from ._inputs import AnyInput as AnyInput
    from ._inputs import MediaSource as MediaSource
    from ._progress import OnProgress as OnProgress
    from ._progress import Progress as Progress

__version__ = _native.version()

__all__ = [
    "ApiConnectionError",
    "ApiError",
    "ApiResponseError",
    "ApiStatusError",
    "ApiTimeoutError",
    "AsyncClient",
    "AsyncDelivery",
    "AsyncJob",
    "AsyncOutput",
    "AsyncPaginator",
    "AsyncPrediction",
    "AsyncRunResult",
    "AudioToVideo",
    "AuthenticationError",
    "Backoff",
    "BadRequestError",
    "BaseOutput",
    "BasePrediction",
    "Billing",
    "Checked",
    "Client",
    "ClientSettings",
    "ConfigError",
    "DailyUsage",
    "Delivery",
    "DownloadError",
    "DownloadedFile",
    "Input",
    "InputError",
    "InsufficientCreditsError",
    "Job",
    "JobCancelledError",
    "JobError",
    "JobFailedError",
    "KlingEffects",
    "Media",
    "MediaInfo",
    "Model",
    "ModelUsage",
    "LedgerError",
    "NotFoundError",
    "Output",
    "Pacing",
    "Paginator",
    "PermissionDeniedError",
    "Prediction",
    "Price",
    "RateLimitError",
    "Recovering",
    "Report",
    "Retrying",
    "RunOptions",
    "RunResult",
    "ServerError",
    "SubmissionUnknownError",
    "SubmitLimits",
    "SubmitOptions",
    "SubmitRecord",
    "Submitted",
    "Submitting",
    "TextToVideo",
    "Update",
    "UploadError",
    "Uploaded",
    "Uploading",
    "Usage",
    "Violation",
    "VisemeError",
    "VisemeWarning",
    "WaitTimeoutError",
    "WebhookError",
    "WebhookVerifier",
    "check",
    "mock",
    "run",
]

# A library is silent unless the program configures logging.
_logging.getLogger("viseme").addHandler(_logging.NullHandler())
# Threads of Rust must not call into an interpreter that is shutting down.
_atexit.register(_native.shut_down)

# Programs without asyncio do not pay for its import.
_LAZY = {"AsyncClient": "_async_client", "AsyncPaginator": "_async_executor"}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    value.__module__ = __name__
    globals()[name] = value
    return value


# Tracebacks and pickles show classes under the name that users import.
for _class in [globals()[name] for name in __all__ if name not in _LAZY]:
    if isinstance(_class, type):
        _class.__module__ = __name__
