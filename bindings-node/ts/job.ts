import { runOperation, type CoreClient, type Message } from './core-client';
import type { JobRequest, PredictionData } from './generated/dto';
import type { NativeJob, Task } from './native';
import { Paginator } from './pagination';
import { Prediction } from './prediction';
import {
  progressDispatcher,
  type RefreshOptions,
  type UpdatesOptions,
  type WaitOptions,
} from './progress';
import { encodeOptions, HEADERS, TIMEOUT } from './serialize';

/** A handle on a job. Its id is enough to create one again: `client.job(id)`. */
export class Job {
  /** The job's id. */
  readonly id: string;
  /** The service's response to the submit, if this handle comes from a submit. */
  readonly prediction: Prediction | undefined;
  readonly #client: CoreClient;
  readonly #native: NativeJob;

  /** @internal */
  constructor(client: CoreClient, native: NativeJob, data?: PredictionData | null) {
    this.id = native.id();
    this.prediction = data ? new Prediction(data, client) : undefined;
    this.#client = client;
    this.#native = native;
  }

  /**
   * Waits until the job completes. A timeout or an abort ends the wait, never the job.
   *
   * The service may not know a new job yet, so an unknown id is a `NotFoundError` only after 30
   * seconds to a minute. `refresh` throws it at once.
   */
  async wait(options: WaitOptions = {}): Promise<Prediction> {
    const encoded = encodeOptions('wait', options, { ...TIMEOUT, ...HEADERS });
    const data = await runOperation<PredictionData>(
      this.#client,
      options,
      (progress) => this.#start({ op: 'wait', ...encoded, progress }),
      progressDispatcher(this.#client, options),
    );
    return new Prediction(data, this.#client);
  }

  /**
   * Lists the job's states as they change, including the last one. A failed job is a prediction with
   * the status `failed`, not an error; an error means that the wait itself ended early.
   */
  updates(options: UpdatesOptions = {}): Paginator<Prediction> {
    const encoded = encodeOptions('updates', options, { ...TIMEOUT, ...HEADERS });
    const start = () => this.#start({ op: 'updates', ...encoded });
    const decode = ({ item }: Message) => new Prediction(item as PredictionData, this.#client);
    return new Paginator(this.#client, options, start, decode);
  }

  /** Reads the job's state once. A failed job is not an error here. */
  async refresh(options: RefreshOptions = {}): Promise<Prediction> {
    const encoded = encodeOptions('refresh', options, HEADERS);
    const start = () => this.#start({ op: 'refresh', ...encoded });
    const data = await runOperation<PredictionData>(this.#client, options, start);
    return new Prediction(data, this.#client);
  }

  #start(request: JobRequest): Task {
    return this.#native.start(JSON.stringify(request));
  }
}
