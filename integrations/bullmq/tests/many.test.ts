// Many clips, on workers that are killed at random.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Queue, Worker } from 'bullmq';
import { Client } from 'viseme';

import { sleep, until } from '../../support/programs.ts';
import {
  assertChargedOnce,
  NO_ANSWER,
  requests,
  SAMPLES,
  SOON,
  stopServer,
} from '../../support/service.ts';
import { lipSync, lipSyncAll } from '../clips.ts';
import { finalState, Pipeline } from './pipeline.ts';

const CLIPS = Number(process.env['BULLMQ_CLIPS'] ?? 40);
const KILLS = Number(process.env['BULLMQ_KILLS'] ?? 6);
const SEED = Number(process.env['BULLMQ_SEED'] ?? Math.floor(Math.random() * 10 ** 6));
const ABOUT_A_SECOND = {
  jobs: [{ timeline: [{ processing: '0s' }, { completed: '800ms' }] }],
};
// Kills meet submits that the service has accepted, and some that it will never accept.
const SLOW_SUBMITS = [
  { at: 'submit', every: 4, do: { slow_accept: '600ms' } },
  { at: 'submit', do: { delay: '600ms' } },
];
const ENDED = ['completed', 'failed'];
const NAMES = Array.from({ length: CLIPS }, (_, index) => `clip-${index}`);

after(stopServer);

for (const recipe of ['clips', 'naive'] as const) {
  test(`${recipe}: random kills of two workers`, async (context) => {
    await using pipeline = await Pipeline.create({ ...ABOUT_A_SECOND, faults: SLOW_SUBMITS });
    const clips = NAMES.map((name) => pipeline.clip(name));
    const jobs = await Promise.all(clips.map((clip) => pipeline.send(recipe, clip)));
    const start = () => pipeline.startWorker(recipe, { concurrency: 3 });
    const workers = [await start(), await start()];
    await until(() => pipeline.charges(), 'the first clip');
    const random = randomNumbers(SEED);
    for (let kills = 0; kills < KILLS; kills += 1) {
      const place = Math.floor(random() * workers.length);
      await workers[place]!.kill();
      workers[place] = await start();
      await sleep(200 + random() * 1300);
    }
    let givenUp = 0;
    const states = await until(
      async () => {
        if (recipe === 'clips') givenUp += await giveUpWhatWasNeverAccepted(pipeline);
        const now = await Promise.all(jobs.map((job) => job.getState()));
        return now.every((state) => ENDED.includes(state)) ? now : undefined;
      },
      'all clips',
      { pauseMs: 1000 },
    );
    const total = await pipeline.charges();
    context.diagnostic(
      `${recipe}: BULLMQ_SEED=${SEED}, ${CLIPS} clips, ${KILLS} kills, ${total} charges, ` +
        `${givenUp} keys given up`,
    );
    if (recipe === 'naive') {
      assert.ok(total > CLIPS);
      return;
    }
    assert.ok(states.every((state) => state === 'completed'));
    await assertSaved(pipeline, NAMES);
  });
}

test('clips: a flow of clips ends with all paths after a kill', async () => {
  const fault = { ...NO_ANSWER, nth: 2 };
  await using pipeline = await Pipeline.create({ ...ABOUT_A_SECOND, faults: [fault] });
  const names = NAMES.slice(0, 6);
  const connection = { url: pipeline.redisUrl };
  const clips = names.map((name) => pipeline.clip(name));
  const join = { name: 'join', queueName: 'episodes' };
  const { job } = await pipeline.flows.add(lipSyncAll(clips, join));
  const worker = await pipeline.startWorker('clips', { concurrency: 2 });
  await until(async () => (await pipeline.charges()) >= 2, 'the second POST');
  await worker.kill();
  await pipeline.startWorker('clips', { concurrency: 2 });
  const episodes = new Worker<unknown, string[]>(
    'episodes',
    async (joined) => Object.values(await joined.getChildrenValues<string>()).sort(),
    { connection },
  );
  const queue = new Queue<unknown, string[]>('episodes', { connection });
  try {
    assert.equal(await finalState(job), 'completed');
    const done = await queue.getJob(job.id!);
    assert.deepEqual(done?.returnvalue, clips.map(({ path }) => path).sort());
  } finally {
    await episodes.close();
    await queue.close();
  }
  await assertSaved(pipeline, names);
});

