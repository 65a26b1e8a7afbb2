"""Moves the lips of a video to a voice, with Kling LipSync on WaveSpeedAI.

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
from ._alone import check, mock, run
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
from ._inputs import AudioToVideo, Input, KlingEffects, TextToVideo
from ._job import Job
from ._many import AsyncRunResult, RunResult
from ._media import Media
from ._prediction import AsyncOutput, AsyncPrediction, Output, Prediction
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
from ._records import Delivery, DownloadedFile, SubmitRecord
from ._report import MediaInfo, Report, Violation
from ._settings import Backoff, Pacing, SubmitLimits
from ._sync import Paginator
from ._webhooks import WebhookVerifier

if TYPE_CHECKING:
    from ._account import Billing, DailyUsage, Model, ModelUsage, Price, Usage
    from ._aclient import AsyncClient
    from ._ajob import AsyncJob
    from ._async import AsyncPaginator
    from ._inputs import AnyInput as AnyInput
    from ._media import MediaSource as MediaSource
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
    "AsyncPaginator",
    "AsyncJob",
    "AsyncOutput",
    "AsyncPrediction",
    "AsyncRunResult",
    "AudioToVideo",
    "AuthenticationError",
    "Backoff",
    "BadRequestError",
    "Billing",
    "Checked",
    "Client",
    "ConfigError",
    "DailyUsage",
    "Delivery",
    "DownloadError",
    "Input",
    "InputError",
    "InsufficientCreditsError",
    "Paginator",
    "Job",
    "JobCancelledError",
    "JobError",
    "JobFailedError",
    "KlingEffects",
    "Media",
    "MediaInfo",
    "Model",
    "ModelUsage",
    "NotFoundError",
    "Output",
    "Pacing",
    "PermissionDeniedError",
    "Prediction",
    "Price",
    "RateLimitError",
    "Recovering",
    "Report",
    "Retrying",
    "RunResult",
    "DownloadedFile",
    "ServerError",
    "SubmissionUnknownError",
    "SubmitLimits",
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

# Where nobody listens, a library is silent.
_logging.getLogger("viseme").addHandler(_logging.NullHandler())
# Threads of Rust must not call into an interpreter that is going away.
_atexit.register(_native.shut_down)

# Who does not use asyncio does not wait for its import, nor for what few programs use.
_LATER = {
    "AsyncClient": "_aclient",
    "AsyncPaginator": "_async",
    "AsyncJob": "_ajob",
    "Billing": "_account",
    "DailyUsage": "_account",
    "Model": "_account",
    "ModelUsage": "_account",
    "Price": "_account",
    "Usage": "_account",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    face = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    face.__module__ = __name__
    globals()[name] = face
    return face


# In tracebacks and pickles, classes go by the name that people import them by.
for _face in [globals()[name] for name in __all__ if name not in _LATER]:
    if isinstance(_face, type):
        _face.__module__ = __name__
