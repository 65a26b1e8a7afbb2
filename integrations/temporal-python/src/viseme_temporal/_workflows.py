"""The workflows: one job, and many."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import (
    ApplicationError,
    ChildWorkflowError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)
from temporalio.workflow import ParentClosePolicy

from ._data import Job, JobResult
from ._job import JobRunner

ALREADY_STARTED = "already_started"


@workflow.defn(name="viseme_job")
class JobWorkflow:
    """Runs one job. Start it with the id of your clip, and with REJECT_DUPLICATE."""

    @workflow.init
    def __init__(self, job: Job) -> None:
        self._runner = JobRunner(job)

    @workflow.run
    async def run(self, job: Job) -> JobResult:
        """Return the result of the job."""
        return await self._runner.run()


@dataclass(frozen=True)
class BatchFailure:
    """A job of a batch without a result."""

    key: str
    """The key of the job."""
    code: str
    """The code of the error; ``already_started`` if the batch ran this key before."""
    message: str
    """What went wrong."""
    job_id: str | None = None
    """The id of the job, if it was submitted."""


@dataclass(frozen=True)
class BatchResult:
    """How the jobs of a batch ended."""

    completed: dict[str, str] = field(default_factory=dict[str, str])
    """The ids of the completed jobs by key."""
    failed: list[BatchFailure] = field(default_factory=list[BatchFailure])
    """The others."""


@dataclass(frozen=True)
class Batch:
    """Many jobs by key. The key is the id of your clip, the same in each run of your pipeline."""

    jobs: dict[str, Job]
    """The jobs by key."""
    limit: int = 20
    """How many run at the same time."""
    run_length: int = 500
    """After how many jobs the workflow continues as new, to keep its history short."""
    result: BatchResult = BatchResult()
    """What the runs before have done. Leave it out."""


@workflow.defn(name="viseme_batch")
class BatchWorkflow:
    """Runs many jobs, each in a child workflow with the id ``BATCH/KEY``.

    The end of the batch leaves its children running, because their jobs are paid for. A
    cancellation cancels them.
    """

    @workflow.run
    async def run(self, batch: Batch) -> BatchResult:
        """Return how the jobs ended. A failed job does not fail the batch."""
        keys = list(batch.jobs)
        result = BatchResult(dict(batch.result.completed), list(batch.result.failed))
        slots = asyncio.Semaphore(batch.limit)

        async def run_one(key: str) -> None:
            async with slots:
                await _run_child(key, batch.jobs[key], result)

        await asyncio.gather(*map(run_one, keys[: batch.run_length]))
        rest = {key: batch.jobs[key] for key in keys[batch.run_length :]}
        if rest:
            workflow.continue_as_new(replace(batch, jobs=rest, result=result))
        return result


async def _run_child(key: str, job: Job, result: BatchResult) -> None:
    try:
        ended = await workflow.execute_child_workflow(
            JobWorkflow.run,
            job,
            id=f"{workflow.info().workflow_id}/{key}",
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            parent_close_policy=ParentClosePolicy.ABANDON,
        )
    except WorkflowAlreadyStartedError as error:
        result.failed.append(BatchFailure(key, ALREADY_STARTED, str(error)))
    except ChildWorkflowError as error:
        if is_cancelled_exception(error):
            raise
        result.failed.append(_failure(key, error))
    else:
        result.completed[key] = ended.job_id


def _failure(key: str, error: ChildWorkflowError) -> BatchFailure:
    cause = error.cause
    if not isinstance(cause, ApplicationError):
        return BatchFailure(key, "unknown", str(cause))
    detail = cause.details[0] if cause.details and isinstance(cause.details[0], dict) else {}
    return BatchFailure(key, cause.type or "unknown", cause.message, detail.get("job_id"))
