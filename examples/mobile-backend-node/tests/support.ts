/** A backend in this process, in front of a world of the mock server, and what an app sends to it. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, type ClientSettings } from 'viseme';
import { MockServer, type Scenario, type World } from 'viseme-mock';
import { test as base } from 'vitest';

import { issueToken } from '../src/accounts.js';
import { createBackend } from '../src/backend.js';
import { readSettings, type Settings } from '../src/settings.js';

export const MODEL = 'kwaivgi/kling-lipsync/audio-to-video';
export const SECRET = 'the secret of the tests, which is long enough';
export const FILES = {
  audio: 'https://media.example/voice.mp3',
  video: 'https://media.example/face.mp4',
};
export const INPUT = { model: MODEL, ...FILES } as const;
export const QUICK = {
  jobs: [{ timeline: [{ processing: '0s' }, { completed: '300ms' }] }],
} satisfies Scenario;

/** Returns all items of a list. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A running backend. */
export class Backend implements AsyncDisposable {
  readonly url: string;
  readonly world: World;
  readonly close: () => Promise<void>;

  constructor(url: string, world: World, close: () => Promise<void>) {
    this.url = url;
    this.world = world;
    this.close = close;
  }

  /** Returns the client of an app: the token of a user takes the place of the key. */
  async client(user: string, more: ClientSettings = {}): Promise<Client> {
    return new Client({
      baseUrl: this.url,
      apiKey: await issueToken(user, SECRET),
      ignoreEnv: true,
      checkRemoteMedia: false,
      pacing: { intervalMs: 100 },
      ...more,
    });
  }

  async send(user: string, path: string, body: unknown): Promise<Response> {
    const headers = {
      authorization: `Bearer ${await issueToken(user, SECRET)}`,
      'content-type': 'application/json',
    };
    const url = `${this.url}/api/v3/${path}`;
    return await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async requests(kind: string): Promise<number> {
    return (await this.world.journal()).filter((exchange) => exchange['kind'] === kind).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

interface Fixtures {
  mock: MockServer;
  folder: string;
  start: (scenario: Scenario, limits?: Partial<Settings>) => Promise<Backend>;
}

export const test = base.extend<Fixtures>({
  mock: [
    async ({}, use) => {
      await using server = await MockServer.start();
      await use(server);
    },
    { scope: 'worker' },
  ],
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'backend-'));
    await use(folder);
    await rm(folder, { recursive: true });
  },
  start: async ({ mock, folder }, use) => {
    const started: Backend[] = [];
    const worlds: World[] = [];
    await use(async (scenario, limits = {}) => {
      const world = await mock.makeWorld({ scenario });
      worlds.push(world);
      const environment = {
        WAVESPEED_BASE_URL: world.baseUrl,
        WAVESPEED_API_KEY: world.key,
        TOKEN_SECRET: SECRET,
        LEDGER: join(folder, 'ledger.db'),
      };
      const { app, close } = await createBackend({ ...readSettings(environment), ...limits });
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const end = async () => {
        server.closeAllConnections();
        server.close();
        await close();
      };
      started.push(new Backend(`http://127.0.0.1:${port}`, world, end));
      return started.at(-1)!;
    });
    for (const backend of started) await backend.close();
    for (const world of worlds) await world.remove();
  },
});
