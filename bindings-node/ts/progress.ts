import { guardCallback } from './callbacks';
import { decodeError, type VisemeError } from './errors';
import type {
  ErrorData,
  PredictionData,
  ProgressData,
  RunOptions as NativeRunOptions,
} from './generated/dto';
import type { CallOptions } from './options';
import { Prediction, type Downloader } from './prediction';

/** The data of native code, with predictions and errors as objects of their classes. */
type Decoded<T> = T extends unknown
  ? {
      [P in keyof T]: T[P] extends PredictionData
        ? Prediction
        : T[P] extends ErrorData
          ? VisemeError
          : T[P];
    }
  : never;

/** One progress event of a run. Ignore unknown events: later versions may add some. */
export type Progress = Decoded<ProgressData>;

/** Called on every progress event; `runMany` also passes the position of the input. */
export type OnProgress = (progress: Progress, index?: number) => unknown;

/** Called on every new state of the job; `runMany` also passes the position of the input. */
export type OnUpdate = (prediction: Prediction, index?: number) => unknown;

interface Callbacks {
  /**
   * Called on every progress event. The client waits for its promise before it submits (`submitting`):
   * if it throws or rejects then, nothing is sent, and the call rejects with the same error. At any
   * other event, the process emits a warning, and the run continues.
   */
  onProgress?: OnProgress | undefined;
  /** Called on every new state of the job. If it throws, the process emits a warning. */
  onUpdate?: OnUpdate | undefined;
}

/** Options of `submit`. */
export interface SubmitOptions
  extends CallOptions, Omit<NativeRunOptions, 'timeoutMs'>, Pick<Callbacks, 'onProgress'> {}

/** Options of `run`. */
export interface RunOptions extends CallOptions, NativeRunOptions, Callbacks {}

/** Options of `runMany`. A key belongs to one input, so it is an option of `run` and `submit` only. */
export interface RunManyOptions extends Omit<RunOptions, 'key' | 'retryFailed'> {
  /** Pass it to `run` or `submit`. */
  key?: never;
  /** Pass it to `run` or `submit`. */
  retryFailed?: never;
  /** How many inputs run at the same time. Default: 10. */
  limit?: number | undefined;
}

/** Options of `job.refresh`. */
export interface RefreshOptions extends CallOptions {
  /** Additional headers for the requests to the API. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** Options of `job.updates`. */
export interface UpdatesOptions extends RefreshOptions {
  /** How long to wait; 0 polls once. Default: the client's timeout. */
  timeoutMs?: number | undefined;
}

/** Options of `job.wait`. */
export interface WaitOptions extends UpdatesOptions, Callbacks {}

/**
 * Returns a function that decodes the events of a run and passes them to its callbacks. Wait for what it
 * returns before you request the next messages.
 */
export function progressDispatcher(downloader: Downloader, callbacks: Callbacks) {
  const onProgress = guardCallback('onProgress', callbacks.onProgress);
  const onUpdate = guardCallback('onUpdate', callbacks.onUpdate);
  return (data: ProgressData, ...index: [number?]): unknown => {
    const progress = decodeProgress(data, downloader);
    if (progress.event === 'submitting') {
      // If it throws or rejects, the call ends before the POST.
      return callbacks.onProgress?.(progress, ...index);
    }
    onProgress(progress, ...index);
    if (progress.event === 'update') {
      onUpdate(progress.prediction, ...index);
    }
    return undefined;
  };
}

function decodeProgress(data: ProgressData, downloader: Downloader): Progress {
  const decoded: Record<string, unknown> = { ...data };
  if ('prediction' in data) {
    decoded['prediction'] = new Prediction(data.prediction, downloader);
  }
  if ('error' in data) {
    decoded['error'] = decodeError(data.error, downloader);
  }
  return decoded as unknown as Progress;
}
