import { inspect } from 'node:util';

import { makeError } from './errors';
import { RUN_OPTIONS_RULES, type ErrorCode, type Rule } from './generated/dto';

/** What the options of the facade itself accept. */
type FacadeRule = Rule | { readonly kind: 'signal' | 'callback' };
type FacadeRules = {
  readonly [name: string]: { readonly required: boolean; readonly rule: FacadeRule };
};

const SIGNAL = { signal: { required: false, rule: { kind: 'signal' } } } as const;
const CALLBACK = { required: false, rule: { kind: 'callback' } } as const;

/** The options that the facade itself handles. */
const FACADE_OPTIONS: FacadeRules = { ...SIGNAL, onProgress: CALLBACK, onUpdate: CALLBACK };

/** A duration as an option. */
export const TIMEOUT = { timeoutMs: { required: false, rule: { kind: 'duration' } } } as const;
/** The additional headers of a call as an option. */
export const HEADERS = { headers: RUN_OPTIONS_RULES.headers } as const;
/** The number of runs at the same time as an option. */
export const LIMIT = {
  limit: { required: false, rule: { kind: 'number', integer: true, minimum: 1 } },
} as const;

/** The values that are secret: an error does not show them. */
const SECRETS = new Set(['apiKey', 'proxy', 'ledger', 'secrets', 'headers']);

/**
 * Checks the options of a call and encodes those for native code. Throws an {@link InputError} that
 * names the option.
 */
export function encodeOptions(call: string, options: object, rules: FacadeRules = {}) {
  const what = `an option of \`${call}\``;
  if (typeof options !== 'object' || options === null) {
    throw makeError('invalid_input', `\`options\` must be an object, got ${show(options)}.`);
  }
  const encoded = encodeFields(options, { ...FACADE_OPTIONS, ...rules }, what, 'invalid_input');
  for (const name of Object.keys(FACADE_OPTIONS)) {
    delete encoded[name];
  }
  return encoded;
}

/** Checks and encodes options that can have a key, as {@link encodeOptions} does. */
export function encodeKeyedOptions(call: string, options: object, rules: FacadeRules) {
  const encoded = encodeOptions(call, options, rules);
  if (encoded['retryFailed'] !== undefined && encoded['key'] === undefined) {
    const message = '`retryFailed` needs `key`: it is about the job of a key.';
    throw makeError('invalid_input', message);
  }
  return encoded;
}

/** Checks and encodes a filter of a list. */
export function encodeFilter(filter: object, rules: FacadeRules): object {
  if (!isPlainObject(filter)) {
    throw makeError('invalid_input', `\`filter\` must be an object, got ${show(filter)}.`);
  }
  return encodeFields(filter, rules, 'a field of `filter`', 'invalid_input');
}

/**
 * Checks an object and encodes its fields. Throws an error with this code that names the field;
 * `what` completes "… is not" for an unknown one.
 */
export function encodeFields(
  given: object,
  rules: FacadeRules,
  what: string,
  code: ErrorCode,
  prefix = '',
): Record<string, unknown> {
  const encoded: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const known = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (known === undefined) {
      const close = closest(name, Object.keys(rules));
      const hint = close === undefined ? '' : ` Did you mean \`${close}\`?`;
      throw makeError(code, `\`${prefix}${name}\` is not ${what}.${hint}`);
    }
    if (value !== undefined && value !== null) {
      encoded[name] = encode(`${prefix}${name}`, value, known.rule, code);
    }
  }
  for (const [name, { required, rule }] of Object.entries(rules)) {
    if (
      required &&
      encoded[name] === undefined &&
      (given as Record<string, unknown>)[name] !== null
    ) {
      throw makeError(code, `\`${prefix}${name}\` is missing. It must be ${describe(rule)}.`);
    }
  }
  return encoded;
}

