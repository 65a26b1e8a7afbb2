/** What the workflows and the activities pass to each other. All of it is JSON. */
/** Which job to run, and what to do with its output. */
export interface LipSyncInput {
  /** The id of the model. Default: `kwaivgi/kling-lipsync/audio-to-video`. */
  model?: string;
  /** The parameters of the model. Media are URLs, or paths on the machine of the worker. */
  parameters: Record<string, unknown>;
  /** Which parameters are media. Default: `audio`, `video` and `image`. */
  media?: string[];
  /** Where the first output is saved on the machine of the worker: a file or an existing folder. */
  output?: string;
  /** A job that was submitted before. The workflow only waits for it and fetches its output. */
  jobId?: string;
  /**
   * A URL of yours that the service calls when the job ends. The workflow adds its id as the
   * parameter `workflow`; pass the delivery to {@link signalDelivery}.
   */
  webhook?: string;
  /** With `webhook`: when to poll if no delivery came. Default: 10 minutes after the submit. */
  pollAfterMs?: number;
  /** How long to wait for the job. Default: 24 hours. */
  waitTimeoutMs?: number;
  /** How long an activity may be silent before its worker counts as dead. Default: 30 seconds. */
  heartbeatTimeoutMs?: number;
  /** The pause before the first retry of an activity. Default: 5 seconds. */
  retryIntervalMs?: number;
  /** How often to submit if it is certain that nothing was submitted before. Default: 10. */
  submitAttempts?: number;
  /** How often to search for the job of a submit with an unknown outcome. Default: 4. */
  recoverAttempts?: number;
}

/** The result of a job. */
export interface LipSyncResult {
  jobId: string;
  /** The outputs as the service sent them, usually URLs that are valid for seven days. */
  outputs: unknown[];
  /** Where the first output was saved, if `output` was set. */
  path?: string;
}

/** Where a workflow is, and the job that it paid for. */
export interface LipSyncState {
  stage: 'upload' | 'prepare' | 'submit' | 'recover' | 'wait' | 'fetch' | 'done';
  jobId?: string;
}

/** A checked input, whose media are URLs. */
export interface PreparedSubmit {
  model: string;
  input: Record<string, unknown>;
  webhook?: string;
}

/** A submit that may have been sent. */
export interface StartedSubmit {
  /** The attempt of the workflow, from 1. */
  attempt: number;
  /** When the client was about to send it, by the clock of the worker. */
  sentAt: string;
}

/** What the webhook delivery of a job says. */
export interface DeliveredJob {
  jobId: string;
}

/** One clip of a batch. */
export interface BatchClip extends LipSyncInput {
  /** Your name for it. The id of its workflow is that of the batch, a slash and this. */
  id: string;
}

/** The clips of a batch. */
export interface LipSyncBatchInput {
  clips: BatchClip[];
  /** What all clips have in common. A clip can override it. */
  common?: Partial<LipSyncInput>;
  /** How many workflows run at the same time. Default: 20. */
  concurrency?: number;
  /** After how many clips the workflow continues as new. Default: 500. */
  continueAfter?: number;
  /** The results of the runs before. The workflow passes them to itself. */
  finished?: LipSyncBatchResult;
}

/** The results of a batch, in the order in which the clips ended. */
export interface LipSyncBatchResult {
  completed: ({ id: string } & LipSyncResult)[];
  failed: FailedClip[];
}

/** A clip without a result. */
export interface FailedClip {
  id: string;
  /**
   * The code of the error; `already_started` if a workflow with the id of the clip exists; `cancelled` if
   * its workflow was cancelled.
   */
  code: string;
  message: string;
  jobId?: string;
}
