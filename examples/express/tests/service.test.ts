/** The service in this process, in front of the mock server. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { Client } from 'viseme';
import { MockServer, type Scenario, type World } from 'viseme-mock';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { createApp } from '../src/app.js';
import { Clips } from '../src/clips.js';

const samples = resolve(import.meta.dirname, '../../../samples');
const CLIP = {
  id: 'order-7/clip-1',
  audio: 'https://media.example/voice.mp3',
  video: 'https://media.example/face.mp4',
};
const QUICK = {
  jobs: [{ timeline: [{ processing: '0s' }, { completed: '300ms' }] }],
} satisfies Scenario;

let mock: MockServer;
beforeAll(async () => {
  mock = await MockServer.start();
});
afterAll(async () => mock.stop());

/** Starts the service. `close` ends it as a signal does. */
async function start(world: World, ledger: string) {
  const client = new Client({
    baseUrl: world.baseUrl,
    apiKey: world.key,
    ignoreEnv: true,
    checkRemoteMedia: false,
    ledger,
    // Only a webhook can end a wait in time.
    pacing: { intervalMs: 3_600_000 },
  });
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clips = new Clips(client, url);
  await clips.start();
  server.on('request', createApp(client, clips));
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await clips.close();
  };
  onTestFinished(close);
  const submit = async (more: object = {}, signal: AbortSignal | null = null) =>
    await fetch(`${url}/clips`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...CLIP, ...more }),
      signal,
    });
  const state = async () => {
    const response = await fetch(`${url}/clips/${CLIP.id}`);
    return (await response.json()) as Record<string, string>;
  };
  return { url, close, submit, state };
}

async function setUp(scenario: Scenario) {
  const folder = await mkdtemp(join(tmpdir(), 'express-'));
  const world = await mock.makeWorld({ scenario });
  onTestFinished(async () => {
    await world.remove();
    await rm(folder, { recursive: true });
  });
  const ledger = join(folder, 'ledger.db');
  return { world, ledger, service: await start(world, ledger) };
}

const SOON = { timeout: 60_000 };

test('uploads are submitted, and a webhook arrives', async () => {
  const { world, service } = await setUp(QUICK);
  const upload = async (name: string) => {
    const body = await readFile(join(samples, name));
    const response = await fetch(`${service.url}/media/${name}`, { method: 'PUT', body });
    return ((await response.json()) as { url: string }).url;
  };
  const media = { audio: await upload('voice.mp3'), video: await upload('face.mp4') };
  expect((await service.submit(media)).status).toBe(202);
  await expect.poll(service.state, SOON).toMatchObject({ status: 'completed' });
  await expect.poll(() => world.webhooks(), SOON).toHaveLength(1);
  const forged = await fetch(`${service.url}/hook`, { method: 'POST', body: '{}' });
  expect(forged.status).toBe(400);
});

test('the same clip is not paid for again', async () => {
  const { world, service } = await setUp(QUICK);
  const jobs = new Set<unknown>();
  for (let n = 0; n < 3; n += 1) {
    jobs.add(((await (await service.submit()).json()) as { jobId: string }).jobId);
  }
  expect(jobs.size).toBe(1);
  expect((await world.ledger()).charges).toHaveLength(1);
});

test('only URLs are media', async () => {
  const { world, service } = await setUp(QUICK);
  for (const audio of ['/etc/passwd', 'file:///etc/passwd', 'src/app.ts', 3]) {
    expect((await service.submit({ audio })).status).toBe(400);
  }
  expect(await world.jobs()).toEqual([]);
});

test('an end during a submit loses nothing', async () => {
  const slow = { at: 'submit', nth: 1, when: 'after_accept', do: { delay: '2s' } } as const;
  const { world, ledger, service } = await setUp({ ...QUICK, faults: [slow] });
  const hungUp = new AbortController();
  const submit = service.submit({}, hungUp.signal).catch(() => undefined);
  await expect.poll(() => world.jobs(), SOON).toHaveLength(1);
  hungUp.abort();
  await submit;
  await service.close();
  const again = await start(world, ledger);
  await expect.poll(again.state, SOON).toMatchObject({ status: 'completed' });
  expect((await world.ledger()).charges).toHaveLength(1);
  const searches = (await world.journal()).filter(({ kind }) => kind === 'history');
  expect(searches, 'the submit was finished, not searched for').toEqual([]);
});
