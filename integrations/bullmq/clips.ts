/** A BullMQ worker that lip-syncs clips and pays for each clip once. `worker.ts` starts it. */
import {
  DelayedError,
  UnrecoverableError,
  Worker,
  type ConnectionOptions,
  type FlowParentJob,
  type Job,
  type JobsOptions,
  type Processor,
  type WorkerOptions,
} from 'bullmq';
import {
  ApiConnectionError,
  DownloadError,
  RateLimitError,
  ServerError,
  SubmissionUnknownError,
  UploadError,
  VisemeError,
  WaitTimeoutError,
  type Client,
} from 'viseme';

const QUEUE = 'clips';
const MODEL = 'kwaivgi/kling-lipsync/audio-to-video';

/** How long a step waits for a job, and for how long it then makes room for other clips. */
const PATIENCE = { waitMs: 20_000, pauseMs: 20_000 };

/** What may go well on the next attempt. None of it can pay twice, because of the key. */
const TEMPORARY = [
  ApiConnectionError,
  RateLimitError,
  ServerError,
  UploadError,
  DownloadError,
  SubmissionUnknownError,
];

/** 5 s, 10 s, 20 s and so on: 11 attempts in about an hour and a half. */
const RETRIES: JobsOptions = { attempts: 11, backoff: { type: 'exponential', delay: 5000 } };

export interface Clip {
  /** The same in each run of the pipeline: it is the key of the submit. */
  id: string;
  audio: string;
  video: string;
  /** Where the output is saved. */
  path: string;
}

/** Returns the steps of one clip, for a `FlowProducer`. The result is the path. */
export function lipSync(clip: Clip): FlowParentJob {
  const common = { queueName: QUEUE, data: clip };
  const submit = { ...common, name: 'submit', opts: { ...RETRIES, failParentOnFailure: true } };
  return { ...common, name: 'fetch', opts: RETRIES, children: [submit] };
}

/** Returns the steps of many clips. `then` runs once all of them are saved. */
export function lipSyncAll(clips: Clip[], then: Omit<FlowParentJob, 'children'>): FlowParentJob {
  const children = clips.map(lipSync).map((step) => {
    return { ...step, opts: { ...step.opts, failParentOnFailure: true } };
  });
  return { ...then, children };
}

/** Starts a worker. Workers that run the same clips must share the ledger of `client`. */
export function startWorker(
  client: Client,
  options: { connection: ConnectionOptions } & Partial<WorkerOptions>,
  patience = PATIENCE,
): Worker<Clip, string> {
  const run: Processor<Clip, string> = async (job, token) => {
    try {
      if (job.name === 'submit') return await submit(client, job.data);
      return await fetch(client, job, patience, token);
    } catch (error) {
      throw toBullMq(error);
    }
  };
  return new Worker(QUEUE, run, {
    concurrency: 8,
    // By default, the second crash ends a clip that you may have paid for.
    maxStalledCount: 20,
    ...options,
  });
}

/** Ends the retries if the next attempt cannot go better. */
function toBullMq(error: unknown): unknown {
  if (error instanceof VisemeError && !TEMPORARY.some((kind) => error instanceof kind)) {
    return new UnrecoverableError(`${error.code}: ${error.message}`);
  }
  return error;
}

/** Pays for a clip, at most once however often this runs. Returns the id of its job. */
async function submit(client: Client, { id, audio, video }: Clip): Promise<string> {
  // The key is the id of the clip: the id of a BullMQ job is another one in the next run.
  const job = await client.submit({ model: MODEL, audio, video }, { key: id });
  return job.id;
}

/** Waits for a job and saves its output. Returns the path. */
async function fetch(
  client: Client,
  job: Job<Clip, string>,
  { waitMs, pauseMs }: typeof PATIENCE,
  token?: string,
): Promise<string> {
  const [jobId] = Object.values(await job.getChildrenValues<string>());
  if (jobId === undefined) {
    throw new UnrecoverableError('The clip has no submit. Send it with `lipSync`.');
  }
  try {
    const prediction = await client.job(jobId).wait({ timeoutMs: waitMs });
    await client.downloadOutput(prediction, job.data.path);
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
    await job.moveToDelayed(Date.now() + pauseMs, token);
    throw new DelayedError();
  }
  return job.data.path;
}
