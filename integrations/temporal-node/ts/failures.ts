/** Errors of Viseme as failures of Temporal. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import {
  AbortError,
  InputError,
  SubmissionUnknownError,
  VisemeError,
  type Violation,
} from 'viseme';

import { SUBMISSION_UNKNOWN, TEMPORARY, WORKER_SHUTDOWN } from './codes.ts';

/** What a failure has in its `details[0]`. */
export interface FailureDetails {
  jobId?: string;
  status?: number;
  appCode?: number;
  requestId?: string;
  violations?: readonly Violation[];
  /** The ids of the jobs that may belong to a submit with an unknown outcome. */
  candidates?: string[];
}

/**
 * Returns the failure of an error: its type is the stable code, and it is retryable if the next attempt
 * may go well. It has no cause, no headers and no body, and so never the API key.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof AbortError) {
    const isUnknown = error.records.length > 0;
    return ApplicationFailure.create({
      type: isUnknown ? SUBMISSION_UNKNOWN : WORKER_SHUTDOWN,
      message: error.message,
      nonRetryable: isUnknown,
    });
  }
  if (!(error instanceof VisemeError)) {
    return ApplicationFailure.create({ type: 'internal', message: String(error) });
  }
  const { code, message, retryAfterMs } = error;
  return ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: !TEMPORARY.includes(code),
    details: [detailsOf(error)],
    ...(retryAfterMs !== undefined && { nextRetryDelay: retryAfterMs }),
  });
}

function detailsOf(error: VisemeError): FailureDetails {
  const { jobId, status, appCode, requestId } = error;
  const all = {
    jobId,
    status,
    appCode,
    requestId,
    violations: error instanceof InputError ? error.violations : undefined,
    candidates:
      error instanceof SubmissionUnknownError ? error.candidates.map(({ id }) => id) : undefined,
  };
  const known = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as FailureDetails;
}
