import { join, resolve } from 'node:path';

import { Client, NotFoundError, PermissionDeniedError, RateLimitError } from 'viseme';
import { expect } from 'vitest';

import { issueToken } from '../src/accounts.js';
import { readSettings } from '../src/settings.js';
import { translate } from '../src/submits.js';
import { collect, FILES, INPUT, MODEL, QUICK, SECRET, test } from './support.js';

const samples = resolve(import.meta.dirname, '../../../samples');

test('an app runs a job with uploads', async ({ start, folder }) => {
  const backend = await start(QUICK);
  const client = await backend.client('ann');
  const files = { audio: join(samples, 'voice.mp3'), video: join(samples, 'face.mp4') };
  const prediction = await client.run({ model: MODEL, ...files });
  const saved = await client.downloadOutput(prediction, join(folder, 'result.mp4'));
  expect(saved.bytes).toBeGreaterThan(0);
  expect((await backend.world.ledger()).charges).toHaveLength(1);
  expect(await backend.requests('put')).toBe(2);
});

test('users see their own jobs only', async ({ start }) => {
  const backend = await start(QUICK);
  const [ann, bob] = [await backend.client('ann'), await backend.client('bob')];
  const job = await ann.submit(INPUT);
  await expect(bob.job(job.id).refresh()).rejects.toThrow(NotFoundError);
  expect(await collect(bob.history())).toEqual([]);
  const [seen, ...others] = await collect(ann.history({ includeInputs: true }));
  expect([seen?.id, seen?.input, others]).toEqual([job.id, FILES, []]);
  expect((await job.wait()).status).toBe('completed');
});

test('without a valid token nothing is passed on', async ({ start }) => {
  const backend = await start(QUICK);
  const expired = await issueToken('ann', SECRET, -10);
  for (const apiKey of ['x', expired, await issueToken('ann', `${SECRET}!`)]) {
    const client = await backend.client('ann', { apiKey });
    await expect(client.submit(INPUT)).rejects.toMatchObject({ code: 'authentication' });
    await expect(client.job('x').refresh()).rejects.toMatchObject({ code: 'authentication' });
  }
  expect(await backend.world.journal()).toEqual([]);
});

test('a setting that is no number is named', () => {
  const environment = { WAVESPEED_API_KEY: 'key-of-a-test', TOKEN_SECRET: SECRET };
  expect(readSettings(environment)).toMatchObject({ jobsPerDay: 20, jobsAtOnce: 2 });
  expect(readSettings({ ...environment, JOBS_AT_ONCE: '5' }).jobsAtOnce).toBe(5);
  for (const name of ['JOBS_PER_DAY', 'JOBS_AT_ONCE', 'UPLOADS_PER_DAY']) {
    expect(() => readSettings({ ...environment, [name]: 'many' })).toThrow(
      `${name} must be a whole number, got "many".`,
    );
  }
});

test('the daily limit is a final error', async ({ start }) => {
  const backend = await start(QUICK, { jobsPerDay: 1 });
  const client = await backend.client('ann');
  await client.run(INPUT);
  const error = await client.submit(INPUT).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(PermissionDeniedError);
  expect(error).toMatchObject({ message: expect.stringContaining('You have used your 1 job of') });
  expect((error as PermissionDeniedError).retryAfterMs).toBeGreaterThan(3_600_000);
  await (await backend.client('bob')).run(INPUT);
  expect(await backend.requests('submit')).toBe(2);
});

test("a submit waits while the user's jobs run", async ({ start }) => {
  const endless = { jobs: [{ timeline: [{ processing: '0s' }, { completed: '1h' }] }] };
  const backend = await start(endless, { jobsAtOnce: 1 });
  const client = await backend.client('ann');
  const job = await client.submit(INPUT);
  const refused = await backend.send('ann', MODEL, FILES);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
  const hasty = await backend.client('ann', { maxRetries: 0 });
  await expect(hasty.submit(INPUT)).rejects.toThrow(RateLimitError);
  // The app never polls this job. Its end makes room all the same.
  await backend.world.act(job.id, 'complete');
  expect((await client.submit(INPUT)).id).not.toBe(job.id);
});

test('large files and many uploads are refused', async ({ start }) => {
  const backend = await start(QUICK, { uploadsPerDay: 1 });
  const wanted = { filename: 'a.mp3', size: 6 * 1024 * 1024, content_type: 'audio/mpeg' };
  const send = async (size: number) =>
    (await backend.send('ann', 'media/uploads', { ...wanted, size })).status;
  expect(await send(wanted.size)).toBe(413);
  expect([await send(1000), await send(1000)]).toEqual([200, 403]);
});

