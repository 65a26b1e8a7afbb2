"""Tells a workflow that a webhook was delivered."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from . import _names as names


async def complete_from_webhook(temporal: Client, url: str, job_id: str) -> bool:
    """Signal the workflow of a webhook delivery that its job has ended.

    Verify the delivery first, and pass the job id of its verified body. The workflow then reads the
    job itself. Returns False if the URL names no workflow, or the workflow does not run any more.

    Args:
        temporal: The client of Temporal.
        url: The URL of the delivery, or its path and query.
        job_id: The id in the verified body: ``delivery.prediction.id``.
    """
    parameters = parse_qs(urlsplit(url).query)
    workflow_id = parameters.get(names.WORKFLOW_PARAMETER, [""])[0]
    signal = parameters.get(names.SIGNAL_PARAMETER, [""])[0]
    if not workflow_id or not signal.startswith(names.COMPLETED):
        return False
    try:
        await temporal.get_workflow_handle(workflow_id).signal(signal, job_id)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True
