/** The codes of failures, in `ApplicationFailure.type`. Without Node APIs: workflows import it. */

/** The errors of Viseme that may go well on the next attempt. */
export const TEMPORARY: readonly string[] = [
  'connection',
  'request_timeout',
  'rate_limit',
  'server',
  'unexpected_response',
  'upload',
  'download',
  'wait_timeout',
];

/** The worker ends, or the client was closed. Nothing was submitted. */
export const WORKER_SHUTDOWN = 'worker_shutdown';

/** The workflow did not permit the submit, or could not be asked. Nothing was submitted. */
export const NOT_PERMITTED = 'not_permitted';

/** The outcome of a submit is unknown: there may be a job, which was charged for. */
export const SUBMISSION_UNKNOWN = 'submission_unknown';

/**
 * Failures of `submit` that prove that the service accepted nothing, but that may go well on the next
 * attempt.
 */
export const NOT_SUBMITTED: readonly string[] = [
  'connection',
  'rate_limit',
  WORKER_SHUTDOWN,
  NOT_PERMITTED,
];
