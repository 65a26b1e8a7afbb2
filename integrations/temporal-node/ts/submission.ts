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
import { sending } from './protocol.ts';
import type { PreparedSubmit, Sending } from './types.ts';

/** The activities and the limits of a submission. */
export interface SubmissionOptions {
  submit: Activities['visemeSubmit'];
  recover: Activities['visemeRecover'];
  /** Returns the job that a person or a webhook delivery named. */
  namedJob: () => string | undefined;
  /** Returns whether a person gave up the submit, once. */
  takeGivenUp: () => boolean;
  isGivenUp: () => boolean;
  onRecover: (record: SubmitRecord, error: string) => void;
  onSubmit: () => void;
  attempts: number;
  retryIntervalMs: number;
  recoverPausesMs: number[];
  recoverForMs: number;
}

/** How long after the permission the POST may be sent: longer than `visemeSubmit` can run. */
const SENT_WITHIN_MS = 15 * 60 * 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Submits, and returns the id of the job. An attempt that did not ask for its permission has sent nothing,
 * and never will: it is sent again. One that did is searched for, and never sent again unless it is given
 * up.
 */
export async function submitOnce(
  prepared: PreparedSubmit,
  options: SubmissionOptions,
): Promise<string> {
  let allowed = 0;
  let sent: Sending | undefined;
  setHandler(sending, (asked) => void (sent ??= asked), {
    validator: ({ attempt }) => {
      if (attempt !== allowed) throw new Error(`The workflow has given up attempt ${attempt}.`);
    },
  });
  let failures = 0;
  for (let attempt = 1; ; attempt += 1) {
    options.onSubmit();
    allowed = attempt;
    sent = undefined;
    let failure: unknown;
    try {
      return await options.submit(prepared, attempt);
    } catch (error) {
      failure = error instanceof ActivityFailure ? (error.cause ?? error) : error;
    } finally {
      // From here on, the workflow rejects this attempt.
      allowed = 0;
    }
    const { nothingSent, isFinal } = classify(failure, sent);
    if (nothingSent) {
      failures += 1;
      if (isFinal || failures >= options.attempts) throw failure;
      await sleep(pauseMs(failure, failures, options));
    } else {
      const jobId = await search(sent!.record, failure, options);
      if (jobId !== undefined) return jobId;
    }
  }
}

function classify(
  failure: unknown,
  sent: Sending | undefined,
): { nothingSent: boolean; isFinal: boolean } {
  const isKnown = failure instanceof ApplicationFailure && failure.type !== SUBMISSION_UNKNOWN;
  if (isKnown && NOT_SUBMITTED.includes(failure.type!))
    return { nothingSent: true, isFinal: false };
  // The client says that the service rejected it, or that it is invalid.
  if (isKnown && failure.nonRetryable) return { nothingSent: true, isFinal: true };
  return { nothingSent: sent === undefined, isFinal: false };
}

/**
 * Searches for the job of a submit until it is found or named. Returns `undefined` if the submit was given
 * up.
 */
async function search(
  record: SubmitRecord,
  reason: unknown,
  options: SubmissionOptions,
): Promise<string | undefined> {
  const { namedJob, isGivenUp, takeGivenUp, recoverPausesMs, recoverForMs } = options;
  const end = Date.now() + recoverForMs;
  const isDecided = () => namedJob() !== undefined || isGivenUp();
  let error = reason;
  for (let searches = 0; ; searches += 1) {
    options.onRecover(record, messageOf(error));
    try {
      const found = await race(() => options.recover(record, SENT_WITHIN_MS), isDecided);
      if (found !== undefined) return found;
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
      error = failure instanceof ActivityFailure ? failure.cause : failure;
      options.onRecover(record, messageOf(error));
      const pause = recoverPausesMs[Math.min(searches, recoverPausesMs.length - 1)] ?? 60_000;
      if (!isDecided()) await condition(isDecided, Math.max(1, Math.min(pause, end - Date.now())));
    }
    if (namedJob() !== undefined) return namedJob();
    if (takeGivenUp()) return undefined;
    if (Date.now() >= end) throw unknown(record, error);
  }
}

/** Returns the result of an activity, or `undefined` if the condition holds before. */
async function race(
  activity: () => Promise<string>,
  until: () => boolean,
): Promise<string | undefined> {
  const scope = new CancellationScope();
  const result = scope.run(activity);
  try {
    return await Promise.race([result, condition(until).then(() => undefined)]);
  } finally {
    result.catch(() => undefined);
    scope.cancel();
  }
}

function unknown(record: SubmitRecord, error: unknown): ApplicationFailure {
  const known = error instanceof ApplicationFailure ? error.details?.[0] : undefined;
  return ApplicationFailure.create({
    type: SUBMISSION_UNKNOWN,
    nonRetryable: true,
    message:
      `A worker was about to submit at ${record.sentAt}, and it is unknown whether the service accepted ` +
      `it (${messageOf(error)}). It was not sent again. Look at the history of your account: if the ` +
      'job is there, start a workflow with its id as `jobId`; if it is not, start a workflow again.',
    details: [{ ...(known as object | undefined), record }],
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function pauseMs(failure: unknown, failures: number, options: SubmissionOptions): number {
  const wanted = failure instanceof ApplicationFailure ? failure.nextRetryDelay : undefined;
  if (typeof wanted === 'number') return wanted;
  return Math.min(options.retryIntervalMs * 2 ** (failures - 1), LONGEST_PAUSE_MS);
}
