/** The submit of a workflow: at most one job is paid for, wherever a worker dies. No Node APIs. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { SubmitRecord } from 'viseme';

import type { Activities } from './activities.ts';
import { NOT_SUBMITTED, SUBMISSION_UNKNOWN } from './codes.ts';
import { startSubmit } from './protocol.ts';
import type { PreparedSubmit, StartedSubmit } from './types.ts';

/** The activities and the limits of a submission. */
export interface SubmissionOptions {
  submit: Activities['submit'];
  recover: Activities['recover'];
  /** Returns the job that a webhook delivery named. */
  deliveredJob: () => string | undefined;
  onRecover: () => void;
  attempts: number;
  retryIntervalMs: number;
}

/** How long after the permission the POST may be sent: longer than `submit` can run. */
const SENT_WITHIN_MS = 15 * 60 * 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Submits, and returns the id of the job. An attempt that did not ask for its permission has sent nothing,
 * and never will: it is sent again. One that did is searched for, and never sent again.
 */
export async function submitOnce(
  prepared: PreparedSubmit,
  options: SubmissionOptions,
): Promise<string> {
  let current = 0;
  let started: StartedSubmit | undefined;
  setHandler(startSubmit, (asked) => void (started ??= asked), {
    validator: ({ attempt }) => {
      if (attempt !== current) throw new Error(`Attempt ${attempt} is over.`);
    },
  });
  for (let attempt = 1; ; attempt += 1) {
    current = attempt;
    started = undefined;
    let failure: unknown;
    try {
      return await options.submit(prepared, attempt);
    } catch (error) {
      failure = error instanceof ActivityFailure ? (error.cause ?? error) : error;
    } finally {
      // From here on, the workflow rejects this attempt.
      current = 0;
    }
    const { nothingSent, isFinal } = classify(failure, started);
    if (!nothingSent) return await search(prepared, started!, options);
    if (isFinal || attempt >= options.attempts) throw failure;
    await sleep(pauseMs(failure, attempt, options));
  }
}

function classify(
  failure: unknown,
  started: StartedSubmit | undefined,
): { nothingSent: boolean; isFinal: boolean } {
  const isKnown = failure instanceof ApplicationFailure && failure.type !== SUBMISSION_UNKNOWN;
  if (isKnown && NOT_SUBMITTED.includes(failure.type!))
    return { nothingSent: true, isFinal: false };
  // The client says that the service rejected it, or that it is invalid.
  if (isKnown && failure.nonRetryable) return { nothingSent: true, isFinal: true };
  return { nothingSent: started === undefined, isFinal: false };
}

/** Searches for the job of an attempt until it is found, or a webhook delivery names it. */
async function search(
  { model, input }: PreparedSubmit,
  { sentAt }: StartedSubmit,
  { recover, deliveredJob, onRecover }: SubmissionOptions,
): Promise<string> {
  onRecover();
  const record: SubmitRecord = { model, input, sentAt };
  const scope = new CancellationScope();
  const searched = scope.run(() => recover(record, SENT_WITHIN_MS));
  try {
    const named = condition(() => deliveredJob() !== undefined).then(() => deliveredJob()!);
    return await Promise.race([searched, named]);
  } catch (error) {
    if (isCancellation(error)) throw error;
    const cause = error instanceof ActivityFailure ? error.cause : error;
    const known = cause instanceof ApplicationFailure ? cause : undefined;
    throw ApplicationFailure.create({
      type: SUBMISSION_UNKNOWN,
      nonRetryable: true,
      message:
        `A worker was about to submit at ${sentAt}, and it is unknown whether the service accepted it ` +
        `(${known?.message ?? String(cause)}). It was not sent again. Look at the history of your ` +
        'account: if the job is there, start a workflow with its id as `jobId`; if it is not there ' +
        'after some minutes, start a workflow again.',
      details: [{ ...(known?.details?.[0] as object | undefined), record }],
    });
  } finally {
    searched.catch(() => undefined);
    scope.cancel();
  }
}

function pauseMs(failure: unknown, attempt: number, options: SubmissionOptions): number {
  const wanted = failure instanceof ApplicationFailure ? failure.nextRetryDelay : undefined;
  if (typeof wanted === 'number') return wanted;
  return Math.min(options.retryIntervalMs * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
}
