import {
  abortError,
  nextMessages,
  throwIfClosed,
  warnOfTask,
  type CoreClient,
  type Message,
} from './core-client';
import { decodeError } from './errors';
import type { RunManyItem } from './generated/dto';
import type { Task } from './native';
import type { CallOptions } from './options';

/**
 * A lazy list. Leaving it ends its requests: by `break` or `return` in a loop, or at the end of an
 * `await using` block.
 */
export class Paginator<T> implements AsyncIterableIterator<T>, AsyncDisposable {
  readonly #client: CoreClient;
  readonly #signal: AbortSignal | undefined;
  readonly #startTask: () => Task;
  readonly #decode: (message: Message) => T | undefined;
  readonly #ready: Message[] = [];
  #task: Task | undefined;
  #busy: Promise<unknown> | undefined;
  #ended = false;
  readonly #cancel = () => this.#task?.cancel();

  /** @internal `decode` returns `undefined` for a message that is no element. */
  constructor(
    client: CoreClient,
    options: CallOptions,
    startTask: () => Task,
    decode: (message: Message) => T | undefined,
  ) {
    this.#client = client;
    this.#signal = options.signal;
    this.#startTask = startTask;
    this.#decode = decode;
  }

  /** Returns the next element. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#busy !== undefined) {
      return this.#nextInTurn();
    }
    // Most elements have arrived already: an async function would take longer than the rest.
    try {
      const value = this.#take();
      return value === undefined ? this.#nextInTurn() : Promise.resolve({ done: false, value });
    } catch (error) {
      return this.#fail(error);
    }
  }

  async #nextInTurn(): Promise<IteratorResult<T, undefined>> {
    // Two calls at the same time would take each other's elements.
    while (this.#busy !== undefined) {
      await this.#busy;
    }
    let done!: () => void;
    this.#busy = new Promise<void>((resolve) => (done = resolve));
    try {
      const next = await this.#next();
      if (next.done) {
        await this.finish();
      }
      return next;
    } catch (error) {
      return await this.#fail(error);
    } finally {
      this.#busy = undefined;
      done();
    }
  }

  async #fail(error: unknown): Promise<never> {
    this.#end();
    await this.handleFailure(error);
    throw error;
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    while (!this.#ended) {
      const value = this.#take();
      if (value !== undefined) {
        return { done: false, value };
      }
      await this.settle();
      const task = this.#start();
      const batch = await nextMessages(task);
      if (batch === null) {
        const left = this.#ended;
        this.#end();
        if (!left && (this.#signal?.aborted || this.#client.closed)) {
          throw abortError(this.#client, this.#signal, task);
        }
        break;
      }
      this.#ready.push(...(JSON.parse(batch) as Message[]));
    }
    return { done: true, value: undefined };
  }

  /** Ends the list that its caller leaves, and warns of jobs that continue. */
  protected leave(): void {
    if (!this.#ended && this.#task !== undefined) {
      const unseen = this.#ready.flatMap(({ item }) => jobIdOf(item as RunManyItem) ?? []);
      this.#end();
      warnOfTask(this.#task, unseen);
    }
  }

  /** Warns of jobs that continue after an error that names none. */
  protected warnOfOpenJobs(): void {
    if (this.#task !== undefined) {
      warnOfTask(this.#task);
    }
  }

  /** Runs after the last element; an error of it is thrown. */
  protected async finish(): Promise<void> {}

  /** Runs before an error is thrown. */
  protected async handleFailure(_error: unknown): Promise<void> {}

  /** Waits for what the messages so far have started. */
  protected async settle(): Promise<void> {}

  /** Returns the next element that has arrived already. */
  #take(): T | undefined {
    try {
      for (;;) {
        const message = this.#ready.shift();
        if (message === undefined) {
          return undefined;
        }
        if (message.error !== undefined) {
          throw decodeError(message.error, this.#client);
        }
        const value = this.#decode(message);
        if (value !== undefined) {
          return value;
        }
      }
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #start(): Task {
    if (this.#task === undefined) {
      throwIfClosed(this.#client, this.#signal);
      this.#task = this.#startTask();
      this.#client.tasks.add(this.#task);
      this.#signal?.addEventListener('abort', this.#cancel, { once: true });
    }
    return this.#task;
  }

  #end(): void {
    this.#ended = true;
    this.#ready.length = 0;
    this.#signal?.removeEventListener('abort', this.#cancel);
    if (this.#task !== undefined) {
      this.#client.tasks.delete(this.#task);
      this.#task.cancel();
    }
  }

  /** Ends the list. Submitted jobs continue. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  /** Returns this list. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the list. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }
}

/** Returns the id of the job of a result of many runs. */
function jobIdOf(item: RunManyItem | undefined): string | undefined {
  return item?.value?.id ?? item?.error?.jobId;
}