test('clips: a clip that is sent four times is paid for once', async () => {
  await using pipeline = await Pipeline.create(ABOUT_A_SECOND);
  const jobs = await Promise.all([1, 2, 3, 4].map(() => pipeline.send('clips')));
  await pipeline.startWorker('clips', { concurrency: 4 });
  for (const job of jobs) await pipeline.assertDone(job, 'clips', 1);
});

test('clips: a long job makes room for other clips', async () => {
  const first = { match: { nth: 1 }, timeline: [{ processing: '0s' }, { completed: '1h' }] };
  await using pipeline = await Pipeline.create({ jobs: [first, ...SOON.jobs] });
  const environment = { CLIPS_WAIT_MS: 300 };
  await pipeline.startWorker('clips', { environment });
  const long = await pipeline.send('clips', pipeline.clip('long'));
  await until(() => requests(pipeline.world, 'poll'), 'the first poll');
  await finalState(await pipeline.send('clips', pipeline.clip('short')));
  assert.notEqual(await long.getState(), 'completed');
  const jobs = await pipeline.world.jobs();
  const { id } = jobs.find((job) => JSON.stringify(job['input']).includes('long'))!;
  await pipeline.world.act(String(id), 'complete');
  assert.equal(await finalState(long), 'completed');
  await assertSaved(pipeline, ['long', 'short']);
});

test('the recipe runs as it is, with files', async () => {
  await using pipeline = await Pipeline.create(SOON);
  const program = fileURLToPath(new URL('../worker.js', import.meta.url));
  const worker = await pipeline.programs.start(process.execPath, [program], pipeline.environment);
  const clip = {
    ...pipeline.clip(),
    audio: join(SAMPLES, 'voice.mp3'),
    video: join(SAMPLES, 'face.mp4'),
  };
  const { job } = await pipeline.flows.add(lipSync(clip));
  assert.equal(await finalState(job), 'completed');
  assert.equal((await readFile(clip.path)).subarray(4, 8).toString(), 'ftyp');
  assert.equal(await pipeline.charges(), 1);
  worker.signal('SIGTERM');
  assert.equal(await worker.wait(), 0, worker.output);
});

async function assertSaved(pipeline: Pipeline, names: string[]): Promise<void> {
  const clips = names.map((name) => pipeline.clip(name));
  await assertChargedOnce(
    pipeline.world,
    clips.map(({ audio }) => audio),
  );
  for (const { path } of clips) assert.ok((await stat(path)).size > 0);
}

/** Gives up keys as a person would who looked: their submit waits, and the service has no job. */
async function giveUpWhatWasNeverAccepted(pipeline: Pipeline): Promise<number> {
  const { baseUrl, key: apiKey } = pipeline.world;
  await using client = new Client({ baseUrl, apiKey, ledger: pipeline.ledger });
  const queue = new Queue('clips', { connection: { url: pipeline.redisUrl } });
  try {
    const delayed = await queue.getDelayed();
    const waiting = new Set(
      delayed.filter(({ name }) => name === 'submit').map((it) => it.data.id),
    );
    const accepted = (await pipeline.world.jobs()).map((job) => JSON.stringify(job['input']));
    const open = (await client.ledger.submits({ state: 'sent' }))
      .map(({ key }) => key)
      .filter((key) => waiting.has(key))
      .filter((key) => !accepted.some((input) => input.includes(`/${key}.mp3`)));
    for (const key of open) await client.ledger.giveUp(key);
    return open.length;
  } finally {
    await queue.close();
  }
}

/** Returns numbers from 0 to 1 that depend on the seed alone (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
