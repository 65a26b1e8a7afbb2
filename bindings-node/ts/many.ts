import { inform, type Message } from './call';
import { errorOf, type ErrorData, type VisemeError } from './errors';
import { pack, packPlain, type Input } from './inputs';
import { Paginator } from './iterate';
import { Luggage } from './media';
import type { Reach, Task } from './native';
import type { RunManyOptions } from './options';
import { Prediction, type PredictionData } from './prediction';
import { teller, type ProgressData } from './progress';
import { told } from './told';

/** What came of one of many runs; `index` is the position of its input, counted from 0. */
export type RunResult =
  | { readonly index: number; readonly ok: true; readonly prediction: Prediction }
  | { readonly index: number; readonly ok: false; readonly error: VisemeError };

interface Done {
  index: number;
  value?: PredictionData;
  error?: ErrorData;
}

/** Many runs. */
export function many(
  reach: Reach,
  inputs: Iterable<Input> | AsyncIterable<Input>,
  options: RunManyOptions,
): Paginator<RunResult> {
  const limit = options.limit ?? 10;
  const tell = teller(reach, options);
  const feeder = new Feeder(inputs, limit, options.signal);
  const begin = () => {
    const listens = options.onProgress !== undefined || options.onUpdate !== undefined;
    const request = { op: 'runMany', limit, options: told(options), progress: listens };
    const task = reach.native.start(JSON.stringify(request), []);
    feeder.start(task);
    return task;
  };
  const read = ({ item, event }: Message): RunResult | undefined => {
    if (event !== undefined) {
      const { progress, index } = event as { progress: ProgressData; index: number };
      tell(progress, index);
      return undefined;
    }
    return feeder.done(item as Done, reach);
  };
  return new Results(reach, options, begin, read, feeder);
}

/** The results; an error of the inputs ends them. */
class Results extends Paginator<RunResult> {
  readonly #feeder: Feeder;

  constructor(
    reach: Reach,
    options: RunManyOptions,
    begin: () => Task,
    read: (message: Message) => RunResult | undefined,
    feeder: Feeder,
  ) {
    super(reach, options, begin, read);
    this.#feeder = feeder;
  }

  override async next(): Promise<IteratorResult<RunResult, undefined>> {
    try {
      const next = await super.next();
      if (next.done) {
        await this.#feeder.end();
      }
      return next;
    } catch (error) {
      await this.#feeder.end().catch(() => undefined);
      throw error;
    }
  }

  override async return(): Promise<IteratorResult<RunResult, undefined>> {
    const last = await super.return();
    await this.#feeder.end().catch(() => undefined);
    return last;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** How many inputs are handed over at once. */
const BATCH = 64;

/** Hands inputs over as places become free, so that they need not all be in memory. */
class Feeder {
  readonly #inputs: Iterable<Input> | AsyncIterable<Input>;
  readonly #limit: number;
  readonly #signal: AbortSignal | undefined;
  readonly #luggage = new Map<number, Luggage>();
  /** Inputs as JSON text that wait to be handed over together. */
  readonly #packed: string[] = [];
  /** How many inputs were packed. */
  #fed = 0;
  #free: (() => void) | undefined;
  #open = 0;
  #over = false;
  #failure: { error: unknown } | undefined;

  constructor(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    limit: number,
    signal: AbortSignal | undefined,
  ) {
    this.#inputs = inputs;
    this.#limit = Math.max(1, limit);
    this.#signal = signal;
  }

  start(task: Task): void {
    void this.#feed(task).catch((error: unknown) => {
      this.#failure = { error };
      task.cancel();
    });
  }

  async #feed(task: Task): Promise<void> {
    const inputs = this.#inputs;
    if (Symbol.asyncIterator in inputs) {
      for await (const input of inputs) {
        if (!(await this.#take(task, input)) || !this.#hand(task)) {
          return;
        }
      }
    } else {
      for (const input of inputs) {
        // The usual case is not waited for: thousands of jobs would each take several turns.
        const plain = this.#open < this.#limit && !this.#over ? packPlain(input) : undefined;
        if (plain !== undefined) {
          this.#add(plain);
        } else if (!(await this.#take(task, input))) {
          return;
        }
        if (this.#packed.length >= BATCH && !this.#hand(task)) {
          return;
        }
      }
    }
    if (this.#hand(task)) {
      task.finish();
    }
  }

  /** Packs an input once there is a place for it; `false` where no more are wanted. */
  async #take(task: Task, input: Input): Promise<boolean> {
    if (!this.#hand(task)) {
      return false;
    }
    if (this.#open >= this.#limit) {
      await new Promise<void>((free) => (this.#free = free));
    }
    if (this.#over) {
      return false;
    }
    const luggage = new Luggage();
    this.#luggage.set(this.#fed, luggage);
    this.#add(await pack(input, luggage, this.#signal));
    const contents = luggage.contents.splice(0);
    return contents.length === 0 || this.#hand(task, contents);
  }

  #add(packed: string): void {
    this.#packed.push(packed);
    this.#fed += 1;
    this.#open += 1;
  }

  /** Hands over what is packed; `false` where it is not taken any more. */
  #hand(task: Task, contents: Buffer[] = []): boolean {
    const packed = this.#packed.splice(0);
    return packed.length === 0 || task.push(`[${packed.join()}]`, contents);
  }

  done({ index, value, error }: Done, reach: Reach): RunResult {
    this.#open -= 1;
    this.#free?.();
    this.#free = undefined;
    const luggage = this.#luggage.get(index);
    this.#luggage.delete(index);
    void luggage?.unpack().catch((failure: unknown) => inform(() => Promise.reject(failure)));
    return error === undefined
      ? { index, ok: true, prediction: new Prediction(value as PredictionData, reach) }
      : { index, ok: false, error: errorOf(error, reach) };
  }

  /** Lets go of everything; throws what the inputs threw. */
  async end(): Promise<void> {
    this.#over = true;
    this.#free?.();
    for (const luggage of this.#luggage.values()) {
      await luggage.unpack();
    }
    this.#luggage.clear();
    const failure = this.#failure;
    if (failure !== undefined) {
      this.#failure = undefined;
      throw failure.error;
    }
  }
}
