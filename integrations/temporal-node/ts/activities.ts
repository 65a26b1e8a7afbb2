/** The activities: everything that talks to the service. */
import {
  activityInfo,
  cancellationDetails,
  cancellationSignal,
  getClient,
  heartbeat,
} from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { AbortError, input, type Client, type SubmitRecord } from 'viseme';

import { NOT_PERMITTED, WORKER_SHUTDOWN } from './codes.ts';
import { toFailure } from './failures.ts';
import { sending } from './protocol.ts';
import type { JobResult, PreparedSubmit } from './types.ts';

/** The activities of the workflows, by name. */
export interface Activities {
  /** Uploads a file of this machine. Returns its URL. */
  visemeUpload(path: string): Promise<string>;
  /** Checks an input before it is paid for. Returns what `visemeSubmit` sends. */
  visemePrepare(prepared: PreparedSubmit): Promise<PreparedSubmit>;
  /**
   * Sends the POST that costs money, after the workflow has permitted it. Returns the id of the job. Run it
   * with a single attempt.
   */
  visemeSubmit(prepared: PreparedSubmit, attempt: number): Promise<string>;
  /** Searches for the job of a submit with an unknown outcome. Returns its id. Submits nothing. */
  visemeRecover(record: SubmitRecord, sentWithinMs: number): Promise<string>;
  /** Waits for a job. Fails with `wait_timeout` if it still runs after that time. */
  visemeWait(jobId: string, timeoutMs: number): Promise<JobResult>;
  /** Saves the first output of a job on this machine. Returns the path. */
  visemeFetch(jobId: string, output: string): Promise<string>;
}

/**
 * Returns the activities for a worker. They use this client, and so its API key, which is in no argument
 * and no result.
 */
export function createActivities(client: Client): Activities {
  return {
    visemeUpload: (path) => run((signal) => client.upload(path, { signal })),
    visemePrepare: (prepared) => run((signal) => prepare(client, prepared, signal)),
    visemeSubmit: (prepared, attempt) => run((signal) => submit(client, prepared, attempt, signal)),
    visemeRecover: (record, sentWithinMs) =>
      run(async (signal) => (await client.recover(record, { sentWithinMs, signal })).id),
    visemeWait: (jobId, timeoutMs) =>
      run(async (signal) => {
        const { outputs } = await client.job(jobId).wait({ timeoutMs, signal });
        return { jobId, outputs: outputs.map(({ value }) => value) };
      }),
    visemeFetch: (jobId, output) =>
      run(async (signal) => {
        const prediction = await client.job(jobId).refresh({ signal });
        return (await client.downloadOutput(prediction, output, { signal })).path;
      }),
  };
}

/** Runs an activity with heartbeats, which show that the worker lives and carry the cancellation. */
async function run<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { heartbeatTimeoutMs = 30_000 } = activityInfo();
  const timer = setInterval(() => heartbeat(), heartbeatTimeoutMs / 4);
  heartbeat();
  const signal = cancellationSignal();
  try {
    return await body(signal);
  } catch (error) {
    if (error instanceof AbortError && signal.aborted && error.records.length === 0) {
      if (!cancellationDetails()?.workerShutdown) throw signal.reason;
      const message = 'The worker ends. Nothing was submitted.';
      throw ApplicationFailure.create({ type: WORKER_SHUTDOWN, message });
    }
    throw toFailure(error);
  } finally {
    clearInterval(timer);
  }
}

async function prepare(
  client: Client,
  prepared: PreparedSubmit,
  signal: AbortSignal,
): Promise<PreparedSubmit> {
  const { model, input: parameters } = prepared;
  const { ok, violations } = await client.check(input(model, parameters), { signal });
  if (!ok) {
    throw ApplicationFailure.create({
      type: 'invalid_input',
      message: violations.map(({ message }) => message).join(' '),
      nonRetryable: true,
      details: [{ violations }],
    });
  }
  return prepared;
}

async function submit(
  client: Client,
  { model, input: parameters, webhook }: PreparedSubmit,
  attempt: number,
  cancelled: AbortSignal,
): Promise<string> {
  const { workflowExecution } = activityInfo();
  if (workflowExecution === undefined) {
    throw ApplicationFailure.nonRetryable('`visemeSubmit` must run in a workflow.', NOT_PERMITTED);
  }
  const workflow = getClient().workflow.getHandle(
    workflowExecution.workflowId,
    workflowExecution.runId,
  );
  // Once the POST is on its way, only its response says whether there is a job: let it finish.
  const beforePost = new AbortController();
  const abort = () => beforePost.abort(cancelled.reason);
  cancelled.addEventListener('abort', abort, { once: true });
  if (cancelled.aborted) abort();
  try {
    const job = await client.submit(input(model, parameters), {
      checkMedia: false,
      webhook,
      signal: beforePost.signal,
      onProgress: async (progress) => {
        if (progress.event !== 'submitting') return;
        const { record } = progress;
        try {
          await workflow.executeUpdate(sending, { args: [{ attempt, record }] });
        } catch (error) {
          const message = `The workflow did not permit the submit (${String(error)}). Nothing was sent.`;
          throw ApplicationFailure.create({ type: NOT_PERMITTED, message });
        }
        cancelled.removeEventListener('abort', abort);
      },
    });
    return job.id;
  } finally {
    cancelled.removeEventListener('abort', abort);
  }
}
