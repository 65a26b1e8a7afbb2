import { warn } from './callbacks';
import type { CoreClient, Message } from './core-client';
import { AbortError, decodeError, InputError, makeError, VisemeError } from './errors';
import {
  RUN_OPTIONS_RULES,
  type PredictionData,
  type RunManyEvent,
  type RunManyItem,
} from './generated/dto';
import { encodeInput, encodePlainInput, MediaPayload, type Input } from './inputs';
import type { Task } from './native';
import { Paginator } from './pagination';
import { Prediction } from './prediction';
import { progressDispatcher, type RunManyOptions } from './progress';
import { encodeOptions, LIMIT, show } from './serialize';

const { key: _, retryFailed: __, ...RUN_MANY_RULES } = RUN_OPTIONS_RULES;

/** The result of one of many runs; `index` is the position of its input, counted from 0. */
export type RunResult =
  | { readonly index: number; readonly ok: true; readonly prediction: Prediction }
  | { readonly index: number; readonly ok: false; readonly error: VisemeError };

/** Runs many inputs. */
export function runMany(
  client: CoreClient,
  inputs: Iterable<Input> | AsyncIterable<Input>,
  options: RunManyOptions,
): Paginator<RunResult> {
  if (!areInputs(inputs)) {
    const message = `\`inputs\` must be an iterable of inputs, got ${show(inputs)}. Pass an array.`;
    throw makeError('invalid_input', message);
  }
  for (const name of ['key', 'retryFailed']) {
    if (Object.hasOwn(Object(options) as object, name)) {
      const hint = 'A key belongs to one input: pass it to `run` or `submit`.';
      throw makeError('invalid_input', `\`${name}\` is not an option of \`runMany\`. ${hint}`);
    }
  }
  const encoded = encodeOptions('runMany', options, { ...RUN_MANY_RULES, ...LIMIT });
  const { limit = 10, ...runOptions } = encoded as { limit?: number };
  const dispatch = progressDispatcher(client, options);
  const sender = new InputSender(inputs, limit, options.signal);
  const callbacks: Promise<unknown>[] = [];
  const start = () => {
    const progress = options.onProgress !== undefined || options.onUpdate !== undefined;
    const task = client.start({ op: 'runMany', limit, options: runOptions, progress });
    sender.start(task);
    return task;
  };
  const decode = ({ item, event }: Message): RunResult | undefined => {
    if (event !== undefined) {
      const { progress, index } = event as RunManyEvent;
      const returned = Promise.resolve(dispatch(progress, index));
      // It may reject while the caller is busy with a result, before it is awaited.
      returned.catch(() => undefined);
      callbacks.push(returned);
      return undefined;
    }
    const { index, value, error } = item as RunManyItem;
    sender.release(index);
    return error === undefined
      ? { index, ok: true, prediction: new Prediction(value as PredictionData, client) }
      : { index, ok: false, error: decodeError(error, client) };
  };
  return new ManyRuns(client, options, start, decode, sender, callbacks);
}

/** Whether a value can be iterated, and is neither text nor bytes, whose elements are no inputs. */
function areInputs(inputs: unknown): boolean {
  return (
    typeof inputs === 'object' &&
    inputs !== null &&
    !ArrayBuffer.isView(inputs) &&
    (Symbol.iterator in inputs || Symbol.asyncIterator in inputs)
  );
}

/** The results of many runs; an error of the inputs ends them. */
class ManyRuns extends Paginator<RunResult> {
  readonly #sender: InputSender;
  /** What the callbacks returned that the runs wait for. */
  readonly #callbacks: Promise<unknown>[];

  constructor(
    client: CoreClient,
    options: RunManyOptions,
    start: () => Task,
    decode: (message: Message) => RunResult | undefined,
    sender: InputSender,
    callbacks: Promise<unknown>[],
  ) {
    super(client, options, start, decode);
    this.#sender = sender;
    this.#callbacks = callbacks;
  }

  protected override async finish(): Promise<void> {
    await this.#sender.end();
  }

  protected override async handleFailure(error: unknown): Promise<void> {
    // An error of the inputs or of a callback.
    if (!(error instanceof VisemeError || error instanceof AbortError)) {
      this.warnOfOpenJobs();
    }
    await this.#sender.end().catch(() => undefined);
  }

