import {
  abortError,
  nextMessages,
  runOperation,
  throwIfClosed,
  type CoreClient,
  type Message,
} from './core-client';
import { decodeError, makeError } from './errors';
import { encodePath, packagedFfmpeg } from './fit';
import {
  DUB_OPTIONS_RULES,
  type DubOptions as EncodedOptions,
  type DubPlan,
  type DubResult,
  type DubUpdate,
} from './generated/dto';
import type { Task } from './native';
import type { CallOptions } from './options';
import { encodeOptions, isPlainObject, show } from './serialize';

/** Options of `dub`. */
export interface DubOptions extends EncodedOptions, CallOptions {
  /** The path of a video of a face, of any length and size. */
  video: string | URL;
  /** The path of the voice. */
  audio: string | URL;
  /**
   * The path of the result, an MP4 or MOV file. It must not exist. The state is in the folder `OUT.dub` until
   * the dub is complete.
   */
  out: string | URL;
}

const ON_UNKNOWN = /^(keep|stop|resubmit-after=([0-9]+ ?(s|m|min|h|d|w) ?)+)$/;

/** A dub of one clip. Each iteration runs what is not done. Get it with `client.dub`. */
export class Dub implements AsyncIterable<DubUpdate> {
  readonly #core: CoreClient;
  readonly #sources: {
    video: string;
    audio: string;
    options: EncodedOptions;
    fallbackFfmpeg: string | undefined;
  };
  readonly #out: string;
  readonly #signal: AbortSignal | undefined;
  /** The result of the last run; `undefined` until it is complete. */
  result: DubResult | undefined;

  /** @internal */
  constructor(core: CoreClient, options: DubOptions) {
    this.#core = core;
    if (!isPlainObject(options)) {
      throw makeError('invalid_input', `\`options\` must be an object, got ${show(options)}.`);
    }
    const { video, audio, out, ...more } = options as DubOptions;
    const encoded = encodeOptions('dub', more, DUB_OPTIONS_RULES) as EncodedOptions;
    const { onUnknown } = encoded;
    if (onUnknown != null && !ON_UNKNOWN.test(onUnknown)) {
      const expected = "'keep', 'stop' or a time such as 'resubmit-after=24h'";
      const message = `\`onUnknown\` must be ${expected}, got ${show(onUnknown)}.`;
      throw makeError('invalid_input', message);
    }
    this.#sources = {
      video: encodePath('video', video),
      audio: encodePath('audio', audio),
      options: encoded,
      fallbackFfmpeg: packagedFfmpeg(),
    };
    this.#out = encodePath('out', out);
    this.#signal = more.signal;
  }

  /**
   * Runs what is not done, and returns each step; `result` is set at the end. Leaving the loop waits for
   * the responses of submits in flight, and stops the run.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<DubUpdate, undefined> {
    this.result = undefined;
    throwIfClosed(this.#core, this.#signal);
    const task = this.#core.start({ op: 'dub', out: this.#out, ...this.#sources });
    const stop = () => task.stop();
    this.#core.tasks.add(task);
    this.#signal?.addEventListener('abort', stop, { once: true });
    try {
      yield* this.#updates(task);
    } finally {
      task.stop();
      while ((await nextMessages(task)) !== null);
      this.#signal?.removeEventListener('abort', stop);
      this.#core.tasks.delete(task);
    }
    return undefined;
  }

  async *#updates(task: Task): AsyncGenerator<DubUpdate> {
    for (;;) {
      const messages = await nextMessages(task);
      if (this.#signal?.aborted || (messages === null && this.#core.closed)) {
        throw abortError(this.#core, this.#signal, task);
      }
      if (messages === null) {
        return;
      }
      for (const { event, error, value } of JSON.parse(messages) as Message[]) {
        if (event !== undefined) {
          yield event as DubUpdate;
        } else if (error !== undefined) {
          throw decodeError(error, this.#core);
        } else {
          this.result = value as DubResult;
        }
      }
    }
  }

  /** Returns the segments, the jobs and the price. Uploads and submits nothing. */
  async plan(options: CallOptions = {}): Promise<DubPlan> {
    encodeOptions('plan', options);
    return await runOperation<DubPlan>(this.#core, options, () =>
      this.#core.start({ op: 'dubPlan', ...this.#sources }),
    );
  }
}
