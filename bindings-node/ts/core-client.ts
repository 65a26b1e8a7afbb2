import { fileURLToPath } from 'node:url';

import { emitWarnings, guardCallback, warnOfOpenJobs } from './callbacks';
import { AbortError, decodeError, describeOpenJobs, makeError, NO_CLIENT } from './errors';
import {
  CLIENT_SETTINGS_RULES,
  type DownloadedFile,
  type ErrorData,
  type OpenJobs,
  type OutputData,
  type Request,
} from './generated/dto';
import { native, type NativeClient, type NativeJob, type Task } from './native';
import type { CallOptions, ClientSettings, DownloadOptions } from './options';
import type { Downloader } from './prediction';
import { encodeFields, encodeOptions, isPlainObject, show } from './serialize';

/** A message of a task. */
export interface Message {
  event?: unknown;
  value?: unknown;
  item?: unknown;
  error?: ErrorData;
}

/** The options of an operation, as far as they are needed to run it. */
interface Listening extends CallOptions {
  onProgress?: unknown;
  onUpdate?: unknown;
}

const BOOLEAN = { required: false, rule: { kind: 'boolean' } } as const;
const MAX_BYTES = {
  maxBytes: { required: false, rule: { kind: 'number', integer: true, minimum: 0 } },
} as const;

/** The native client and its running tasks, which the public objects share. */
export class CoreClient implements Downloader {
  /** The running tasks; they end with the client. */
  readonly tasks = new Set<Task>();
  readonly #native: NativeClient;
  #closed = false;

  constructor(settings: ClientSettings) {
    const config = encodeSettings(settings);
    this.#native = unwrapNativeError(() => native.NativeClient.open(config));
    emitWarnings(native.takeWarnings());
  }

  /** Whether the client was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Starts an operation. */
  start(request: Request, contents: Buffer[] = []): Task {
    return this.#native.start(JSON.stringify(request), contents);
  }

  /** Starts an operation on an input that is JSON text already. */
  startWithInput(request: object, input: string, contents: Buffer[]): Task {
    const head = JSON.stringify(request).slice(0, -1);
    return this.#native.start(`${head},"input":${input}}`, contents);
  }

  /** Returns a handle on a job. */
  job(id: string): NativeJob {
    return this.#native.job(id);
  }

