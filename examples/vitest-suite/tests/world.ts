/** A fixture: each test has its own world of the mock server, and a client of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client } from 'viseme';
import { MockServer, type Scenario, type World } from 'viseme-mock';
import { test as base } from 'vitest';

/** Jobs that complete after two polls, in place of some seconds. */
export const QUICK = {
  jobs: [{ timeline: { after_polls: 2, ends: 'completed' } }],
} satisfies Scenario;

interface Fixtures {
  server: MockServer;
  folder: string;
  world: World;
  client: Client;
}

export const test = base.extend<Fixtures>({
  server: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      await using server = await MockServer.start();
      await use(server);
    },
    { scope: 'worker' },
  ],
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'clips-'));
    await use(folder);
    await rm(folder, { recursive: true });
  },
  world: async ({ server }, use) => {
    const world = await server.makeWorld({ scenario: QUICK });
    await use(world);
    await world.remove();
  },
  client: async ({ world, folder }, use) => {
    const client = new Client({
      baseUrl: world.baseUrl,
      apiKey: world.key,
      ignoreEnv: true,
      ledger: join(folder, 'ledger.db'),
      pacing: { intervalMs: 50 },
    });
    await use(client);
    client.close();
  },
});
