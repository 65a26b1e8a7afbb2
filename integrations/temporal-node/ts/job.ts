/** The workflow of one job. Without Node APIs. */
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  isCancellation,
  proxyActivities,
  setHandler,
  TimeoutFailure,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';

import type { Activities } from './activities.ts';
import { SUBMISSION_UNKNOWN } from './codes.ts';
import { delivered, state } from './protocol.ts';
import { submitOnce } from './submission.ts';
import type { LipSyncInput, LipSyncResult, LipSyncState, PreparedSubmit } from './types.ts';

const MODEL = 'kwaivgi/kling-lipsync/audio-to-video';
const MEDIA = ['audio', 'video', 'image'];
const RETRY_MS = 5000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** How long `wait` runs before the next attempt takes over. */
const WAIT_MS = 10 * 60 * 1000;

/**
 * Runs one job: uploads, checks, submits at most once, waits, and saves the output.
 *
 * Use an id that is the same in each run of your pipeline as the id of the workflow. If the workflow is
 * cancelled, the job continues and is charged: its id is in the memo (`jobId`) and in the state.
 */
export async function lipSync(given: LipSyncInput): Promise<LipSyncResult> {
  const progress: LipSyncState = { stage: 'upload' };
  setHandler(state, () => progress);
  const { attempt } = workflowInfo();
  if (attempt > 1 && given.jobId === undefined) {
    throw ApplicationFailure.nonRetryable(
      'A run of this workflow before may have paid for a job. Look at its state, and start the ' +
        'workflow with its `jobId`. Do not give the workflow a retry policy.',
      SUBMISSION_UNKNOWN,
    );
  }
  try {
    return await new JobRun(given, progress).run();
  } catch (error) {
    throw toWorkflowFailure(error, progress);
  }
}

class JobRun {
  readonly #given: LipSyncInput;
  readonly #progress: LipSyncState;
  readonly #quick: Activities;
  readonly #single: Activities;
  readonly #search: Activities;
  readonly #patient: Activities;
  #deliveredJob: string | undefined;

  constructor(given: LipSyncInput, progress: LipSyncState) {
    this.#given = given;
    this.#progress = progress;
    const { waitTimeoutMs = DAY_MS, retryIntervalMs = RETRY_MS } = given;
    const heartbeatTimeout = given.heartbeatTimeoutMs ?? 30_000;
    const retry = { initialInterval: retryIntervalMs, maximumInterval: '1 min' } as const;
    this.#quick = proxyActivities<Activities>({
      startToCloseTimeout: '30 min',
      heartbeatTimeout,
      retry: { ...retry, maximumAttempts: 10 },
    });
    this.#single = proxyActivities<Activities>({
      startToCloseTimeout: '10 min',
      heartbeatTimeout,
      retry: { maximumAttempts: 1 },
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    });
    this.#search = proxyActivities<Activities>({
      startToCloseTimeout: '10 min',
      heartbeatTimeout,
      retry: {
        initialInterval: 12 * retryIntervalMs,
        backoffCoefficient: 4,
        maximumAttempts: given.recoverAttempts ?? 4,
      },
    });
    this.#patient = proxyActivities<Activities>({
      startToCloseTimeout: WAIT_MS + 60_000,
      scheduleToCloseTimeout: waitTimeoutMs,
      heartbeatTimeout,
      retry,
    });
    setHandler(delivered, ({ jobId }) => {
      this.#deliveredJob = jobId;
    });
  }

  async run(): Promise<LipSyncResult> {
    const { jobId = await this.#submit(), output } = this.#given;
    this.#progress.jobId = jobId;
    upsertMemo({ jobId });
    const result = await this.#wait(jobId);
    if (output === undefined) {
      this.#progress.stage = 'done';
      return result;
    }
    this.#progress.stage = 'fetch';
    const path = await this.#quick.fetch(jobId, output);
    this.#progress.stage = 'done';
    return { ...result, path };
  }

  async #submit(): Promise<string> {
    const { model = MODEL, webhook, submitAttempts = 10 } = this.#given;
    const wanted: PreparedSubmit = { model, input: await this.#upload() };
    if (webhook !== undefined) wanted.webhook = withWorkflow(webhook);
    this.#progress.stage = 'prepare';
    const prepared = await this.#quick.prepare(wanted);
    this.#progress.stage = 'submit';
    return await submitOnce(prepared, {
      submit: this.#single.submit,
      recover: this.#search.recover,
      deliveredJob: () => this.#deliveredJob,
      onRecover: () => {
        this.#progress.stage = 'recover';
      },
      attempts: submitAttempts,
      retryIntervalMs: this.#given.retryIntervalMs ?? RETRY_MS,
    });
  }

  /** Returns the parameters, with URLs for the files of the worker. */
  async #upload(): Promise<Record<string, unknown>> {
    const { parameters, media = MEDIA } = this.#given;
    const entries = Object.entries(parameters).map(async ([name, value]) => {
      const isFile =
        media.includes(name) && typeof value === 'string' && !/^(https?|data):/i.test(value);
      return [name, isFile ? await this.#quick.upload(value) : value] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  /** Waits for the webhook delivery first, if there is one, and polls in any case. */
  async #wait(jobId: string): Promise<LipSyncResult> {
    this.#progress.stage = 'wait';
    const { webhook, pollAfterMs = WAIT_MS } = this.#given;
    if (webhook !== undefined) await condition(() => this.#deliveredJob === jobId, pollAfterMs);
    return await this.#patient.wait(jobId, WAIT_MS);
  }
}

function withWorkflow(webhook: string): string {
  const separator = webhook.includes('?') ? '&' : '?';
  return `${webhook}${separator}workflow=${encodeURIComponent(workflowInfo().workflowId)}`;
}

/** Returns the failure of the workflow: its type is the code of the error, and it is never retried. */
function toWorkflowFailure(error: unknown, { jobId }: LipSyncState): unknown {
  if (!(error instanceof ActivityFailure || error instanceof ApplicationFailure)) return error;
  if (isCancellation(error)) return error;
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const known = cause instanceof ApplicationFailure ? cause : undefined;
  const code = known?.type ?? (cause instanceof TimeoutFailure ? 'activity_timeout' : 'internal');
  const details = { ...(known?.details?.[0] as object | undefined), ...(jobId && { jobId }) };
  return ApplicationFailure.create({
    type: code,
    message: known?.message ?? String(cause ?? error),
    nonRetryable: true,
    details: [details],
  });
}
