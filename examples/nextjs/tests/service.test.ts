/** The routes, built and started by Next.js, in front of the mock server. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { MockServer, type Scenario, type World } from 'viseme-mock';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { build, PublicUrl, Server } from './server.ts';

const samples = resolve(import.meta.dirname, '../../../samples');
const ID = 'order-7/clip-1';
const QUICK = {
  jobs: [{ timeline: [{ processing: '0s' }, { completed: '300ms' }] }],
} satisfies Scenario;
const SOON = { timeout: 60_000 };

let mock: MockServer;
beforeAll(async () => {
  mock = await MockServer.start();
  await build();
}, 900_000);
afterAll(async () => mock.stop());

/** Starts the service with a world of its own. */
async function setUp(scenario: Scenario) {
  const folder = await mkdtemp(join(tmpdir(), 'nextjs-'));
  const world = await mock.makeWorld({ scenario });
  const front = new PublicUrl();
  const url = await front.listen();
  const environment = {
    WAVESPEED_BASE_URL: world.baseUrl,
    WAVESPEED_API_KEY: world.key,
    LEDGER: join(folder, 'ledger.db'),
    PUBLIC_URL: url,
  };
  let server: Server | undefined;
  const start = async () => {
    server = await Server.start(environment);
    front.target = server.url;
  };
  const kill = async () => server?.kill();
  onTestFinished(async () => {
    await kill();
    await front[Symbol.asyncDispose]();
    await world.remove();
    await rm(folder, { recursive: true });
  });
  await start();
  return { world, url, start, kill, ...requests(url) };
}

/** Returns what a page of the service sends. */
function requests(url: string) {
  const upload = async (name: string) => {
    const body = await readFile(join(samples, name));
    const response = await fetch(`${url}/api/media/${name}`, { method: 'PUT', body });
    expect(response.status).toBe(200);
    return ((await response.json()) as { url: string }).url;
  };
  const uploadBoth = async () => ({
    audio: await upload('voice.mp3'),
    video: await upload('face.mp4'),
  });
  const submit = async (media: object, signal: AbortSignal | null = null) =>
    await fetch(`${url}/api/clips`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: ID, ...media }),
      signal,
    });
  const state = async () => {
    const response = await fetch(`${url}/api/clips/${ID}`);
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  };
  return { uploadBoth, submit, state };
}

const count = async (world: World, kind: string) =>
  (await world.journal()).filter((exchange) => exchange['kind'] === kind).length;

test('uploads are submitted, and a webhook tells the end', async () => {
  const { world, url, uploadBoth, submit, state } = await setUp(QUICK);
  expect((await state()).status).toBe(404);
  const submitted = await submit(await uploadBoth());
  expect(submitted.status).toBe(202);
  await expect.poll(() => world.webhooks(), SOON).toMatchObject([{ state: 'delivered' }]);
  const { body } = await state();
  const { jobId } = (await submitted.json()) as { jobId: string };
  expect(body).toMatchObject({ id: ID, jobId, status: 'completed' });
  expect(Buffer.from(await (await fetch(body['output']!)).arrayBuffer()).length).toBeGreaterThan(0);
  expect(await count(world, 'poll'), 'the webhook told it').toBe(0);
  const forged = await fetch(`${url}/api/webhook`, { method: 'POST', body: '{}' });
  expect(forged.status).toBe(400);
});

test('the same clip is not paid for again', async () => {
  const { world, uploadBoth, submit } = await setUp(QUICK);
  const media = await uploadBoth();
  const jobs = new Set<unknown>();
  for (let n = 0; n < 3; n += 1) {
    jobs.add(((await (await submit(media)).json()) as { jobId: string }).jobId);
  }
  expect(jobs.size).toBe(1);
  expect((await world.ledger()).charges).toHaveLength(1);
});

test('invalid requests are refused before anything is sent', async () => {
  const { world, url, submit } = await setUp(QUICK);
  const video = 'https://media.example/face.mp4';
  for (const audio of ['/etc/passwd', 'file:///etc/passwd', 'lib/clips.ts', 3]) {
    expect((await submit({ audio, video })).status).toBe(400);
  }
  const headers = { 'content-type': 'application/json' };
  for (const body of ['', '{', '[]', 'null']) {
    const response = await fetch(`${url}/api/clips`, { method: 'POST', headers, body });
    expect(response.status).toBe(400);
  }
  expect(await world.jobs()).toEqual([]);
});

test('a submit continues if the caller hangs up', async () => {
  const slow = { at: 'submit', nth: 1, when: 'after_accept', do: { delay: '3s' } } as const;
  const { world, uploadBoth, submit, state } = await setUp({ ...QUICK, faults: [slow] });
  const media = await uploadBoth();
  const hungUp = new AbortController();
  const first = submit(media, hungUp.signal).catch(() => undefined);
  await expect.poll(() => world.jobs(), SOON).toHaveLength(1);
  hungUp.abort();
  await first;
  await expect.poll(async () => (await state()).body['status'], SOON).toBe('completed');
  expect(await count(world, 'submit')).toBe(1);
});

test('after a kill in a submit the same request finds its job', async () => {
  const silence = { at: 'submit', nth: 1, when: 'after_accept', do: 'silence' } as const;
  const service = await setUp({ ...QUICK, faults: [silence] });
  const { world, uploadBoth, submit, state } = service;
  const media = await uploadBoth();
  const first = submit(media).catch(() => undefined);
  await expect.poll(() => world.jobs(), SOON).toHaveLength(1);
  await service.kill();
  await first;
  await service.start();
  expect((await submit(media)).status).toBe(202);
  await expect.poll(async () => (await state()).body['status'], SOON).toBe('completed');
  expect(await world.ledger()).toMatchObject({ duplicates: 0, charges: [{}] });
});
