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

import { lipSync } from './job.ts';
import type {
  BatchClip,
  FailedClip,
  LipSyncBatchInput,
  LipSyncBatchResult,
  LipSyncInput,
} from './types.ts';

/**
 * Runs a workflow for each clip. A clip that fails does not stop the others. A clip whose workflow ran
 * before, in a batch of the same id, is not run again.
 */
export async function lipSyncBatch(given: LipSyncBatchInput): Promise<LipSyncBatchResult> {
  const { clips, common = {}, concurrency = 20, continueAfter = 500 } = given;
  const result = given.finished ?? { completed: [], failed: [] };
  const now = clips.slice(0, continueAfter);
  const later = clips.slice(continueAfter);
  const next = now.values();
  const work = async () => {
    for (const clip of next) await runClip(clip, common, result);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, now.length) }, work));
  if (later.length === 0) return result;
  return await continueAsNew<typeof lipSyncBatch>({ ...given, clips: later, finished: result });
}

async function runClip(
  { id, ...own }: BatchClip,
  common: Partial<LipSyncInput>,
  result: LipSyncBatchResult,
): Promise<void> {
  try {
    const done = await executeChild(lipSync, {
      workflowId: `${workflowInfo().workflowId}/${id}`,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [{ ...common, ...own }],
    });
    result.completed.push({ id, ...done });
  } catch (error) {
    // Of the batch itself: a clip that was cancelled does not stop the others.
    if (CancellationScope.current().consideredCancelled) throw error;
    result.failed.push({ id, ...describe(error) });
  }
}

function describe(error: unknown): Omit<FailedClip, 'id'> {
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    const message = 'A workflow with the id of this clip ran before: see its result.';
    return { code: 'already_started', message };
  }
  if (isCancellation(error)) {
    return { code: 'cancelled', message: 'The workflow of this clip was cancelled.' };
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
