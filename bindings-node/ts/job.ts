import { call, type CallOptions, type Message } from './call';
import { Paginator } from './iterate';
import type { NativeJob, Reach } from './native';
import type { WaitOptions } from './options';
import { Prediction, type PredictionData } from './prediction';
import { teller } from './progress';
import { numbers } from './told';

/** A handle on a job. The id is all that is needed to make one again: `client.job(id)`. */
export class Job {
  /** The job's id. */
  readonly id: string;
  /** What the service answered to the submit, where it was made through this handle. */
  readonly prediction: Prediction | undefined;
  readonly #reach: Reach;
  readonly #native: NativeJob;

  /** @internal */
  constructor(reach: Reach, native: NativeJob, prediction?: Prediction) {
    this.id = native.id();
    this.prediction = prediction;
    this.#reach = reach;
    this.#native = native;
  }

  /** Waits until the job completes. A deadline or an abort ends the wait, never the job. */
  async wait(options: WaitOptions = {}): Promise<Prediction> {
    const { timeoutMs } = options;
    const found = await call<PredictionData>(
      this.#reach,
      options,
      (progress) =>
        this.#native.start(JSON.stringify({ op: 'wait', ...numbers({ timeoutMs }), progress })),
      teller(this.#reach, options),
    );
    return new Prediction(found, this.#reach);
  }

  /**
   * The job's states as they change, the last one included. A job that fails gives a prediction
   * with the status `failed`, not an error; an error comes where the wait itself ended early.
   */
  updates(options: CallOptions & { timeoutMs?: number | undefined } = {}): Paginator<Prediction> {
    const { timeoutMs } = options;
    const request = JSON.stringify({ op: 'updates', ...numbers({ timeoutMs }) });
    const read = ({ item }: Message) => new Prediction(item as PredictionData, this.#reach);
    return new Paginator(this.#reach, options, () => this.#native.start(request), read);
  }

  /** Asks once for the job's state, whatever that is. A job that failed is no error here. */
  async refresh(options: CallOptions = {}): Promise<Prediction> {
    const begin = () => this.#native.start(JSON.stringify({ op: 'refresh' }));
    const found = await call<PredictionData>(this.#reach, options, begin);
    return new Prediction(found, this.#reach);
  }
}
