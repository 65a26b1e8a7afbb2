import type { ErrorCode, ErrorData, OpenJobs, SubmitRecordData, Violation } from './generated/dto';
import { Prediction, type Downloader } from './prediction';

/** What was submitted and when: plain JSON, enough for {@link Client.recover}. */
export type SubmitRecord = SubmitRecordData;

/** The base class of every error of Viseme, except {@link AbortError}. */
export abstract class VisemeError extends Error {
  /** The stable code, the same in every language. */
  readonly code: ErrorCode;
  /** The job's id, on every error after it was known: `client.job(id)` continues from it. */
  readonly jobId: string | undefined;
  /** How many times the failed step was tried. */
  readonly attempts: number;
  /** The service's application code (1200, 1402, …). */
  readonly appCode: number | undefined;
  /** The last state of the job that was seen. */
  readonly prediction: Prediction | undefined;
  /** The HTTP status, if there was an HTTP response. */
  readonly status: number | undefined;
  /** The service's id of the request; quote it to the service's support. */
  readonly requestId: string | undefined;
  /** How long the service wants the client to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The response body as text, at most 4096 bytes, without the key. */
  readonly body: string | undefined;

  /** @internal */
  constructor(data: ErrorData, downloader: Downloader) {
    super(data.message, causes(data.causes ?? []));
    this.code = data.code;
    this.attempts = data.attempts;
    this.jobId = data.jobId;
    this.appCode = data.appCode;
    this.prediction = data.prediction && new Prediction(data.prediction, downloader);
    this.status = data.status;
    this.requestId = data.requestId;
    this.retryAfterMs = data.retryAfterMs;
    this.body = data.body;
    hide(this, absent(this));
  }
}

/** A setting of the client is invalid, or there is no API key. Nothing was sent. */
export class ConfigError extends VisemeError {}

/** The input, its media or an option is invalid. Nothing was submitted or charged. */
export class InputError extends VisemeError {
  /** Every broken rule. */
  readonly violations: readonly Violation[];

  /** @internal */
  constructor(data: ErrorData, downloader: Downloader) {
    super(data, downloader);
    this.violations = data.violations ?? [];
  }
}

/** The base class of errors between this machine and the service. */
export abstract class ApiError extends VisemeError {}

/** The service could not be reached, or the connection broke. */
export class ApiConnectionError extends ApiError {}

/** One request took longer than the request timeout. */
export class ApiTimeoutError extends ApiConnectionError {}

/** The service responded with an HTTP status that is not a success. */
export class ApiStatusError extends ApiError {}

/** HTTP 400 or 422: the service rejected the request as invalid. */
export class BadRequestError extends ApiStatusError {}

/** HTTP 401: the API key is missing or invalid. */
export class AuthenticationError extends ApiStatusError {}

/** The account is out of credits. */
export class InsufficientCreditsError extends ApiStatusError {}

/** HTTP 403: the key may not do this, or the account is suspended. */
export class PermissionDeniedError extends ApiStatusError {}

/** HTTP 404: the job, model or file does not exist or no longer exists. Jobs last seven days. */
export class NotFoundError extends ApiStatusError {}

/** HTTP 429: too many requests, even after all retries. */
export class RateLimitError extends ApiStatusError {}

/** HTTP 5xx: the service failed. */
export class ServerError extends ApiStatusError {}

/** The service sent a response that the client cannot parse. */
export class ApiResponseError extends ApiError {}

/**
 * The submit got no response, and the history has no job, or several, that match it. The client does
 * not send it again, because that could charge twice.
 */
export class SubmissionUnknownError extends VisemeError {
  /** What was submitted and when: store it, and call {@link Client.recover} later. */
  readonly record: SubmitRecord | undefined;
  /** The jobs of the history that could be the lost one. */
  readonly candidates: readonly Prediction[];

  /** @internal */
  constructor(data: ErrorData, downloader: Downloader) {
    super(data, downloader);
    this.record = data.record;
    this.candidates = (data.candidates ?? []).map((one) => new Prediction(one, downloader));
  }
}

/** The ledger of paid submits cannot be used. Nothing was submitted. */
export class LedgerError extends VisemeError {}

/** A file could not be uploaded. Nothing was submitted. */
export class UploadError extends VisemeError {}

/** An output could not be downloaded or saved. The job has completed and was charged. */
export class DownloadError extends VisemeError {}

