// Many clips on workers that are killed at random, and what the package promises of its files.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CancelledFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { giveUp, state, type Batch, type BatchResult, type Job } from '@viseme/temporal';

import { until } from '../../support/programs.ts';
import { assertChargedOnce, requests, SAMPLES, SOON, stopServer } from '../../support/service.ts';
import { audioOf, MODEL, Pipeline, QUICK, Server } from './pipeline.ts';

const CLIPS = Number(process.env['TEMPORAL_CLIPS'] ?? 60);
const KILLS = Number(process.env['TEMPORAL_KILLS'] ?? 3);
const ABOUT_A_SECOND = { jobs: [{ timeline: [{ processing: '0s' }, { completed: '800ms' }] }] };
const NAMES = Array.from({ length: CLIPS }, (_, index) => `clip-${index}`);

let server: Server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await stopServer();
});

function jobsOf(pipeline: Pipeline, names: string[]): Record<string, Job> {
  const job = (name: string) => ({ model: MODEL, media: pipeline.media(name), timing: QUICK });
  return Object.fromEntries(names.map((name) => [name, job(name)]));
}

async function startBatch(pipeline: Pipeline, names: string[], more: Partial<Batch>) {
  return await server.client.workflow.start<(batch: Batch) => Promise<BatchResult>>('visemeBatch', {
    workflowId: pipeline.taskQueue,
    taskQueue: pipeline.taskQueue,
    args: [{ jobs: jobsOf(pipeline, names), ...more }],
  });
}

test(`a batch of ${CLIPS} clips, with ${KILLS} kills of workers, pays for each once`, async (context) => {
  const slow = { at: 'submit', when: 'after_accept', do: { delay: '300ms' } } as const;
  await using pipeline = await Pipeline.create(server, { ...ABOUT_A_SECOND, faults: [slow] });
  const workers = [await pipeline.startWorker(), await pipeline.startWorker()];
  const begin = Date.now();
  const runLength = Math.ceil(CLIPS / 2.5);
  const batch = await startBatch(pipeline, NAMES, { limit: 15, runLength });
  const firstRun = batch.firstExecutionRunId;
  let givenUp = 0;
  // A run of the batch ends with its last clip, so that a search without an end would stop all.
  const isCharged = async (some: number) => {
    if ((await pipeline.charges()) >= some) return true;
    givenUp += await giveUpWhatWasNeverAccepted(pipeline);
    return false;
  };
  for (let kills = 1; kills <= KILLS; kills += 1) {
    const some = Math.floor((CLIPS * kills) / (KILLS + 2));
    await until(() => isCharged(some), `${some} charges`, { timeoutMs: 240_000, pauseMs: 500 });
    await workers[kills % 2]!.kill();
    workers[kills % 2] = await pipeline.startWorker();
  }
  const ended = batch.result();
  let isEnded = false;
  void ended.finally(() => (isEnded = true)).catch(() => undefined);
  await until(
    async () => {
      if (!isEnded) givenUp += await giveUpWhatWasNeverAccepted(pipeline);
      return isEnded;
    },
    'all clips',
    { timeoutMs: 1_000_000, pauseMs: 2000 },
  );
  const { completed, failed } = await ended;
  const seconds = (Date.now() - begin) / 1000;
  context.diagnostic(
    `${CLIPS} clips, ${KILLS} kills, ${await pipeline.charges()} charges, ${givenUp} given up, ${seconds} s`,
  );
  assert.deepEqual(failed, []);
  assert.deepEqual(Object.keys(completed).sort(), [...NAMES].sort());
  await assertChargedOnce(pipeline.world, NAMES.map(audioOf));
  // It continued as new: the last run is another one, and it has the results of all.
  const { runId } = await server.client.workflow.getHandle(pipeline.taskQueue).describe();
  assert.notEqual(runId, firstRun);
});

/**
 * Gives up submits as a person would who looked: the workflow has searched for the job, and the service
 * has none.
 */
async function giveUpWhatWasNeverAccepted(pipeline: Pipeline): Promise<number> {
  let givenUp = 0;
  for (const name of NAMES) {
    const workflow = server.client.workflow.getHandle(`${pipeline.taskQueue}/${name}`);
    const { status } = await workflow.describe().catch(() => ({ status: undefined }));
    if (status?.name !== 'RUNNING') continue;
    const { step, error } = await workflow.query(state);
    if (step !== 'recover' || !error?.includes('history shows no job')) continue;
    const paid = (await pipeline.world.jobs()).map((job) => JSON.stringify(job['input']));
    if (paid.some((input) => input.includes(audioOf(name)))) continue;
    await workflow.signal(giveUp);
    givenUp += 1;
  }
  return givenUp;
}

test('a clip that fails does not stop the others, and a second batch pays for none again', async () => {
  const failed = { match: { nth: 1 }, timeline: [{ failed: '0s' }] };
  await using pipeline = await Pipeline.create(server, { jobs: [failed, ...SOON.jobs] });
  await pipeline.startWorker();
  const names = NAMES.slice(0, 3);
  const first = await (await startBatch(pipeline, names, { limit: 1 })).result();
  assert.deepEqual(
    first.failed.map(({ key, code }) => [key, code]),
    [['clip-0', 'job_failed']],
  );
  assert.ok(first.failed[0]?.jobId);
  assert.deepEqual(Object.keys(first.completed), names.slice(1));
  const second = await (await startBatch(pipeline, names, {})).result();
  assert.deepEqual(
    second.failed.map(({ code }) => code),
    ['already_started', 'already_started', 'already_started'],
  );
  assert.equal(await requests(pipeline.world, 'submit'), 3);
});