test.for(['/etc/passwd', 'src/backend.ts', 'file:///etc/passwd', 3, null])(
  'only URLs are media: %s',
  async (audio, { start }) => {
    const backend = await start(QUICK);
    const refused = await backend.send('ann', MODEL, { ...FILES, audio });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('must be the URL');
    expect(await backend.world.journal()).toEqual([]);
  },
);

test('media may be at another address of the mock server, but not of the service', async ({
  start,
}) => {
  const given = { ...FILES, audio: 'http://10.0.2.2:9/voice.mp3' };
  const backend = await start(QUICK);
  expect((await backend.send('ann', MODEL, given)).status).toBe(200);
  const other = await start(QUICK, { baseUrl: 'https://127.0.0.1:9' });
  expect((await other.send('ann', MODEL, given)).status).toBe(400);
});

test('invalid requests and other models are refused', async ({ start }) => {
  const backend = await start(QUICK);
  expect((await backend.send('ann', 'openai/sora', FILES)).status).toBe(403);
  expect((await backend.send('ann', 'constructor', FILES)).status).toBe(403);
  for (const body of [[], 'x', null, 'x'.repeat(2_000_000)]) {
    const { status } = await backend.send('ann', MODEL, body);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  }
  expect(await backend.world.journal()).toEqual([]);
});

test('a submit is finished if the app hangs up', async ({ start }) => {
  const slow = { at: 'submit', nth: 1, when: 'after_accept', do: { delay: '5s' } } as const;
  const backend = await start({ ...QUICK, faults: [slow] });
  const client = await backend.client('ann', { requestTimeoutMs: 2500 });
  const job = await client.submit(INPUT);
  expect((await job.wait()).status).toBe('completed');
  expect(await backend.world.ledger()).toMatchObject({ duplicates: 0, charges: [{}] });
});

test('the end of the backend waits for submits', async ({ start, folder }) => {
  const slow = { at: 'submit', nth: 1, when: 'after_accept', do: { delay: '2s' } } as const;
  const backend = await start({ ...QUICK, faults: [slow] });
  const hungUp = new AbortController();
  const client = await backend.client('ann');
  const submit = client.submit(INPUT, { signal: hungUp.signal }).catch(() => undefined);
  await expect.poll(() => backend.world.jobs(), { timeout: 60_000 }).toHaveLength(1);
  hungUp.abort();
  await submit;
  await backend.close();
  // The job is in the ledger.
  const { world } = backend;
  const settings = { baseUrl: world.baseUrl, apiKey: world.key, ledger: join(folder, 'ledger.db') };
  await using reader = new Client({ ...settings, ignoreEnv: true });
  const [job] = await world.jobs();
  expect(await reader.ledger.submits()).toMatchObject([{ state: 'accepted', jobId: job!['id'] }]);
});

test.for([{ status: 503 }, { status: 500, body: 'html' }, 'reset'])(
  'a lost response is found by the backend: %j',
  async (fault, { start }) => {
    const lost = { at: 'submit', nth: 1, when: 'after_accept', do: fault } as const;
    const backend = await start({ ...QUICK, faults: [lost] });
    expect((await (await backend.client('ann')).run(INPUT)).status).toBe('completed');
    expect(await backend.requests('submit')).toBe(1);
  },
);

test.for([401, 402, 403])(
  'an error of our account is not one of the user: HTTP %i',
  async (status, { start }) => {
    const backend = await start({ ...QUICK, faults: [{ at: 'submit', do: { status } }] });
    const error = await (await backend.client('ann')).submit(INPUT).catch((it: unknown) => it);
    expect(error).toMatchObject({ code: 'api_status', status: 424 });
  },
);

test('failures of polls pass', async ({ start }) => {
  const faults = [
    { at: 'poll', nth: 1, do: { status: 503 } },
    { at: 'poll', nth: 2, do: 'reset' },
  ];
  const backend = await start({ ...QUICK, faults });
  expect((await (await backend.client('ann')).run(INPUT)).status).toBe('completed');
});

test('a bug is a reason to search only if the submit was sent', () => {
  expect(translate(new Error('a bug'), false).status).toBe(424);
  expect(translate(new Error('a bug'), true).status).toBe(504);
});
