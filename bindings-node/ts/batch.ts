import { fileURLToPath } from 'node:url';

import {
  abortReason,
  nextMessages,
  runOperation,
  throwIfClosed,
  type CoreClient,
  type Message,
} from './core-client';
import { AbortError, decodeError, makeError } from './errors';
import {
  BATCH_OPTIONS_RULES,
  type BatchEnd,
  type BatchItem as BatchItemData,
  type BatchManifest,
  type BatchOptions as EncodedOptions,
  type BatchStart,
  type BatchStopReason,
  type BatchSummary,
} from './generated/dto';
import type { Task } from './native';
import type { CallOptions } from './options';
import { encode, encodeOptions, isPlainObject, show } from './serialize';

/** A row: the values of its columns by name. Empty ones are not sent. */
export type BatchRow = Readonly<Record<string, unknown>>;

/** Options of `batch`. */
export interface BatchOptions extends EncodedOptions, CallOptions {
  /** The folder of the results and of the state. It is created if it does not exist. */
  out: string | URL;
}

/** A row of a batch and its result. */
export type BatchItem = Omit<BatchItemData, 'sentAt'> & {
  /** When the submit was sent. */
  readonly sentAt?: Date;
};

const ON_UNKNOWN = /^(keep|stop|resubmit-after=([0-9]+ ?(s|m|min|h|d|w) ?)+)$/;

/**
 * The rows of a batch. Each iteration runs those that are not done, and returns each as it ends. Get it
 * with `client.batch`.
 */
export class Batch implements AsyncIterable<BatchItem> {
  readonly #core: CoreClient;
  readonly #place: { manifest: BatchManifest; out: string };
  readonly #options: EncodedOptions;
  readonly #signal: AbortSignal | undefined;
  /**
   * Why the last run submitted nothing more; `undefined` if it did not stop. After an abort the code is
   * `interrupted`.
   */
  stopReason: BatchStopReason | undefined;
  /** How many rows the last run works on; `undefined` before it starts. */
  total: number | undefined;

  /** @internal */
  constructor(core: CoreClient, manifest: unknown, options: BatchOptions) {
    this.#core = core;
    if (typeof options !== 'object' || options === null) {
      throw makeError('invalid_input', `\`options\` must be an object, got ${show(options)}.`);
    }
    const { out, ...more } = options;
    const folder: unknown = out instanceof URL ? fileURLToPath(out) : out;
    encode('out', folder, { kind: 'text' }, 'invalid_input');
    this.#options = encodeOptions('batch', more, BATCH_OPTIONS_RULES) as EncodedOptions;
    const { onUnknown } = this.#options;
    if (onUnknown != null && !ON_UNKNOWN.test(onUnknown)) {
      const expected = "'keep', 'stop' or a time such as 'resubmit-after=24h'";
      const message = `\`onUnknown\` must be ${expected}, got ${show(onUnknown)}.`;
      throw makeError('invalid_input', message);
    }
    this.#signal = options.signal;
    this.#place = { manifest: encodeManifest(manifest), out: folder as string };
  }

  /**
   * Runs the rows that are not done. Leaving the loop waits for the responses of submits in flight, and
   * stops the run.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<BatchItem, undefined> {
    this.stopReason = this.total = undefined;
    throwIfClosed(this.#core, this.#signal);
    const task = this.#core.start({ op: 'batch', ...this.#place, options: this.#options });
    const stop = () => task.stop();
    this.#core.tasks.add(task);
    this.#signal?.addEventListener('abort', stop, { once: true });
    try {
      yield* this.#items(task);
    } finally {
      task.stop();
      while ((await nextMessages(task)) !== null);
      this.#signal?.removeEventListener('abort', stop);
      this.#core.tasks.delete(task);
    }
    return undefined;
  }

  async *#items(task: Task): AsyncGenerator<BatchItem> {
    for (;;) {
      const messages = await nextMessages(task);
      if (this.#signal?.aborted || (messages === null && this.#core.closed)) {
        throw this.#aborted();
      }
      if (messages === null) {
        return;
      }
      for (const message of JSON.parse(messages) as Message[]) {
        if (message.item !== undefined) {
          yield decodeItem(message.item as BatchItemData);
        } else {
          this.#note(message);
        }
      }
    }
  }

  /** Returns the error of a run that the caller ends. The jobs are in the folder of the batch. */
  #aborted(): AbortError {
    const message =
      `The batch in '${this.#place.out}' is not done. Jobs that were submitted continue at the service: ` +
      'the same call resumes it and pays for no row twice, and `items()` lists their ids.';
    this.stopReason = { code: 'interrupted', message };
    return new AbortError(abortReason(this.#core, this.#signal), undefined, message);
  }

  /** Handles the start, the end or the error of a run. */
  #note({ event, error, value }: Message): void {
    if (event !== undefined) {
      this.total = (event as BatchStart).total;
    } else if (error !== undefined) {
      this.stopReason = { code: error.code, message: error.message };
      throw decodeError(error, this.#core);
    } else {
      const reason = (value as BatchEnd).stopReason;
      const isCost = reason?.code === 'cost_limit';
      const hint = isCost ? ' Use a higher `maxCost` to continue.' : '';
      this.stopReason = reason && { ...reason, message: reason.message + hint };
    }
  }

  /** Returns how many rows are in each state, and what their jobs cost. */
  async summary(options: CallOptions = {}): Promise<BatchSummary> {
    encodeOptions('summary', options);
    return await runOperation<BatchSummary>(this.#core, options, () =>
      this.#core.start({ op: 'batchSummary', ...this.#place }),
    );
  }

  /** Returns all rows with their states, in the order of the manifest. */
  async items(options: CallOptions = {}): Promise<BatchItem[]> {
    encodeOptions('items', options);
    const items = await runOperation<BatchItemData[]>(this.#core, options, () =>
      this.#core.start({ op: 'batchItems', ...this.#place }),
    );
    return items.map(decodeItem);
  }
}

function decodeItem({ sentAt, ...item }: BatchItemData): BatchItem {
  return sentAt === undefined ? item : { ...item, sentAt: new Date(sentAt) };
}

function encodeManifest(manifest: unknown): BatchManifest {
  if (typeof manifest === 'string') {
    return { path: manifest };
  }
  if (manifest instanceof URL) {
    return { path: fileURLToPath(manifest) };
  }
  if (typeof manifest !== 'object' || manifest === null || !(Symbol.iterator in manifest)) {
    const expected = 'the path of a CSV or JSON Lines file or a folder, or an iterable of rows';
    throw makeError('invalid_input', `\`manifest\` must be ${expected}, got ${show(manifest)}.`);
  }
  return { rows: [...(manifest as Iterable<unknown>)].map(encodeRow) };
}

function encodeRow(row: unknown, index: number): Record<string, unknown> {
  if (!isPlainObject(row)) {
    const message = `row ${index}: it must be an object with the columns, got ${show(row)}.`;
    throw makeError('invalid_input', message);
  }
  const cells = Object.entries(row).map(([name, value]) => {
    const cell = value instanceof URL && value.protocol === 'file:' ? fileURLToPath(value) : value;
    const isJson = ['string', 'boolean', 'undefined'].includes(typeof cell) || cell === null;
    if (!isJson && !Number.isFinite(cell) && !Array.isArray(cell) && !isPlainObject(cell)) {
      const expected = 'text, a finite number, a boolean, a path or a URL';
      const message = `row ${index}: \`${name}\` must be ${expected}, got ${show(value)}.`;
      throw makeError('invalid_input', message);
    }
    return [name, cell] as const;
  });
  return Object.fromEntries(cells);
}
