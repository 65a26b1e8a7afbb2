import { aborted, refuseIfOver, type CallOptions, type Message } from './call';
import { errorOf } from './errors';
import type { Reach, Task } from './native';

/**
 * What a task says, one after the other. It ends the task when it is left: by `break`, by `return`,
 * at the end of an `await using` block.
 */
export class Paginator<T> implements AsyncIterableIterator<T>, AsyncDisposable {
  readonly #reach: Reach;
  readonly #signal: AbortSignal | undefined;
  readonly #begin: () => Task;
  readonly #read: (message: Message) => T | undefined;
  readonly #ready: Message[] = [];
  #task: Task | undefined;
  #busy: Promise<unknown> | undefined;
  #over = false;
  readonly #stop = () => this.#task?.cancel();

  /** @internal `read` gives `undefined` for a message that is no item. */
  constructor(
    reach: Reach,
    options: CallOptions,
    begin: () => Task,
    read: (message: Message) => T | undefined,
  ) {
    this.#reach = reach;
    this.#signal = options.signal;
    this.#begin = begin;
    this.#read = read;
  }

  /** The next one. */
  async next(): Promise<IteratorResult<T, undefined>> {
    // Two at once would get each other's.
    while (this.#busy !== undefined) {
      await this.#busy;
    }
    const ready = this.#take();
    if (ready !== undefined) {
      return { done: false, value: ready };
    }
    let done!: () => void;
    this.#busy = new Promise<void>((resolve) => (done = resolve));
    try {
      return await this.#next();
    } catch (error) {
      this.#end();
      throw error;
    } finally {
      this.#busy = undefined;
      done();
    }
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    while (!this.#over) {
      const value = this.#take();
      if (value !== undefined) {
        return { done: false, value };
      }
      const task = this.#start();
      const batch = await task.next();
      if (batch === null) {
        const wanted = this.#over;
        this.#end();
        if (!wanted && (this.#signal?.aborted || this.#reach.closed)) {
          throw aborted(this.#reach, this.#signal);
        }
        break;
      }
      this.#ready.push(...(JSON.parse(batch) as Message[]));
    }
    return { done: true, value: undefined };
  }

  /** The next item of those that are here already. */
  #take(): T | undefined {
    try {
      for (;;) {
        const message = this.#ready.shift();
        if (message === undefined) {
          return undefined;
        }
        if (message.error !== undefined) {
          throw errorOf(message.error, this.#reach);
        }
        const value = this.#read(message);
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
      refuseIfOver(this.#reach, this.#signal);
      this.#task = this.#begin();
      this.#reach.tasks.add(this.#task);
      this.#signal?.addEventListener('abort', this.#stop, { once: true });
    }
    return this.#task;
  }

  #end(): void {
    this.#over = true;
    this.#ready.length = 0;
    this.#signal?.removeEventListener('abort', this.#stop);
    if (this.#task !== undefined) {
      this.#reach.tasks.delete(this.#task);
      this.#task.cancel();
    }
  }

  /** Ends it. Jobs that were submitted go on at the service. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }
}
