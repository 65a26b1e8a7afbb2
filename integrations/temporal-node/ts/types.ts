/** What the workflows and the activities pass to each other. All of it is JSON. */
import type { SubmitRecord } from 'viseme';

/** One job: a model, its media, and what to do with the result. */
export interface Job {
  /** The id of the model, such as `kwaivgi/kling-lipsync/audio-to-video`. */
  model: string;
  /** The media by parameter: URLs, or paths on the machine of the worker, which are uploaded. */
  media?: Record<string, string>;
  /** The other parameters. */
  parameters?: Record<string, unknown>;
  /** Where the worker saves the first output: a file or an existing folder. Default: nowhere. */
  path?: string;
  /** A job that was paid for before: the workflow only waits and fetches. */
  jobId?: string;
  /** The URL of your webhook receiver, which calls {@link completeFromWebhook}. */
  webhook?: string;
  /** How long the steps may take. */
  timing?: Timing;
}

/** How long the steps of a job may take, in milliseconds. */
export interface Timing {
  /** After this time without a heartbeat, the worker of a step counts as dead. Default: 30 s. */
  heartbeatTimeoutMs?: number;
  /** The pause before the first retry of a step. Default: 5 s. */
  retryIntervalMs?: number;
  /** How many submits are tried, if each is known not to be sent or to be rejected. Default: 10. */
  submitAttempts?: number;
  /**
   * The pauses between searches for a lost submit; the last one repeats. Default: 1 min, 5 min, 30 min,
   * 2 h, 6 h.
   */
  recoverPausesMs?: number[];
  /** How long to search for a lost submit. Default: 7 days, as long as the service keeps jobs. */
  recoverForMs?: number;
  /** How long to wait for the webhook before polling. Default: 10 min. */
  webhookWaitMs?: number;
  /** How long to wait for the job. Default: 24 h. */
  waitForMs?: number;
}

/** The result of a job. */
export interface JobResult {
  jobId: string;
  /** The outputs as the service sent them, usually URLs that are valid for seven days. */
  outputs: unknown[];
  /** Where the first output was saved. */
  path?: string;
}

/** How far a job is: the result of the query `visemeState`. */
export interface JobState {
  step: 'upload' | 'prepare' | 'submit' | 'recover' | 'wait' | 'fetch' | 'done';
  /** The id of the job, once it is known. */
  jobId?: string;
  /** The submit whose outcome is unknown, in the step `recover`. */
  record?: SubmitRecord;
  /** The last error of the step `recover`. */
  error?: string;
}

/** A checked input, whose media are URLs. */
export interface PreparedSubmit {
  model: string;
  input: Record<string, unknown>;
  webhook?: string;
}

/** The argument of the update `visemeSending`: a POST is about to be sent. */
export interface Sending {
  /** The submit that the workflow allows: it refuses an earlier one that is late. */
  attempt: number;
  record: SubmitRecord;
}

/** Many jobs by key. The key is the id of your clip, the same in each run of your pipeline. */
export interface Batch {
  jobs: Record<string, Job>;
  /** How many run at the same time. Default: 20. */
  limit?: number;
  /** After how many jobs the workflow continues as new, to keep its history short. Default: 500. */
  runLength?: number;
  /** What the runs before have done. Leave it out. */
  result?: BatchResult;
}

/** How the jobs of a batch ended. */
export interface BatchResult {
  /** The ids of the completed jobs by key. */
  completed: Record<string, string>;
  /** The others. */
  failed: BatchFailure[];
}

/** A job of a batch without a result. */
export interface BatchFailure {
  key: string;
  /**
   * The code of the error; `already_started` if a batch of this id ran the key before; `cancelled` if its
   * workflow was cancelled.
   */
  code: string;
  message: string;
  jobId?: string;
}
