/**
 * Whose job is whose, and how much each user may do.
 *
 * The key of each submit in the ledger is `USER/ID`, so the ledger also says whose job it is, and there
 * is no second record that could contradict it. This process has an index of it: run one process, or
 * put the index into your database.
 */
import { randomUUID } from 'node:crypto';

import type { LedgerSubmit } from 'viseme';

import { Refused } from './answers.js';
import type { Settings } from './settings.js';

const DAY = 24 * 60 * 60 * 1000;
/** A job whose end nobody saw does not count against its user forever. */
const LONGEST_JOB = 60 * 60 * 1000;
const ENDED = ['completed', 'failed', 'cancelled', 'timeout', 'deleted'];

type Data = Record<string, unknown>;

/** A job of a user, in the state in which it was last seen. */
export class OwnJob {
  prediction: Data = {};

  constructor(
    readonly id: string,
    readonly user: string,
    readonly model: string,
    readonly input: unknown,
    readonly createdAt: number,
  ) {}

  get status(): string {
    return String(this.prediction['status'] ?? 'created');
  }

  /** Whether the job may not have ended. */
  get mayRun(): boolean {
    return !ENDED.includes(this.status) && Date.now() - this.createdAt < LONGEST_JOB;
  }

  /** Returns the job as the service shows it. */
  show(withInput = false): Data {
    const known = {
      id: this.id,
      model: this.model,
      status: 'created',
      outputs: [],
      created_at: new Date(this.createdAt).toISOString(),
      ...this.prediction,
    };
    return withInput ? { ...known, inputs: this.input } : known;
  }
}

/** The filters of a request for the history. */
export interface Filters {
  model?: unknown;
  status?: unknown;
  created_after?: unknown;
  created_before?: unknown;
}

export const newKey = (user: string) => `${user}/${randomUUID()}`;

/** Returns the user in a key. The id of a user may contain a slash. */
export const userOf = (key: string) => key.slice(0, key.lastIndexOf('/'));

/** The jobs of all users. */
export class Jobs {
  readonly #settings: Settings;
  readonly #byId = new Map<string, OwnJob>();
  readonly #ofUser = new Map<string, OwnJob[]>();
  readonly #submitting = new Map<string, number>();
  readonly #uploads = new Map<string, number[]>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Adds the jobs of earlier runs of this program. */
  load(submits: readonly LedgerSubmit[]): void {
    for (const { key, jobId, record } of submits) {
      if (jobId != null) {
        this.add(jobId, userOf(key), record.model, record.input, Date.parse(record.sentAt));
      }
    }
  }

  /** Adds a job. */
  add(id: string, user: string, model: string, input: unknown, createdAt = Date.now()): OwnJob {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const job = new OwnJob(id, user, model, input, createdAt);
    this.#byId.set(id, job);
    this.#ofUser.set(user, [job, ...this.of(user)]);
    return job;
  }

  /** Returns a job if it belongs to the user. */
  find(user: string, id: string): OwnJob | undefined {
    const job = this.#byId.get(id);
    return job?.user === user ? job : undefined;
  }

  /** Returns the jobs of a user. */
  of(user: string): readonly OwnJob[] {
    return this.#ofUser.get(user) ?? [];
  }

  /** Returns the jobs of a user that may still run. */
  running(user: string): OwnJob[] {
    return this.of(user).filter((job) => job.mayRun);
  }

  /** Counts a submit against the limits of its user until its job is added. */
  async submitting<T>(user: string, submit: () => Promise<T>): Promise<T> {
    const { jobsPerDay, jobsAtOnce } = this.#settings;
    const others = this.#submitting.get(user) ?? 0;
    const recent = this.of(user)
      .map((job) => job.createdAt)
      .filter(isRecent);
    if (recent.length + others >= jobsPerDay) throw dailyLimit('job', jobsPerDay, recent);
    if (this.running(user).length + others >= jobsAtOnce) {
      // The client waits and sends the submit again: a running job will have ended.
      const jobs = jobsAtOnce === 1 ? 'job' : 'jobs';
      const message = `You can run ${jobsAtOnce} ${jobs} at a time. Wait until one has ended.`;
      throw new Refused(429, message, 5000);
    }
    this.#submitting.set(user, others + 1);
    try {
      return await submit();
    } finally {
      this.#submitting.set(user, (this.#submitting.get(user) ?? 1) - 1);
    }
  }

  /** Counts an upload against the limit of its user. */
  countUpload(user: string): void {
    const { uploadsPerDay } = this.#settings;
    const recent = (this.#uploads.get(user) ?? []).filter(isRecent);
    if (recent.length >= uploadsPerDay) throw dailyLimit('upload', uploadsPerDay, recent);
    this.#uploads.set(user, [...recent, Date.now()]);
  }

  /** Returns the jobs of a user that match a request for the history, newest first. */
  search(user: string, { model, status, created_after, created_before }: Filters): OwnJob[] {
    const after = created_after === undefined ? -Infinity : parseTime(created_after);
    const before = created_before === undefined ? Infinity : parseTime(created_before);
    return this.of(user)
      .filter((job) => model === undefined || job.model === model)
      .filter((job) => status === undefined || job.status === status)
      .filter((job) => after <= job.createdAt && job.createdAt <= before)
      .sort((a, b) => b.createdAt - a.createdAt);
  }
}

const isRecent = (at: number) => Date.now() - at < DAY;

function parseTime(text: unknown): number {
  const time = Date.parse(String(text));
  if (Number.isNaN(time)) throw new Refused(400, 'The filters are invalid.');
  return time;
}

/** Returns the error of a user who has used up a day. The client does not try again by itself. */
function dailyLimit(what: string, limit: number, recent: number[]): Refused {
  const things = limit === 1 ? what : `${what}s`;
  const message = `You have used your ${limit} ${things} of the last 24 hours. Try again later.`;
  return new Refused(403, message, Math.min(...recent, Date.now()) + DAY - Date.now());
}