  setApiKey(key: string): void {
    unwrapNativeError(() => this.#native.setApiKey(key));
  }

  /** Ends the waits for the job of a webhook delivery; returns whether there were any. */
  deliver(body: Buffer): boolean {
    const message = JSON.parse(this.#native.deliver(body)) as Message;
    if (message.error !== undefined) {
      throw decodeError(message.error, this);
    }
    return message.value as boolean;
  }

  async downloadOutput(
    output: OutputData | undefined,
    jobId: string | undefined,
    to: string | URL,
    options: DownloadOptions,
  ): Promise<DownloadedFile> {
    const encoded = encodeOptions('download', options, MAX_BYTES);
    const path = encodePath(to);
    return await runOperation<DownloadedFile>(this, options, (progress) =>
      this.start({ op: 'download', output, jobId, to: path, ...encoded, progress }),
    );
  }

  async downloadOutputs(
    outputs: OutputData[],
    jobId: string,
    to: string | URL,
    options: DownloadOptions,
  ): Promise<DownloadedFile[]> {
    const encoded = encodeOptions('downloadOutputs', options, MAX_BYTES);
    const path = encodePath(to);
    return await runOperation<DownloadedFile[]>(this, options, (progress) =>
      this.start({ op: 'downloadOutputs', outputs, jobId, to: path, ...encoded, progress }),
    );
  }

  close(): void {
    this.#closed = true;
    for (const task of this.tasks) {
      task.cancel();
    }
  }
}

/**
 * Runs a task to its end and returns the value of its last message. `start` receives whether events
 * are wanted; `onEvent` receives each of them.
 */
export async function runOperation<T>(
  client: CoreClient | undefined,
  options: Listening,
  start: (progress: boolean) => Task,
  onEvent: (event: never) => unknown = guardCallback(
    'onProgress',
    options.onProgress as ((event: unknown) => unknown) | undefined,
  ),
): Promise<T> {
  const { signal } = options;
  throwIfClosed(client, signal);
  const task = start(options.onProgress !== undefined || options.onUpdate !== undefined);
  const cancel = () => task.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  client?.tasks.add(task);
  try {
    for (;;) {
      const batch = await nextMessages(task);
      if (batch === null) {
        throw abortError(client, signal, task);
      }
      for (const message of JSON.parse(batch) as Message[]) {
        if (message.error !== undefined) {
          throw decodeError(message.error, client ?? NO_CLIENT);
        }
        if ('value' in message) {
          return message.value as T;
        }
        await onEvent(message.event as never);
      }
    }
  } catch (error) {
    task.cancel();
    throw error;
  } finally {
    client?.tasks.delete(task);
    signal?.removeEventListener('abort', cancel);
  }
}

/** Returns the next messages of a task as JSON, and emits the warnings that came up meanwhile. */
export async function nextMessages(task: Task): Promise<string | null> {
  try {
    return await task.next();
  } finally {
    emitWarnings(native.takeWarnings());
  }
}

/** Throws if the signal was aborted or the client was closed. */
export function throwIfClosed(
  client: CoreClient | undefined,
  signal: AbortSignal | undefined,
): void {
  if (signal?.aborted) {
    throw new AbortError(signal.reason);
  }
  if (client?.closed) {
    throw makeError('config', 'The client is closed. Create a new one.');
  }
}

/**
 * Returns why a task ended early, with the jobs that continue, and warns of them. `unseen` are the
 * ids of jobs whose results were received, but not returned.
 */
export function abortError(
  client: CoreClient | undefined,
  signal: AbortSignal | undefined,
  task: Task,
  unseen: readonly string[] = [],
): AbortError {
  return new AbortError(abortReason(client, signal), warnOfTask(task, unseen));
}

/** Returns the reason of a signal that was aborted, or that the client was closed. */
export function abortReason(
  client: CoreClient | undefined,
  signal: AbortSignal | undefined,
): unknown {
  const wasClosed = !signal?.aborted && client?.closed;
  return wasClosed ? new Error('The client was closed.') : signal?.reason;
}

/** Warns of the jobs of a task that continue, and returns them. */
export function warnOfTask(task: Task, unseen: readonly string[] = []): OpenJobs {
  const { jobIds, records } = JSON.parse(task.openJobs()) as OpenJobs;
  const jobs = { jobIds: [...unseen, ...jobIds], records };
  warnOfOpenJobs(describeOpenJobs(jobs));
  return jobs;
}

function encodePath(to: string | URL): string {
  if (typeof to !== 'string' && !(to instanceof URL)) {
    throw makeError('invalid_input', `\`to\` must be a path or a file URL, got ${show(to)}.`);
  }
  return typeof to === 'string' ? to : fileURLToPath(to);
}

/** Returns the configuration of a client in JSON. */
function encodeSettings(settings: ClientSettings): string {
  if (!isPlainObject(settings)) {
    const message = `\`settings\` must be an object, got ${show(settings)}.`;
    throw makeError('config', message);
  }
  // The conformance suite uses the clock of the mock server.
  const testing = native.isTestingBuild() ? { virtualClock: BOOLEAN } : {};
  const rules = { ...CLIENT_SETTINGS_RULES, ignoreEnv: BOOLEAN, ...testing };
  const { ignoreEnv, ...rest } = encodeFields(settings, rules, 'a setting of a client', 'config');
  return JSON.stringify({ env: ignoreEnv ? {} : environment(), settings: rest });
}

/** Returns the environment as this thread sees it: a worker may have its own. */
function environment(): Record<string, string> {
  const all = Object.entries(process.env).filter(([name]) => name.startsWith('WAVESPEED_'));
  return Object.fromEntries(all) as Record<string, string>;
}

/** Calls native code whose errors are JSON. */
function unwrapNativeError<T>(call: () => T): T {
  let data: ErrorData;
  try {
    return call();
  } catch (error) {
    ({ error: data } = JSON.parse((error as Error).message) as { error: ErrorData });
  }
  throw decodeError(data, NO_CLIENT);
}
