// @ts-check
// The control API, and the records that it returns.

import { announce } from './base/ui.js';

/**
 * @typedef {object} Exchange
 * @property {number} sequence
 * @property {number} connection
 * @property {boolean} reused
 * @property {string} kind
 * @property {string} method
 * @property {string} path
 * @property {string} [query]
 * @property {number | null} status
 * @property {string} termination
 * @property {number} response_bytes
 * @property {string} [rule]
 * @property {unknown} [fault]
 * @property {number} [fault_index]
 * @property {string} [job_id]
 * @property {string} at
 * @property {number} wall_ms
 * @property {number | null} ended_wall_ms
 */

/**
 * Yields the exchanges of one event. Each has the fields that differ from the one before it.
 *
 * @param {(Partial<Exchange> & Record<string, unknown>)[]} changes
 */
export function* eachExchange(changes) {
  /** @type {Record<string, unknown>} */
  let exchange = { sequence: 0 };
  for (const change of changes) {
    exchange = { ...exchange, sequence: Number(exchange.sequence) + 1, ...change };
    for (const name of ABSENT) if (exchange[name] === null) delete exchange[name];
    yield /** @type {Exchange} */ (/** @type {unknown} */ (exchange));
  }
}

/** Fields that an exchange does not have where another has a value. */
const ABSENT = ['rule', 'fault', 'fault_index', 'job_id'];

/**
 * The whole of an exchange.
 *
 * @typedef {Exchange & {
 *   headers: [string, string][], response_headers: [string, string][], authorized: boolean,
 *   body: unknown, body_bytes: number, response: unknown, request_id: string,
 *   note?: string, nearest_rule?: { rule: string, differences: string[] },
 * }} FullExchange
 */

/**
 * @typedef {object} Job
 * @property {string} id
 * @property {string} model
 * @property {string} status
 * @property {string} created_at
 * @property {number} polls
 * @property {number} price_usd
 * @property {string | null} next_change_at
 * @property {boolean} forced
 * @property {boolean} delivered
 * @property {boolean} orphaned
 * @property {boolean} duplicate
 */

/** @typedef {{ index: number, fault: Fault, seen: number, triggered: number, remaining: number | null }} FaultCount */

/** @typedef {{ at: string, when?: string, nth?: number | number[], every?: number, until?: number, probability?: number, do: unknown }} Fault */

/**
 * @typedef {object} Webhook
 * @property {number} number
 * @property {string} job_id
 * @property {string} url
 * @property {number} copy
 * @property {'waiting' | 'delivered' | 'given_up' | 'dropped'} state
 * @property {{ at: string, status: number | null, error: string | null }[]} attempts
 */

/** @typedef {{ charges: number, total_usd: number, kept_usd: number, delivered_usd: number, orphaned_usd: number, duplicate_usd: number, orphaned: number, duplicates: number }} Ledger */

/** @typedef {{ mode: string | { scaled: number }, now: string, elapsed_seconds: number }} Clock */

/** @typedef {{ id: string, key: string, base_url: string }} WorldInfo */

/**
 * Calls the control API and returns the JSON of the response.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, body) {
  const response = await fetch(`/_mock/v1/${path}`, {
    method,
    cache: 'no-store',
    ...(body !== undefined && {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const result = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(result.error ?? result.message ?? `HTTP ${response.status}`);
  return result;
}

/** The calls about one world. Their failures are shown. */
export class WorldApi {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    this.path = `worlds/${encodeURIComponent(id)}`;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>} `undefined` after a failure
   */
  async call(method, path, body) {
    try {
      return await call(method, path === '' ? this.path : `${this.path}/${path}`, body);
    } catch (error) {
      announce(error instanceof Error ? error.message : String(error), 'danger');
      return undefined;
    }
  }

  /**
   * Exports the world.
   *
   * @param {'scenario' | 'case' | 'har'} format
   * @returns {Promise<string | undefined>} `undefined` after a failure
   */
  async export(format) {
    try {
      const response = await fetch(`/_mock/v1/${this.path}/export?format=${format}`, {
        cache: 'no-store',
      });
      const text = await response.text();
      if (!response.ok) throw new Error(JSON.parse(text).error);
      return text;
    } catch (error) {
      announce(
        `Cannot export: ${error instanceof Error ? error.message : String(error)}`,
        'danger',
      );
      return undefined;
    }
  }
}
