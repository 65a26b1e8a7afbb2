import { AbortError, errorOf, refused, type ErrorData } from './errors';
import type { Reach, Task } from './native';

/** What a task says. */
export interface Message {
  event?: unknown;
  value?: unknown;
  item?: unknown;
  error?: ErrorData;
}

/** What every call may be told. */
export interface CallOptions {
  /** Ends the call when aborted: nothing is asked of the service any more. */
  signal?: AbortSignal | undefined;
}

interface Listening extends CallOptions {
  onProgress?: ((...news: never[]) => unknown) | undefined;
  onUpdate?: unknown;
}

/**
 * Runs a task to its end and gives the value of its last message. `begin` is told whether somebody
 * listens; `hear` is given what goes on.
 */
export async function call<T>(
  reach: Reach | undefined,
  options: Listening,
  begin: (progress: boolean) => Task,
  hear: (event: never) => void = defaultHear(options),
): Promise<T> {
  const { signal } = options;
  refuseIfOver(reach, signal);
  const progress = options.onProgress !== undefined || options.onUpdate !== undefined;
  const task = begin(progress);
  const stop = () => task.cancel();
  signal?.addEventListener('abort', stop, { once: true });
  reach?.tasks.add(task);
  try {
    for (;;) {
      const batch = await task.next();
      if (batch === null) {
        throw aborted(reach, signal);
      }
      for (const message of JSON.parse(batch) as Message[]) {
        if (message.error !== undefined) {
          throw errorOf(message.error, reach);
        }
        if ('value' in message) {
          return message.value as T;
        }
        hear(message.event as never);
      }
    }
  } finally {
    reach?.tasks.delete(task);
    signal?.removeEventListener('abort', stop);
  }
}

/** Throws where nothing shall be begun any more. */
export function refuseIfOver(reach: Reach | undefined, signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new AbortError(signal.reason);
  }
  if (reach?.closed) {
    throw refused('config', 'The client was closed. Make a new one.');
  }
}

/** Why a task ended before its time. */
export function aborted(reach: Reach | undefined, signal: AbortSignal | undefined): AbortError {
  if (!signal?.aborted && reach?.closed) {
    return new AbortError(new Error('The client was closed.'));
  }
  return new AbortError(signal?.reason);
}

/**
 * Calls a listener of the user's. What it throws is made a warning of the process: it must not end
 * the wait for a job that is paid for.
 */
export function inform<T extends unknown[]>(
  listener: ((...news: T) => unknown) | undefined,
  ...news: T
): void {
  try {
    const promise = listener?.(...news);
    if (promise instanceof Promise) {
      promise.catch(warn);
    }
  } catch (error) {
    warn(error);
  }
}

function warn(thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const warning = new Error(`a listener threw: ${error.message}`, { cause: error });
  warning.name = 'VisemeWarning';
  warning.stack = `${warning.name}: ${warning.message}\n${error.stack ?? ''}`;
  process.emitWarning(warning);
}

function defaultHear(options: Listening): (event: never) => void {
  return (event) => inform(options.onProgress as ((news: unknown) => unknown) | undefined, event);
}
