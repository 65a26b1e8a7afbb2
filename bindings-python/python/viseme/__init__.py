"""Lip-syncs a video to an audio track, with Kling LipSync on WaveSpeedAI.

::

    import viseme

    prediction = viseme.run(viseme.AudioToVideo(audio="voice.mp3", video="face.mp4"))
    prediction.save("result.mp4")
"""

from __future__ import annotations

import atexit as _atexit
import logging as _logging
import sys as _sys
from typing import TYPE_CHECKING

from . import _native
from ._batch_options import BatchOptions
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
from ._generated import Fix, MediaInfo, Report, SubmitRecord, Violation
from ._inputs import AudioToVideo, Input, KlingEffects, Media, TextToVideo
from ._jobs import AsyncJob, Job
from ._media_options import DubOptions, FitOptions
from ._models import (
    BaseOutput,
    BasePrediction,
    Delivery,
    DownloadedFile,
    Output,
    Prediction,
)
from ._module_client import check, mock, run
from ._progress import VisemeWarning
from ._run_many import RunResult
from ._settings import (
    Backoff,
    ClientSettings,
    Pacing,
    RunManyOptions,
    RunOptions,
    SubmitLimits,
    SubmitOptions,
)
from ._sync_executor import Paginator

if TYPE_CHECKING:
    from ._async_client import AsyncClient
    from ._async_executor import AsyncPaginator, AsyncRunResult
    from ._async_models import AsyncDelivery, AsyncOutput, AsyncPrediction
    from ._batch import AsyncBatch, Batch, BatchItem, BatchStopReason, BatchSummary
    from ._dub import AsyncDub, Dub, DubPlan, DubResult, DubSegment, DubUpdate
    from ._events import (
        Checked,
        Recovering,
        Retrying,
        Submitted,
        Submitting,
        Update,
        Uploaded,
        Uploading,
    )
    from ._events import OnProgress as OnProgress
    from ._events import Progress as Progress
    from ._fit import FitResult, FitStep, FittedFile
    from ._generated import ItemState as ItemState
    from ._generated import KnownStatus as KnownStatus
    from ._generated import LedgerState as LedgerState
    from ._generated import Status as Status
    from ._generated_account import Billing, DailyUsage, Model, ModelUsage, Price, Usage
    from ._inputs import AnyInput as AnyInput
    from ._inputs import MediaSource as MediaSource
    from ._ledger import AsyncLedger, Ledger, LedgerSubmit
    from ._webhooks import WebhookVerifier

__version__ = _native.version()

__all__ = [
    "ApiConnectionError",
    "ApiError",
    "ApiResponseError",
    "ApiStatusError",
    "ApiTimeoutError",
    "AsyncBatch",
    "AsyncClient",
    "AsyncDelivery",
    "AsyncDub",
    "AsyncJob",
    "AsyncLedger",
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
    "Batch",
    "BatchItem",
    "BatchOptions",
    "BatchStopReason",
    "BatchSummary",
    "Billing",
    "Checked",
    "Client",
    "ClientSettings",
    "ConfigError",
    "DailyUsage",
    "Delivery",
    "DownloadError",
    "DownloadedFile",
    "Dub",
    "DubOptions",
    "DubPlan",
    "DubResult",
    "DubSegment",
    "DubUpdate",
    "FitOptions",
    "FitResult",
    "FitStep",
    "FittedFile",
    "Fix",
    "Input",
    "InputError",
    "InsufficientCreditsError",
    "Job",
    "JobCancelledError",
    "JobError",
    "JobFailedError",
    "KlingEffects",
    "Ledger",
    "LedgerError",
    "LedgerSubmit",
    "Media",
    "MediaInfo",
    "Model",
    "ModelUsage",
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
    "RunManyOptions",
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

# Programs do not pay for the import of what they do not use.
_LAZY_MODULES = {
    "_async_client": ["AsyncClient"],
    "_async_executor": ["AsyncPaginator", "AsyncRunResult"],
    "_async_models": ["AsyncDelivery", "AsyncOutput", "AsyncPrediction"],
    "_dub": ["AsyncDub", "Dub", "DubPlan", "DubResult", "DubSegment", "DubUpdate"],
    "_batch": ["AsyncBatch", "Batch", "BatchItem", "BatchStopReason", "BatchSummary"],
    "_events": [
        *["Checked", "Recovering", "Retrying", "Submitted", "Submitting"],
        *["Update", "Uploaded", "Uploading", "OnProgress", "Progress"],
    ],
    "_fit": ["FitResult", "FitStep", "FittedFile"],
    "_generated": ["KnownStatus", "Status"],
    "_generated_account": ["Billing", "DailyUsage", "Model", "ModelUsage", "Price", "Usage"],
    "_inputs": ["AnyInput", "MediaSource"],
    "_ledger": ["AsyncLedger", "Ledger", "LedgerSubmit"],
    "_webhooks": ["WebhookVerifier"],
}
_LAZY = {name: module for module, names in _LAZY_MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        message = f"module {__name__!r} has no attribute {name!r}"
        # With these, a traceback suggests the name of `dir` that was meant.
        raise AttributeError(message, name=name, obj=_sys.modules[__name__])
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    if isinstance(value, type):
        value.__module__ = __name__
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    special = (name for name in globals() if name.startswith("__"))
    return sorted({*__all__, *_LAZY, *special})


# Tracebacks and pickles show classes under the name that users import.
for _class in [globals()[name] for name in __all__ if name not in _LAZY]:
    if isinstance(_class, type):
        _class.__module__ = __name__