/** A webhook delivery could not be verified or read: respond with a 4xx status. */
export class WebhookError extends VisemeError {}

/** The base class of errors of a job. It always has a `jobId`. */
export abstract class JobError extends VisemeError {
  /** The job's id: `client.job(id)` continues from it. */
  declare readonly jobId: string;
}

/** The job ended as `failed`. The service refunds failed jobs. */
export class JobFailedError extends JobError {}

/** The job ended as `cancelled`, `timeout` or `deleted`. */
export class JobCancelledError extends JobError {}

/** `timeoutMs` passed while the job was still running. The job continues: wait again by its id. */
export class WaitTimeoutError extends JobError {}

/**
 * The caller's signal was aborted, or the client was closed. `cause` is the signal's reason. The
 * client stops polling; a submitted job continues and is charged. The process emits a warning that
 * names it.
 */
export class AbortError extends Error {
  /** The code that Node uses for such errors. */
  readonly code = 'ABORT_ERR';
  /** The id of the job that continues, or of the first of them: `client.job(id).wait()`. */
  readonly jobId: string | undefined;
  /** The ids of all jobs that continue. */
  readonly jobIds: readonly string[];
  /** The submits that got no response yet: {@link Client.recover} finds their jobs. */
  readonly records: readonly SubmitRecord[];

  /** @internal */
  constructor(
    reason: unknown,
    jobs: OpenJobs = { jobIds: [], records: [] },
    continues = describeOpenJobs(jobs) ?? 'No job was submitted.',
  ) {
    super(`The operation was aborted. ${continues}`, { cause: reason });
    this.jobId = jobs.jobIds[0];
    this.jobIds = jobs.jobIds;
    this.records = jobs.records;
    hide(this, absent(this));
  }
}

/** Returns a sentence on the jobs that continue at the service, or `undefined` if there are none. */
export function describeOpenJobs({ jobIds, records }: OpenJobs): string | undefined {
  const sentences = records.map(
    ({ model, sentAt }) =>
      `A submit to ${model} at ${sentAt} got no response yet: client.recover(record) finds its job.`,
  );
  if (jobIds.length === 1) {
    const [id] = jobIds;
    sentences.unshift(
      `The job ${id} continues at the service: client.job('${id}').wait() waits for it again.`,
    );
  } else if (jobIds.length > 1) {
    sentences.unshift(
      `${jobIds.length} jobs continue at the service: ${jobIds.join(', ')}. ` +
        'client.job(id).wait() waits for one again.',
    );
  }
  return sentences.length === 0 ? undefined : sentences.join(' ');
}

type ConcreteError = new (data: ErrorData, downloader: Downloader) => VisemeError;

const CLASSES: Record<ErrorCode, ConcreteError> = {
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
  ledger: LedgerError,
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
  ...{ LedgerError, UploadError, DownloadError, WebhookError, JobFailedError, JobCancelledError },
  ...{ WaitTimeoutError, AbortError, VisemeError, ApiError, JobError },
});
for (const [name, { prototype }] of NAMES) {
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true });
}

/** Returns an error of the class for its code. Its stack begins at the caller. */
export function decodeError(data: ErrorData, downloader: Downloader): VisemeError {
  return new (CLASSES[data.code] ?? ApiResponseError)(data, downloader);
}

/** Returns an error that the facade itself raises. */
export function makeError(code: ErrorCode, message: string): VisemeError {
  return decodeError({ code, message, attempts: 1 }, NO_CLIENT);
}

/** For predictions that came from no client. */
export const NO_CLIENT: Downloader = {
  downloadOutput: async () => {
    const message =
      'This output came from no client. Download it with `client.download(output.url, to)`.';
    throw makeError('config', message);
  },
};

/** Returns the errors behind an error, each the cause of the one before. */
function causes(messages: readonly string[]): ErrorOptions | undefined {
  let cause: Error | undefined;
  for (const message of [...messages].reverse()) {
    cause = new Error(message, cause && { cause });
    // Its own stack says nothing: the error comes from native code.
    cause.stack = `Error: ${message}`;
  }
  return cause && { cause };
}

function absent(error: object): string[] {
  return Object.entries(error).flatMap(([name, value]) => (value === undefined ? [name] : []));
}

/** Hides what is not known when the error is printed. */
function hide(error: object, names: string[]): void {
  for (const name of names) {
    Object.defineProperty(error, name, { enumerable: false });
  }
}
