import { Prediction, type PredictionData } from './prediction';
import type { Violation } from './report';
import type { Reach } from './native';

/** What was submitted and when: plain JSON, enough for {@link Client.recover}. */
export interface SubmitRecord {
  /** The model's id. */
  readonly model: string;
  /** The body that was sent, with the URLs of uploaded media. */
  readonly input: unknown;
  /** When it was sent, by this machine's clock, such as `2026-01-01T00:00:00Z`. */
  readonly sentAt: string;
}

/** A stable code, the same in every language. `docs/errors.md` lists them. */
export type ErrorCode =
  | 'config'
  | 'invalid_input'
  | 'connection'
  | 'request_timeout'
  | 'bad_request'
  | 'authentication'
  | 'insufficient_credits'
  | 'permission_denied'
  | 'not_found'
  | 'rate_limit'
  | 'server'
  | 'api_status'
  | 'unexpected_response'
  | 'submission_unknown'
  | 'upload'
  | 'download'
  | 'webhook'
  | 'job_failed'
  | 'job_cancelled'
  | 'wait_timeout';

/** An error as it comes over the border. */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  attempts: number;
  jobId?: string;
  appCode?: number;
  prediction?: PredictionData;
  status?: number;
  requestId?: string;
  retryAfterMs?: number;
  body?: string;
  violations?: Violation[];
  record?: SubmitRecord;
  candidates?: PredictionData[];
  causes?: string[];
}

/** The base of every error that Viseme raises, but for {@link AbortError}. */
export abstract class VisemeError extends Error {
  /** The stable code, the same in every language. */
  readonly code: ErrorCode;
  /** The job's id, on every error raised after it was known: `client.job(id)` goes on from it. */
  readonly jobId: string | undefined;
  /** How many times the failed step was tried. */
  readonly attempts: number;
  /** The service's application code (1200, 1402, …). */
  readonly appCode: number | undefined;
  /** The last state of the job that was seen. */
  readonly prediction: Prediction | undefined;
  /** The HTTP status, where an HTTP answer came. */
  readonly status: number | undefined;
  /** The service's id of the request, worth quoting to its support. */
  readonly requestId: string | undefined;
  /** How long the service asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The answer's body as text, at most 4096 bytes, without the key. */
  readonly body: string | undefined;

  /** @internal */
  constructor(data: ErrorData, reach?: Reach) {
    super(data.message, causes(data.causes ?? []));
    this.code = data.code;
    this.attempts = data.attempts;
    this.jobId = data.jobId;
    this.appCode = data.appCode;
    this.prediction = data.prediction && new Prediction(data.prediction, reach);
    this.status = data.status;
    this.requestId = data.requestId;
    this.retryAfterMs = data.retryAfterMs;
    this.body = data.body;
    hide(this, absent(this));
  }
}

/** The client was set up with something it cannot use, or there is no API key. Nothing was sent. */
export class ConfigError extends VisemeError {}

/** The input or its media break the model's rules. Nothing was submitted, nothing was spent. */
export class InputError extends VisemeError {
  /** Every broken rule. */
  readonly violations: readonly Violation[];

  /** @internal */
  constructor(data: ErrorData, reach?: Reach) {
    super(data, reach);
    this.violations = data.violations ?? [];
  }
}

/** The base of what went wrong between this machine and the service. */
export abstract class ApiError extends VisemeError {}

/** The service could not be reached, or the connection broke. */
export class ApiConnectionError extends ApiError {}

/** One request took longer than the request timeout. */
export class ApiTimeoutError extends ApiConnectionError {}

/** The service answered with an HTTP status that is not a success; the base of the usual ones. */
export class ApiStatusError extends ApiError {}

/** HTTP 400 or 422: the service refused the request as wrong. */
export class BadRequestError extends ApiStatusError {}

/** HTTP 401: the API key is missing or not accepted. */
export class AuthenticationError extends ApiStatusError {}

/** The account is out of credits. */
export class InsufficientCreditsError extends ApiStatusError {}

/** HTTP 403: the key may not do this, or the account is suspended. */
export class PermissionDeniedError extends ApiStatusError {}

/** HTTP 404: there is no such job, model or file, or no longer. Jobs are kept for seven days. */
export class NotFoundError extends ApiStatusError {}

/** HTTP 429, and trying again as often as allowed did not help. */
export class RateLimitError extends ApiStatusError {}

/** HTTP 5xx: the service failed. */
export class ServerError extends ApiStatusError {}

/** The service answered with something that cannot be understood. */
export class ApiResponseError extends ApiError {}

