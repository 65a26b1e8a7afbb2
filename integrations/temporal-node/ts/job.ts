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
import { adopt, completed, giveUp, state, WORKFLOW_PARAMETER } from './protocol.ts';
import { submitOnce } from './submission.ts';
import type { Job, JobResult, JobState, PreparedSubmit, Timing } from './types.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How long `visemeWait` runs before the next attempt takes over. */
const WAIT_MS = 10 * MINUTE_MS;
const TIMING: Required<Timing> = {
  heartbeatTimeoutMs: 30_000,
  retryIntervalMs: 5000,
  submitAttempts: 10,
  recoverPausesMs: [1, 5, 30, 120, 360].map((minutes) => minutes * MINUTE_MS),
  recoverForMs: 7 * 24 * HOUR_MS,
  webhookWaitMs: 10 * MINUTE_MS,
  waitForMs: 24 * HOUR_MS,
};

/**
 * Runs one job: uploads, checks, submits at most once, waits, and saves the output.
 *
 * Use an id that is the same in each run of your pipeline as the id of the workflow. If the workflow is
 * cancelled, the job continues and is charged: its id is in the memo (`jobId`) and in the state.
 */
export async function visemeJob(job: Job): Promise<JobResult> {
  const run = new JobRun(job);
  try {
    return await run.run();
  } catch (error) {
    throw toWorkflowFailure(error, run.state);
  }
}

class JobRun {
  state: JobState = { step: 'upload' };
  readonly #job: Job;
  readonly #timing: Required<Timing>;
  readonly #quick: Activities;
  readonly #single: Activities;
  readonly #patient: Activities;
  #completed: string | undefined;
  #adopted: string | undefined;
  #isGivenUp = false;

  constructor(job: Job) {
    this.#job = job;
    this.#timing = { ...TIMING, ...job.timing };
    const { heartbeatTimeoutMs: heartbeatTimeout, retryIntervalMs, waitForMs } = this.#timing;
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
    this.#patient = proxyActivities<Activities>({
      startToCloseTimeout: WAIT_MS + MINUTE_MS,
      scheduleToCloseTimeout: waitForMs,
      heartbeatTimeout,
      retry,
    });
    setHandler(state, () => this.state);
    setHandler(completed, (jobId) => void (this.#completed = jobId));
    setHandler(adopt, (jobId) => void (this.#adopted = jobId));
    setHandler(giveUp, () => void (this.#isGivenUp = true));
  }

  async run(): Promise<JobResult> {
    const { jobId = await this.#pay(), path } = this.#job;
    this.state = { step: 'wait', jobId };
    upsertMemo({ jobId });
    const result = await this.#wait(jobId);
    if (path === undefined) {
      this.state = { step: 'done', jobId };
      return result;
    }
    this.state = { step: 'fetch', jobId };
    const saved = await this.#quick.visemeFetch(jobId, path);
    this.state = { step: 'done', jobId };
    return { ...result, path: saved };
  }

  async #pay(): Promise<string> {
    if (workflowInfo().attempt > 1) {
      throw ApplicationFailure.nonRetryable(
        'An attempt of this workflow before may have paid for a job. Look at its state, and start a ' +
          'workflow with its `jobId`. Do not give the workflow a retry policy.',
        SUBMISSION_UNKNOWN,
      );
    }
    const { model, parameters, webhook } = this.#job;
    const wanted: PreparedSubmit = { model, input: { ...parameters, ...(await this.#upload()) } };
    if (webhook !== undefined) wanted.webhook = withWorkflow(webhook);
    this.state = { step: 'prepare' };
    const prepared = await this.#quick.visemePrepare(wanted);
    return await submitOnce(prepared, {
      ...this.#timing,
      attempts: this.#timing.submitAttempts,
      submit: this.#single.visemeSubmit,
      recover: this.#quick.visemeRecover,
      namedJob: () => this.#adopted ?? this.#completed,
      isGivenUp: () => this.#isGivenUp,
      takeGivenUp: () => {
        const isGivenUp = this.#isGivenUp;
        this.#isGivenUp = false;
        return isGivenUp;
      },
      onSubmit: () => {
        this.#isGivenUp = false;
        this.state = { step: 'submit' };
      },
      onRecover: (record, error) => {
        this.state = { step: 'recover', record, error };
      },
    });
  }

  /** Returns the URLs of all media. Uploads the files of the worker. */
  async #upload(): Promise<Record<string, string>> {
    const entries = Object.entries(this.#job.media ?? {}).map(async ([name, medium]) => {
      const isUrl = /^(https?|data):/i.test(medium);
      return [name, isUrl ? medium : await this.#quick.visemeUpload(medium)] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  /** Waits for the webhook first, if there is one, and polls in any case. */
  async #wait(jobId: string): Promise<JobResult> {
    if (this.#job.webhook !== undefined) {
      await condition(() => this.#completed === jobId, this.#timing.webhookWaitMs);
    }
    return await this.#patient.visemeWait(jobId, WAIT_MS);
  }
}

function withWorkflow(webhook: string): string {
  const separator = webhook.includes('?') ? '&' : '?';
  const workflowId = encodeURIComponent(workflowInfo().workflowId);
  return `${webhook}${separator}${WORKFLOW_PARAMETER}=${workflowId}`;
}

/** Returns the failure of the workflow: its type is the code of the error, and it is never retried. */
function toWorkflowFailure(error: unknown, { jobId }: JobState): unknown {
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