/** Checks and encodes one value. Throws an error with this code that names the parameter. */
export function encode(name: string, value: unknown, rule: FacadeRule, code: ErrorCode): unknown {
  if (rule.kind === 'object' && isPlainObject(value)) {
    return encodeFields(value, rule.fields, `a field of \`${name}\``, code, `${name}.`);
  }
  if (rule.kind === 'union') {
    const object = rule.of.find(({ kind }) => kind === 'object');
    if (object !== undefined && isPlainObject(value)) {
      return encode(name, value, object, code);
    }
    const fitting = rule.of.find((one) => accepts(one, value));
    if (fitting !== undefined) {
      return encode(name, value, fitting, code);
    }
  }
  if (!accepts(rule, value)) {
    const shown = SECRETS.has(name) ? `a value of type ${typeof value}` : show(value);
    throw makeError(code, `\`${name}\` must be ${describe(rule)}, got ${shown}.`);
  }
  switch (rule.kind) {
    case 'duration':
      // JSON has no number for infinity; the largest number has the same effect.
      return Math.min(value as number, Number.MAX_VALUE);
    case 'moment':
      return (value as Date).getTime();
    case 'list':
      return typeof value === 'string' ? [value] : [...(value as Iterable<unknown>)];
    default:
      return value;
  }
}

function accepts(rule: FacadeRule, value: unknown): boolean {
  switch (rule.kind) {
    case 'any':
      return true;
    case 'text':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'duration':
      return typeof value === 'number' && value >= 0;
    case 'moment':
      return value instanceof Date && !Number.isNaN(value.getTime());
    case 'number':
      return (
        typeof value === 'number' &&
        (rule.integer ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
        value >= (rule.minimum ?? -Infinity) &&
        value > (rule.above ?? -Infinity) &&
        value <= (rule.maximum ?? Infinity)
      );
    case 'words':
      return rule.words.includes(value as string);
    case 'list':
      return (
        accepts(rule.of, value) ||
        (isIterable(value) && [...value].every((element) => accepts(rule.of, element)))
      );
    case 'union':
      return rule.of.some((one) => accepts(one, value));
    case 'map':
      return isPlainObject(value) && Object.values(value).every((one) => accepts(rule.of, one));
    case 'object':
      return isPlainObject(value);
    case 'signal':
      return value instanceof AbortSignal;
    case 'callback':
      return typeof value === 'function';
  }
}

/** Completes "must be …". */
function describe(rule: FacadeRule): string {
  switch (rule.kind) {
    case 'any':
      return 'JSON';
    case 'text':
      return 'a string';
    case 'boolean':
      return 'true or false';
    case 'duration':
      return 'a non-negative number of milliseconds';
    case 'moment':
      return 'a valid Date';
    case 'number': {
      const kind = rule.integer ? 'a whole number' : 'a number';
      if (rule.above !== undefined) return `${kind} above ${rule.above}`;
      if (rule.minimum === undefined) return kind;
      return rule.maximum === undefined
        ? `${kind} of at least ${rule.minimum}`
        : `${kind} from ${rule.minimum} to ${rule.maximum}`;
    }
    case 'words':
      return rule.words.length === 1 ? `${rule.words[0]}` : `one of ${rule.words.join(', ')}`;
    case 'list':
      return `${describe(rule.of)} or a list of them`;
    case 'map':
      return rule.of.kind === 'text' ? 'an object of strings' : 'an object';
    case 'union':
      return rule.of.map(describe).join(' or ');
    case 'object':
      return `{${Object.keys(rule.fields).join(', ')}}`;
    case 'signal':
      return 'an AbortSignal';
    case 'callback':
      return 'a function';
  }
}

/** Returns a value as it appears in an error message. */
export function show(value: unknown): string {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value)
      : inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 5 });
  return shown.length <= 80 ? shown : `${shown.slice(0, 80)}…`;
}

/** Whether a value is an object literal or the like, and not of a class of its own. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** Returns the name that was probably meant. */
function closest(name: string, known: string[]): string | undefined {
  const distances = known.map((other): [number, string] => [editDistance(name, other), other]);
  const [best] = distances.sort(([a], [b]) => a - b);
  const related = known.find((other) => other.toLowerCase() === `${name}ms`.toLowerCase());
  return related ?? (best !== undefined && best[0] <= name.length / 3 ? best[1] : undefined);
}

/** Returns how many letters must change to make one text of the other; case does not count. */
function editDistance(first: string, second: string): number {
  const [a, b] = [first.toLowerCase(), second.toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
