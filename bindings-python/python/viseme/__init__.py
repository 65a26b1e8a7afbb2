"""Lip-syncs a video to an audio track, with Kling LipSync on WaveSpeedAI.

::

    import viseme

    prediction = viseme.run(viseme.AudioToVideo(audio="voice.mp3", video="face.mp4"))
    prediction.save("result.mp4")
"""

from __future__ import annotations

import atexit as _atexit
import sys as _sys

from . import _native

# A type checker takes this for true. `typing` itself is imported with the first name that is used.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._async_client import AsyncClient
    from ._async_executor import AsyncPaginator, AsyncRunResult
    from ._async_models import AsyncDelivery, AsyncOutput, AsyncPrediction
    from ._batch import AsyncBatch, Batch, BatchItem, BatchStopReason, BatchSummary
    from ._batch_options import BatchOptions
    from ._client import Client
    from ._dub import AsyncDub, Dub, DubPlan, DubResult, DubSegment, DubUpdate
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
    from ._generated_reports import Fix, MediaInfo, Report, SubmitRecord, Violation
    from ._inputs import AnyInput as AnyInput
    from ._inputs import AudioToVideo, Input, KlingEffects, Media, TextToVideo
    from ._inputs import MediaSource as MediaSource
    from ._jobs import AsyncJob, Job
    from ._ledger import AsyncLedger, Ledger, LedgerSubmit
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

# Threads of Rust must not call into an interpreter that is shutting down.
_atexit.register(_native.shut_down)

# Nothing below is imported before one of its names is used: a program that imports this package,
# but runs without it this time, such as `--help` of a command, pays for the native part alone.
_MODULES = {
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
    "_generated_account": ["Billing", "DailyUsage", "Model", "ModelUsage", "Price", "Usage"],
    "_generated_reports": ["Fix", "MediaInfo", "Report", "SubmitRecord", "Violation"],
    "_ledger": ["AsyncLedger", "Ledger", "LedgerSubmit"],
    "_webhooks": ["WebhookVerifier"],
}
# What every client needs. The first name that is used loads all of it.
_CLIENT_MODULES = {
    "_batch_options": ["BatchOptions"],
    "_client": ["Client"],
    "_errors": [
        *["ApiConnectionError", "ApiError", "ApiResponseError", "ApiStatusError"],
        *["ApiTimeoutError", "AuthenticationError", "BadRequestError", "ConfigError"],
        *["DownloadError", "InputError", "InsufficientCreditsError", "JobCancelledError"],
        *["JobError", "JobFailedError", "LedgerError", "NotFoundError", "PermissionDeniedError"],
        *["RateLimitError", "ServerError", "SubmissionUnknownError", "UploadError"],
        *["VisemeError", "WaitTimeoutError", "WebhookError"],
    ],
    "_generated": [
        *["ItemState", "KnownStatus", "LedgerState", "Status"],
    ],
    "_inputs": [
        *["AnyInput", "AudioToVideo", "Input", "KlingEffects", "Media", "MediaSource"],
        "TextToVideo",
    ],
    "_jobs": ["AsyncJob", "Job"],
    "_media_options": ["DubOptions", "FitOptions"],
    "_models": [
        *["BaseOutput", "BasePrediction", "Delivery", "DownloadedFile", "Output", "Prediction"],
    ],
    "_module_client": ["check", "mock", "run"],
    "_progress": ["VisemeWarning"],
    "_run_many": ["RunResult"],
    "_settings": [
        *["Backoff", "ClientSettings", "Pacing", "RunManyOptions", "RunOptions"],
        *["SubmitLimits", "SubmitOptions"],
    ],
    "_sync_executor": ["Paginator"],
}
_NAMES = {
    name: module
    for modules in (_MODULES, _CLIENT_MODULES)
    for module, names in modules.items()
    for name in names
}


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        # With these, a traceback suggests the name of `dir` that was meant.
        raise AttributeError(message, name=name, obj=_sys.modules[__name__])
    module = _NAMES[name]
    if module in _CLIENT_MODULES:
        for each, names in _CLIENT_MODULES.items():
            _publish(each, names)
    else:
        _publish(module, [name])
    return globals()[name]


def _publish(module: str, names: list[str]) -> None:
    from importlib import import_module

    loaded = import_module(f"{__name__}.{module}")
    for name in names:
        value = getattr(loaded, name)
        if isinstance(value, type):
            # Tracebacks and pickles show classes under the name that users import.
            value.__module__ = __name__
        globals()[name] = value


def __dir__() -> list[str]:
    special = (name for name in globals() if name.startswith("__"))
    return sorted({*__all__, *_NAMES, *special})