  /** Waits for the callbacks before a submit; if one rejects, all runs end. */
  protected override async settle(): Promise<void> {
    await Promise.all(this.#callbacks.splice(0));
  }

  override async return(): Promise<IteratorResult<RunResult, undefined>> {
    this.leave();
    const last = await super.return();
    await this.#sender.end().catch(() => undefined);
    return last;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** How many inputs native code receives at once, at most. */
const PREFETCH = 64;

/** Sends inputs to native code when runs can start, so that not all of them are in memory. */
class InputSender {
  readonly #inputs: Iterable<Input> | AsyncIterable<Input>;
  readonly #limit: number;
  readonly #signal: AbortSignal | undefined;
  readonly #payloads = new Map<number, MediaPayload>();
  /** Inputs as JSON text that are sent together. */
  readonly #encoded: string[] = [];
  /** How many inputs were encoded. */
  #count = 0;
  #resume: (() => void) | undefined;
  #running = 0;
  #ended = false;
  #failure: { error: unknown } | undefined;

  constructor(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    limit: number,
    signal: AbortSignal | undefined,
  ) {
    this.#inputs = inputs;
    this.#limit = limit;
    this.#signal = signal;
  }

  start(task: Task): void {
    void this.#sendAll(task).catch((error: unknown) => {
      this.#failure = { error };
      task.cancel();
    });
  }

  async #sendAll(task: Task): Promise<void> {
    const inputs = this.#inputs;
    if (Symbol.asyncIterator in inputs) {
      for await (const input of inputs) {
        if (!(await this.#addWhenFree(task, input)) || !this.#send(task)) {
          return;
        }
      }
    } else {
      for (const input of inputs) {
        // The usual case awaits nothing: with thousands of jobs each await would cost time.
        const isFree = this.#running < this.#limit && !this.#ended;
        const plain = isFree ? encodePlain(input) : undefined;
        if (plain !== undefined) {
          this.#add(plain);
        } else if (!(await this.#addWhenFree(task, input))) {
          return;
        }
        if (this.#encoded.length >= PREFETCH && !this.#send(task)) {
          return;
        }
      }
    }
    if (this.#send(task)) {
      task.finish();
    }
  }

  /** Adds an input once a run can start; returns `false` if no more are wanted. */
  async #addWhenFree(task: Task, input: Input): Promise<boolean> {
    if (!this.#send(task)) {
      return false;
    }
    if (this.#running >= this.#limit) {
      await new Promise<void>((resume) => (this.#resume = resume));
    }
    if (this.#ended) {
      return false;
    }
    const payload = new MediaPayload();
    this.#payloads.set(this.#count, payload);
    let encoded: string;
    try {
      encoded = await encodeInput(input, payload, this.#signal);
    } catch (error) {
      if (!(error instanceof InputError)) {
        throw error;
      }
      // It is the result of its own run: the others continue.
      const accepted = task.pushError(`Input ${this.#count} (counted from 0): ${error.message}`);
      this.#count += 1;
      this.#running += 1;
      return accepted;
    }
    this.#add(encoded);
    const contents = payload.contents.splice(0);
    return contents.length === 0 || this.#send(task, contents);
  }

  #add(encoded: string): void {
    this.#encoded.push(encoded);
    this.#count += 1;
    this.#running += 1;
  }

  /** Sends what is encoded; returns `false` if the runs accept no more inputs. */
  #send(task: Task, contents: Buffer[] = []): boolean {
    const encoded = this.#encoded.splice(0);
    return encoded.length === 0 || task.push(`[${encoded.join()}]`, contents);
  }

  /** Makes room for another run, and removes the temporary files of a finished one. */
  release(index: number): void {
    this.#running -= 1;
    this.#resume?.();
    this.#resume = undefined;
    const payload = this.#payloads.get(index);
    this.#payloads.delete(index);
    void payload?.cleanup().catch((error: unknown) => {
      warn('A temporary file could not be removed', error);
    });
  }

  /** Removes all temporary files; throws the error of the inputs. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#resume?.();
    for (const payload of this.#payloads.values()) {
      await payload.cleanup();
    }
    this.#payloads.clear();
    const failure = this.#failure;
    if (failure !== undefined) {
      this.#failure = undefined;
      throw failure.error;
    }
  }
}

/** Returns an input without media as JSON text, or `undefined` if it has media or is invalid. */
function encodePlain(input: Input): string | undefined {
  try {
    return encodePlainInput(input);
  } catch (error) {
    if (error instanceof InputError) {
      return undefined;
    }
    throw error;
  }
}
