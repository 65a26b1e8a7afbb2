"""Temporal activities and workflows that pay for each lip-sync job once, whatever dies."""

from temporalio import workflow as _workflow

# The sandbox of workflows must not import the native module again.
with _workflow.unsafe.imports_passed_through():
    from . import _exit as _exit
    from ._activities import VisemeActivities, application_error
    from ._plugin import VisemePlugin
    from ._webhooks import complete_from_webhook

from ._data import Job, JobResult, JobState, Record, Timing
from ._job import JobRunner
from ._workflows import Batch, BatchFailure, BatchResult, BatchWorkflow, JobWorkflow

__all__ = [
    "Batch",
    "BatchFailure",
    "BatchResult",
    "BatchWorkflow",
    "Job",
    "JobResult",
    "JobRunner",
    "JobState",
    "JobWorkflow",
    "Record",
    "Timing",
    "VisemeActivities",
    "VisemePlugin",
    "application_error",
    "complete_from_webhook",
]
