/** Passes reads on to the service. They may be repeated, so the client may see their failures. */
import { Refused } from './answers.js';
import type { OwnJob } from './jobs.js';
import type { Settings } from './settings.js';

/** What an app may see of the service's responses. */
const PASSED_ON = ['content-type', 'retry-after', 'x-request-id'];

/** A response of the service. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export class Reads {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Returns the service's response, unchanged. */
  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    try {
      const response = await fetch(`${this.#settings.baseUrl}${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${this.#settings.apiKey}`,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(30_000),
      });
      const headers = Object.fromEntries(
        PASSED_ON.flatMap((name) => {
          const value = response.headers.get(name);
          return value === null ? [] : [[name, value]];
        }),
      );
      return { status: response.status, headers, body: Buffer.from(await response.arrayBuffer()) };
    } catch (cause) {
      console.warn(`${method} ${path}: ${(cause as Error).message}`);
      const message = 'The service cannot be reached. Try again later.';
      throw new Refused(502, message, 1000, { cause });
    }
  }

  /** Returns the state of a job, and remembers it. */
  async poll(job: OwnJob): Promise<Answer> {
    const path = `/api/v3/predictions/${encodeURIComponent(job.id)}/result`;
    const answer = await this.send('GET', path);
    if (answer.status === 200) {
      try {
        const { data } = JSON.parse(answer.body.toString()) as { data: { id?: unknown } };
        if (data.id === job.id) job.prediction = { ...data };
      } catch {
        // The client of the app reads it again.
      }
    }
    return answer;
  }
}
