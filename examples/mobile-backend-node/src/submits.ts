/** Submits: each is paid for at most once, and finished whatever happens to the app or to us. */
import * as viseme from 'viseme';

import { Refused } from './answers.js';
import { newKey, userOf, type Jobs, type OwnJob } from './jobs.js';
import type { Settings } from './settings.js';

type Parameters = Record<string, unknown>;

/** Sends submits with the backend's key. */
export class Submits {
  readonly #settings: Settings;
  readonly #jobs: Jobs;
  readonly #client: viseme.Client;
  readonly #inFlight = new Set<Promise<OwnJob>>();

  constructor(settings: Settings, jobs: Jobs) {
    this.#settings = settings;
    this.#jobs = jobs;
    this.#client = new viseme.Client({
      baseUrl: settings.baseUrl,
      apiKey: settings.apiKey,
      ledger: settings.ledger,
      // The client of the app has checked the media. The service reads them, this backend need not.
      checkRemoteMedia: false,
    });
  }

  /** Loads the jobs, and finishes the submits that were interrupted when this program ended. */
  async resume(): Promise<void> {
    const submits = await this.#client.ledger.submits();
    this.#jobs.load(submits);
    // Two submits of the same files look alike: a job of another one is none of a lost one.
    const known = submits.flatMap(({ jobId }) => jobId ?? []);
    for (const submit of submits.filter(({ state }) => state === 'sent')) {
      this.#finish(this.#find(submit, known));
    }
  }

  /** Waits for the submits in flight. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    this.#client.close();
  }

  /** Submits a job for a user, also if the user hangs up meanwhile. */
  async submit(user: string, model: string, given: Parameters): Promise<OwnJob> {
    const parameters = this.#check(model, given);
    return await this.#finish(this.#submit(user, model, given, parameters));
  }

  #finish(work: Promise<OwnJob>): Promise<OwnJob> {
    this.#inFlight.add(work);
    // The user may have hung up: then nobody else looks at the error.
    work
      .catch((error: Error) => console.warn(`a submit failed: ${error.message}`))
      .finally(() => this.#inFlight.delete(work));
    return work;
  }

  /** Returns the parameters of a submit. In this process, a path would be a file of the server. */
  #check(model: string, given: Parameters): Parameters {
    const media = Object.hasOwn(this.#settings.models, model)
      ? this.#settings.models[model]
      : undefined;
    if (media === undefined) throw new Refused(403, `This app does not use the model ${model}.`);
    const parameters = Object.entries(given).map(([name, value]) => {
      if (!media.includes(name)) return [name, value];
      if (this.#isUrl(value)) return [name, viseme.Media.url(value)];
      throw new Refused(400, `\`${name}\` must be the URL of an uploaded file.`);
    });
    return Object.fromEntries(parameters);
  }

  #isUrl(value: unknown): value is string {
    if (typeof value !== 'string' || !URL.canParse(value)) return false;
    // The mock server has no certificate, and another address for apps.
    return ['https:', new URL(this.#settings.baseUrl).protocol].includes(new URL(value).protocol);
  }

  async #submit(
    user: string,
    model: string,
    given: Parameters,
    parameters: Parameters,
  ): Promise<OwnJob> {
    let wasSent = false;
    return await this.#jobs.submitting(user, async () => {
      try {
        const job = await this.#client.submit(viseme.input(model, parameters), {
          key: newKey(user),
          onProgress: ({ event }) => {
            wasSent ||= event === 'submitting';
          },
        });
        return this.#jobs.add(job.id, user, model, given);
      } catch (error) {
        throw translate(error, wasSent);
      }
    });
  }

  /** Finds the job of a submit that was sent before this program ended. Never pays again. */
  async #find({ key, record }: viseme.LedgerSubmit, known: string[]): Promise<OwnJob> {
    const job = await this.#client.recover(record, { exclude: known });
    await this.#client.ledger.adopt(key, job.id);
    console.warn(`found job ${job.id} of an interrupted submit`);
    return this.#jobs.add(job.id, userOf(key), record.model, record.input);
  }
}

/** Returns the answer to the app for an error of a submit. */
export function translate(error: unknown, wasSent: boolean): Refused {
  const refused = (status: number, message: string, retryAfterMs?: number) =>
    new Refused(status, message, retryAfterMs, { cause: error });
  if (!(error instanceof viseme.VisemeError)) {
    console.error('an error of the backend', error);
    return wasSent
      ? refused(504, 'Something went wrong. Your job may run.')
      : refused(424, 'Something went wrong. You were not charged.');
  }
  switch (error.code) {
    case 'submission_unknown':
      return refused(504, 'The service did not answer. Your job may run.');
    case 'invalid_input':
    case 'bad_request':
    case 'not_found':
      return refused(400, error.message);
    case 'authentication':
    case 'insufficient_credits':
    case 'permission_denied':
      // It is our account and not the user's: 401 would make the app sign in again.
      console.error(`the account cannot submit: ${error.message}`);
      return refused(424, 'Lip-sync is not available at the moment. You were not charged.');
    case 'rate_limit':
    case 'connection':
    case 'request_timeout':
    case 'ledger': {
      // Nothing was sent, or the service refused it. 429 is the status after which a client sends a
      // submit again.
      const wait = error instanceof viseme.ApiStatusError ? error.retryAfterMs : undefined;
      return refused(429, 'The service is busy. You were not charged.', wait ?? 10_000);
    }
    default:
      return refused(424, 'The job could not be started. You were not charged.');
  }
}