/**
 * The answer to the submit was lost, and no job, or more than one, could be it. It is not sent
 * again, as that might pay twice.
 */
export class SubmissionUnknownError extends VisemeError {
  /** What was submitted and when: keep it, and call {@link Client.recover} later. */
  readonly record: SubmitRecord | undefined;
  /** The jobs of the history that could be the lost one. */
  readonly candidates: readonly Prediction[];

  /** @internal */
  constructor(data: ErrorData, reach?: Reach) {
    super(data, reach);
    this.record = data.record;
    this.candidates = (data.candidates ?? []).map((one) => new Prediction(one, reach));
  }
}

/** A file could not be uploaded. Nothing was submitted. */
export class UploadError extends VisemeError {}

/** An output could not be downloaded or saved. The job is done and paid. */
export class DownloadError extends VisemeError {}

/** A webhook delivery could not be verified or read: answer it with a 4xx status. */
export class WebhookError extends VisemeError {}

/** The base of what became of a job. It always has a `jobId`. */
export abstract class JobError extends VisemeError {}

/** The job ended as `failed`. The service refunds failed jobs. */
export class JobFailedError extends JobError {}

/** The job ended as `cancelled`, `timeout` or `deleted` on the service's side. */
export class JobCancelledError extends JobError {}

/** `timeoutMs` passed while the job was still running. The job goes on: wait again by its id. */
export class WaitTimeoutError extends JobError {}

/**
 * The caller's signal was aborted, or the client closed. `cause` is the signal's reason. Polling has
 * stopped; a job that was submitted goes on at the service.
 */
export class AbortError extends Error {
  /** The code that Node itself gives such errors. */
  readonly code = 'ABORT_ERR';

  /** @internal */
  constructor(reason: unknown) {
    super('The operation was aborted. A job that was submitted goes on.', { cause: reason });
  }
}

type Concrete = new (data: ErrorData, reach?: Reach) => VisemeError;

const CLASSES: Record<ErrorCode, Concrete> = {
  config: ConfigError,
  invalid_input: InputError,
  connection: ApiConnectionError,
  request_timeout: ApiTimeoutError,
  bad_request: BadRequestError,
  authentication: AuthenticationError,
  insufficient_credits: InsufficientCreditsError,
  permission_denied: PermissionDeniedError,
  not_found: NotFoundError,
  rate_limit: RateLimitError,
  server: ServerError,
  api_status: ApiStatusError,
  unexpected_response: ApiResponseError,
  submission_unknown: SubmissionUnknownError,
  upload: UploadError,
  download: DownloadError,
  webhook: WebhookError,
  job_failed: JobFailedError,
  job_cancelled: JobCancelledError,
  wait_timeout: WaitTimeoutError,
};

// Names as constants: `constructor.name` does not survive a minifier.
const NAMES: [string, abstract new (...all: never[]) => Error][] = Object.entries({
  ...{ ConfigError, InputError, ApiConnectionError, ApiTimeoutError, ApiStatusError },
  ...{ BadRequestError, AuthenticationError, InsufficientCreditsError, PermissionDeniedError },
  ...{ NotFoundError, RateLimitError, ServerError, ApiResponseError, SubmissionUnknownError },
  ...{ UploadError, DownloadError, WebhookError, JobFailedError, JobCancelledError },
  ...{ WaitTimeoutError, AbortError, VisemeError, ApiError, JobError },
});
for (const [name, { prototype }] of NAMES) {
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true });
}

/** The error of the fitting class; its stack begins where this is called. */
export function errorOf(data: ErrorData, reach?: Reach): VisemeError {
  return new (CLASSES[data.code] ?? ApiResponseError)(data, reach);
}

/** An error that the face itself raises. */
export function refused(code: 'config' | 'invalid_input' | 'webhook', message: string) {
  return errorOf({ code, message, attempts: 1 });
}

/** The errors behind an error, each the cause of the one before. */
function causes(messages: string[]): ErrorOptions | undefined {
  let cause: Error | undefined;
  for (const message of [...messages].reverse()) {
    cause = new Error(message, cause && { cause });
    // Where it was made says nothing: it came from the native part.
    cause.stack = `Error: ${message}`;
  }
  return cause && { cause };
}

function absent(error: object): string[] {
  return Object.entries(error).flatMap(([name, value]) => (value === undefined ? [name] : []));
}

/** What is not known shall not fill the console when the error is printed. */
function hide(error: object, names: string[]): void {
  for (const name of names) {
    Object.defineProperty(error, name, { enumerable: false });
  }
}