test('a cancelled clip does not stop the others, and a cancelled batch stops all', async () => {
  const endless = { jobs: [{ timeline: [{ processing: '0s' }, { completed: '1h' }] }] };
  await using pipeline = await Pipeline.create(server, endless);
  await pipeline.startWorker();
  const batch = await startBatch(pipeline, NAMES.slice(0, 2), { limit: 1 });
  const { workflow } = server.client;
  await until(() => pipeline.charges(), 'the first clip');
  await workflow.getHandle(`${pipeline.taskQueue}/clip-0`).cancel();
  await until(async () => (await pipeline.charges()) === 2, 'the second clip');
  await batch.cancel();
  await assert.rejects(batch.result(), ({ cause }: Error) => cause instanceof CancelledFailure);
  const second = workflow.getHandle(`${pipeline.taskQueue}/clip-1`);
  await assert.rejects(second.result(), ({ cause }: Error) => cause instanceof CancelledFailure);
});

test('the histories replay', async () => {
  await using pipeline = await Pipeline.create(server, ABOUT_A_SECOND);
  const worker = await pipeline.startWorker();
  const batch = await startBatch(pipeline, NAMES.slice(0, 2), { runLength: 1 });
  await batch.result();
  await worker.kill();
  const replay = { workflowBundle: { codePath: server.bundle }, replayName: 'test' };
  for (const id of ['', '/clip-0', '/clip-1']) {
    const workflow = server.client.workflow.getHandle(`${pipeline.taskQueue}${id}`);
    await Worker.runReplayHistory(replay, await workflow.fetchHistory(), workflow.workflowId);
  }
  // Workflows that began with an earlier version continue with this one. The files come from
  // `temporal workflow show --output json`.
  for (const name of ['completed', 'recovered']) {
    const file = `temporal-node/tests/histories/${name}.json`;
    await Worker.runReplayHistory(replay, JSON.parse(await readFile(file, 'utf8')), name);
  }
  const { events } = await server.client.workflow
    .getHandle(`${pipeline.taskQueue}/clip-0`)
    .fetchHistory();
  // A history that the code does not have is noticed.
  const changed = { events: events!.filter((_, index) => index !== 4) };
  await assert.rejects(Worker.runReplayHistory(replay, changed, 'changed'));
});

test('the bundle of the workflows has neither the client nor Node APIs', async () => {
  // The bundler itself rejects Node APIs.
  const bundle = await readFile(server.bundle, 'utf8');
  assert.ok(bundle.includes('visemeSending'));
  for (const word of ['bindings-node', 'viseme.linux', 'createActivities', 'node:fs']) {
    assert.ok(!bundle.includes(word), word);
  }
});

test('the package has the built files, the licences and nothing else', async () => {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const options = { cwd: 'temporal-node', shell: process.platform === 'win32' };
  const dryRun = ['pack', '--dry-run', '--json', '--silent', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)(npm, dryRun, options);
  const [packed] = Object.values(
    JSON.parse(stdout) as Record<string, { files: { path: string }[] }>,
  );
  const files = packed!.files.map(({ path }) => path);
  for (const wanted of ['LICENSE-MIT', 'LICENSE-APACHE', 'README.md', 'package.json']) {
    assert.ok(files.includes(wanted), wanted);
  }
  const built = files.filter((path) => path.startsWith('dist/'));
  assert.ok(built.includes('dist/index.d.ts') && built.includes('dist/workflows.js'));
  assert.equal(files.length, built.length + 4, String(files));
});

test('the example of the README runs', async () => {
  await using pipeline = await Pipeline.create(server, SOON);
  const readme = await readFile('temporal-node/README.md', 'utf8');
  const blocks = [...readme.matchAll(/```js\n\/\/ (\w+\.mjs)\n(.*?)```/gs)];
  assert.deepEqual(
    blocks.map(([, name]) => name),
    ['worker.mjs', 'start.mjs'],
  );
  // Below the folder of the installed packages.
  const folder = fileURLToPath(new URL(`example-${process.pid}`, import.meta.url));
  await mkdir(folder);
  try {
    for (const [, name, code] of blocks) await writeFile(join(folder, name!), code!);
    for (const file of ['voice.mp3', 'face.mp4']) {
      await copyFile(join(SAMPLES, file), join(folder, file));
    }
    const environment = {
      TEMPORAL_ADDRESS: server.address,
      WAVESPEED_BASE_URL: pipeline.world.baseUrl,
      WAVESPEED_API_KEY: pipeline.world.key,
    };
    const start = (name: string) =>
      pipeline.programs.start(process.execPath, [join(folder, name)], environment, folder);
    await start('worker.mjs');
    const program = await start('start.mjs');
    assert.equal(await program.wait(), 0, program.output);
    assert.equal(program.output.trim(), 'out.mp4');
    assert.ok((await stat(join(folder, 'out.mp4'))).size > 0);
    assert.equal(await pipeline.charges(), 1);
  } finally {
    await rm(folder, { recursive: true });
  }
});
