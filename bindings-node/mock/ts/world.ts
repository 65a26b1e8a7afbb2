/** The behaviour of a world: jobs, faults, webhooks, the clock. See the mock server's guide. */
export interface Scenario {
  seed?: number;
  clock?: Clock;
  jobs?: readonly Record<string, unknown>[];
  faults?: readonly Fault[];
  webhooks?: Record<string, unknown> | readonly Record<string, unknown>[];
  [word: string]: unknown;
}

/** A fault: which request it affects, before or after the job is created, and what it does. */
export interface Fault {
  at: string;
  nth?: number | readonly number[];
  when?: 'before_accept' | 'after_accept';
  do: string | Record<string, unknown>;
  [word: string]: unknown;
}

/** A world's clock. */
export interface Clock {
  mode?: string;
  start?: string;
  [word: string]: unknown;
}

/** One request and its response in the journal. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly [word: string]: unknown;
}

/** The charges. */
export interface Ledger {
  readonly charges: readonly { readonly job_id: string; readonly [word: string]: unknown }[];
  readonly duplicates: number;
  readonly orphaned: number;
  readonly [word: string]: unknown;
}

/** An API key of the mock server with its own jobs, faults, clock, journal and ledger. */
export class World {
  readonly id: string;
  /** The API key. */
  readonly key: string;
  /** For a client's `baseUrl`. */
  readonly baseUrl: string;
  readonly #server: string;

  /** @internal */
  constructor(world: { id: string; key: string; baseUrl: string }, server: string) {
    this.id = world.id;
    this.key = world.key;
    this.baseUrl = world.baseUrl;
    this.#server = server;
  }

  /** @internal */
  static async make(server: string, options: object): Promise<World> {
    const made = (await ask(server, 'POST', 'worlds', options)) as Record<string, string>;
    const { id, key, base_url: baseUrl } = made as { id: string; key: string; base_url: string };
    return new World({ id, key, baseUrl }, server);
  }

  /** Replaces the scenario of the world. */
  async setScenario(scenario: Scenario): Promise<void> {
    await this.#ask('PUT', 'scenario', scenario);
  }

  /** Adds a fault. */
  async addFault(fault: Fault): Promise<void> {
    await this.#ask('POST', 'faults', fault);
  }

  /** Returns the jobs. */
  async jobs(): Promise<Record<string, unknown>[]> {
    return (await this.#ask('GET', 'jobs')) as Record<string, unknown>[];
  }

  /** Completes, fails, holds or releases a job. */
  async act(job: string, action: 'complete' | 'fail' | 'hold' | 'release'): Promise<void> {
    await this.#ask('POST', `jobs/${encodeURIComponent(job)}/${action}`);
  }

  /** Advances the clock or changes its mode: `{ advance: '5s' }`. */
  async setClock(change: Record<string, unknown>): Promise<unknown> {
    return await this.#ask('POST', 'clock', change);
  }

  /** Returns every request and response so far. */
  async journal(): Promise<Exchange[]> {
    return (await this.#ask('GET', 'journal')) as Exchange[];
  }

  /** Returns the charges. */
  async ledger(): Promise<Ledger> {
    return (await this.#ask('GET', 'ledger')) as Ledger;
  }

  /** Checks expectations: `{ ledger: { charges: 1 } }`. */
  async verify(expect: Record<string, unknown>): Promise<Record<string, unknown>> {
    return (await this.#ask('POST', 'verify', { expect })) as Record<string, unknown>;
  }

  /** Returns the webhooks that were sent. */
  async webhooks(): Promise<Record<string, unknown>[]> {
    return (await this.#ask('GET', 'webhooks')) as Record<string, unknown>[];
  }

  /** Sends a webhook again. */
  async redeliver(webhook: number): Promise<void> {
    await this.#ask('POST', `webhooks/${webhook}/redeliver`);
  }

  /** Removes all jobs, journal entries and charges. */
  async reset(): Promise<void> {
    await this.#ask('POST', 'reset');
  }

  /** Removes the world. */
  async remove(): Promise<void> {
    await ask(this.#server, 'DELETE', `worlds/${this.id}`);
  }

  async #ask(method: string, what: string, body?: object): Promise<unknown> {
    return await ask(this.#server, method, `worlds/${this.id}/${what}`, body);
  }
}

async function ask(server: string, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${server}/_mock/v1/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`viseme-mock: ${method} ${path}: HTTP ${response.status}: ${text}`);
  }
  return text === '' ? undefined : JSON.parse(text);
}
