import type { RunManyOptions } from './options';

/** The options that are the native part's business, as JSON has them. */
export function told(options: RunManyOptions): Record<string, unknown> {
  const { signal: _s, onProgress: _p, onUpdate: _u, limit: _l, ...rest } = options;
  return numbers(rest);
}

/** `Infinity` is no number of JSON; the largest number has the same effect. */
export function numbers(settings: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      value === Infinity ? Number.MAX_VALUE : value,
    ]),
  );
}
