/**
 * Returns a callback that never throws, so that it cannot end the wait for a job that costs money.
 * The first error of the user's callback, thrown or rejected, becomes a warning of the process.
 */
export function guardCallback<T extends unknown[]>(
  name: string,
  callback: ((...values: T) => unknown) | undefined,
): (...values: T) => void {
  let warned = false;
  const report = (thrown: unknown) => {
    if (!warned) {
      warned = true;
      warn(`\`${name}\` threw an error; the call continues`, thrown);
    }
  };
  return (...values) => {
    try {
      const result = callback?.(...values);
      if (isThenable(result)) {
        result.then(undefined, report);
      }
    } catch (error) {
      report(error);
    }
  };
}

/** Emits a warning of the process that a call ended early and jobs continue. */
export function warnOfOpenJobs(description: string | undefined): void {
  if (description !== undefined) {
    process.emitWarning(`The call ended early. ${description}`, 'VisemeWarning');
  }
}

/** Emits warnings of the library, such as one about a file that cannot be written. */
export function emitWarnings(texts: string[]): void {
  for (const text of texts) {
    process.emitWarning(text, 'VisemeWarning');
  }
}

/** Emits a warning of the process about an error that must not end the current call. */
export function warn(what: string, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const warning = new Error(`${what}: ${error.message}`, { cause: error });
  warning.name = 'VisemeWarning';
  warning.stack = `${warning.name}: ${warning.message}\n${error.stack ?? ''}`;
  process.emitWarning(warning);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}
