"""A plugin for workers."""

from __future__ import annotations

import dataclasses

import viseme
from temporalio.plugin import SimplePlugin
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from ._activities import VisemeActivities
from ._workflows import BatchWorkflow, JobWorkflow


class VisemePlugin(SimplePlugin):
    """Adds the activities and workflows: ``Worker(…, plugins=[VisemePlugin(client)])``."""

    def __init__(self, client: viseme.AsyncClient) -> None:
        """Create a plugin. `client` has the API key, which never leaves the worker."""
        super().__init__(
            "viseme",
            activities=VisemeActivities(client).all,
            workflows=[JobWorkflow, BatchWorkflow],
            workflow_runner=_pass_through,
        )


def _pass_through(runner: WorkflowRunner | None) -> WorkflowRunner:
    if runner is None:
        raise ValueError("The worker has no workflow runner.")
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner
    # The native module can be imported once only.
    restrictions = runner.restrictions.with_passthrough_modules("viseme", "viseme_temporal")
    return dataclasses.replace(runner, restrictions=restrictions)
