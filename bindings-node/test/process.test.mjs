// Processes and threads that end while jobs run: no crash, no hang.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { ENDLESS, FAST, INPUT, node, polls, ROOT, sleep, until, VIDEO, world } from './support.mjs';

const PROGRAM = `
  import { Client } from 'viseme';
  const { baseUrl, key, input } = JSON.parse(process.env.WORLD);
  const client = new Client({ ignoreEnv: true, baseUrl, apiKey: key, pacing: { intervalMs: 20 } });
`;

async function program(code, scenario) {
  const { baseUrl, key } = await world(scenario);
  const env = { ...process.env, WORLD: JSON.stringify({ baseUrl, key, input: INPUT }) };
  return await node(['--input-type=module', '-e', PROGRAM + code], { env });
}

test('a client alone does not keep the process alive', async () => {
  const { code, stderr } = await program(`await client.run(input); console.log('done');`, FAST);
  assert.equal(code, 0, stderr);
});

test('process.exit ends the process at once while jobs run', async () => {
  const code = `
    for (let n = 0; n < 50; n += 1) client.run(input).catch(() => {});
    const many = client.runMany(Array.from({ length: 50 }, () => input), { limit: 50 });
    many.next().catch(() => {});
    setTimeout(() => { console.log('bye'); process.exit(7); }, 700);`;
  const ended = await program(code, ENDLESS);
  assert.equal(ended.code, 7, ended.stderr);
  assert.equal(ended.stdout.trim(), 'bye');
});

test('an uncaught error ends the process while jobs run', async () => {
  const code = `
    for (let n = 0; n < 10; n += 1) client.run(input).catch(() => {});
    setTimeout(() => { throw new Error('boom'); }, 300);`;
  const ended = await program(code, ENDLESS);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /boom/);
});

test('a wait keeps the process alive until it is aborted', async () => {
  const code = `
    client.run(input, { signal: AbortSignal.timeout(600) }).catch((error) => console.log(error.name));`;
  const ended = await program(code, ENDLESS);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(ended.stdout.trim(), 'AbortError');
});

test('the example of the README names the job that continues after Ctrl-C', async () => {
  const { baseUrl, key } = await world(ENDLESS);
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const example = readme
    .split('```mjs\n')[1]
    .split('```')[0]
    .replace("'viseme'", JSON.stringify(join(ROOT, 'dist', 'index.mjs')));
  const child = spawn(process.execPath, ['--input-type=module', '-e', example], {
    cwd: dirname(VIDEO),
    env: { ...process.env, WAVESPEED_BASE_URL: baseUrl, WAVESPEED_API_KEY: key },
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    if (stdout.split('\n').length === 2) child.kill('SIGINT');
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, stderr);
  const [, id] = stdout.match(/^submitted (\S+)\n/);
  assert.equal(stdout.split('\n')[1], `aborted; client.job('${id}').wait() continues`);
  assert.match(stderr, new RegExp(`The job ${id} continues at the service`));
});

test('an iterator that was left does not keep the process alive', async () => {
  const code = `
    const job = await client.submit(input);
    for await (const _ of job.updates()) break;
    for await (const _ of client.runMany([input, input])) break;`;
  const ended = await program(code, FAST);
  assert.equal(ended.code, 0, ended.stderr);
});

const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { Client } = require('viseme');
  const { baseUrl, key, input } = workerData;
  const client = new Client({ ignoreEnv: true, baseUrl, apiKey: key, pacing: { intervalMs: 20 } });
  client.run(input).then(({ status }) => parentPort.postMessage(status), (error) => {
    parentPort.postMessage(String(error));
  });
  parentPort.postMessage('started');
`;

async function worker(scenario) {
  const { baseUrl, key } = await world(scenario);
  return new Worker(WORKER, { eval: true, workerData: { baseUrl, key, input: INPUT } });
}

const message = (of) => new Promise((resolve) => of.once('message', resolve));

test('many workers run at the same time, each with its own client', async () => {
  const workers = await Promise.all(Array.from({ length: 8 }, () => worker(FAST)));
  const statuses = workers.map(
    (it) =>
      new Promise((resolve, reject) => {
        it.on('message', (text) => text !== 'started' && resolve(text));
        it.once('error', reject);
      }),
  );
  assert.deepEqual(await Promise.all(statuses), Array(8).fill('completed'));
  await Promise.all(workers.map((it) => it.terminate()));
});

test('workers can be terminated while they wait', async () => {
  for (let round = 0; round < 3; round += 1) {
    const workers = await Promise.all(Array.from({ length: 4 }, () => worker(ENDLESS)));
    await Promise.all(workers.map(message));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all(workers.map((it) => it.terminate()));
  }
  // The native library still works in this thread and in a new one.
  const last = await worker(FAST);
  const texts = [];
  await new Promise((resolve) => last.on('message', (it) => texts.push(it) === 2 && resolve()));
  assert.deepEqual(texts, ['started', 'completed']);
});

test('a terminated worker stops polling', async () => {
  const made = await world(ENDLESS);
  const { baseUrl, key } = made;
  const one = new Worker(WORKER, { eval: true, workerData: { baseUrl, key, input: INPUT } });
  await until(async () => (await polls(made)) > 2, 'it polled');
  await one.terminate();
  await sleep(300);
  const before = await polls(made);
  await sleep(500);
  assert.equal(await polls(made), before);
});

test("a client in a worker uses the worker's environment", async () => {
  const { baseUrl, key } = await world(FAST);
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { Client } = require('viseme');
    new Client().run(workerData).then(({ status }) => parentPort.postMessage(status));`;
  const env = { WAVESPEED_BASE_URL: baseUrl, WAVESPEED_API_KEY: key };
  const one = new Worker(code, { eval: true, workerData: INPUT, env });
  assert.equal(await message(one), 'completed');
});
