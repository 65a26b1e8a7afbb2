/** Answers in the form of the service. */
import type { Response } from 'express';

/**
 * A request that is answered with an error. The message is for the user.
 *
 * The client of the app decides by the status of the answer to a submit. After 4xx it knows that
 * there is no job; after 429 it sends the submit again. After 5xx it must assume that there may be a
 * job, and searches the history for two minutes. So 5xx is for nothing else.
 */
export class Refused extends Error {
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Sends an error. */
export function sendError(response: Response, error: Refused): void {
  if (error.retryAfterMs !== undefined) {
    response.set('Retry-After', String(Math.max(1, Math.round(error.retryAfterMs / 1000))));
  }
  response.status(error.status).json({ code: error.status, message: error.message });
}

/** Sends a success. */
export function sendSuccess(response: Response, data: unknown): void {
  response.json({ code: 200, message: 'success', data });
}
