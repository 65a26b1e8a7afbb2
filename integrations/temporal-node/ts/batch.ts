/** The workflow of a batch. Without Node APIs. */
import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  continueAsNew,
  executeChild,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';

import { visemeJob } from './job.ts';
import type { Batch, BatchFailure, BatchResult, Job } from './types.ts';

/**
 * Runs many jobs, each in a child workflow with the id `BATCH/KEY`. A job that fails does not stop the
 * others. A key that ran before, in a batch of the same id, is not run again.
 *
 * The end of the batch leaves its children running, because their jobs are paid for. A cancellation
 * cancels them.
 */
export async function visemeBatch(batch: Batch): Promise<BatchResult> {
  const { jobs, limit = 20, runLength = 500 } = batch;
  const result = batch.result ?? { completed: {}, failed: [] };
  const all = Object.entries(jobs);
  const now = all.slice(0, runLength);
  const later = Object.fromEntries(all.slice(runLength));
  const next = now.values();
  const work = async () => {
    for (const [key, job] of next) await runJob(key, job, result);
  };
  await Promise.all(Array.from({ length: Math.min(limit, now.length) }, work));
  if (all.length <= runLength) return result;
  return await continueAsNew<typeof visemeBatch>({ ...batch, jobs: later, result });
}

async function runJob(key: string, job: Job, result: BatchResult): Promise<void> {
  try {
    const { jobId } = await executeChild(visemeJob, {
      workflowId: `${workflowInfo().workflowId}/${key}`,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      parentClosePolicy: 'ABANDON',
      args: [job],
    });
    result.completed[key] = jobId;
  } catch (error) {
    // Of the batch itself: a job that was cancelled does not stop the others.
    if (CancellationScope.current().consideredCancelled) throw error;
    result.failed.push({ key, ...describe(error) });
  }
}

function describe(error: unknown): Omit<BatchFailure, 'key'> {
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    const message = 'A workflow with the id of this key ran before: see its result.';
    return { code: 'already_started', message };
  }
  if (isCancellation(error)) {
    return { code: 'cancelled', message: 'The workflow of this key was cancelled.' };
  }
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure)) return { code: 'internal', message: String(cause) };
  const { jobId } = (cause.details?.[0] ?? {}) as { jobId?: string };
  return {
    code: cause.type ?? 'internal',
    message: cause.message,
    ...(jobId !== undefined && { jobId }),
  };
}
