// @ts-check
// Waits for what happens outside of the page.

import { setTimeout as sleep } from 'node:timers/promises';

/** The longest wait, in milliseconds. */
const LIMIT = 120_000;

/**
 * Waits until a condition is met. Returns its value.
 *
 * @template Value
 * @param {() => Value | Promise<Value>} condition
 * @returns {Promise<NonNullable<Value>>}
 */
export async function until(condition) {
  const end = Date.now() + LIMIT;
  while (Date.now() < end) {
    const value = await condition();
    if (value) return value;
    await sleep(50);
  }
  throw new Error(`the condition was not met in ${LIMIT / 1000} s: ${condition}`);
}
