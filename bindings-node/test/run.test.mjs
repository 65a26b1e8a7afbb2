// From the input to the file.
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { check, Client, input, Media, Output, Prediction, run } from 'viseme';

import { AUDIO, clientOf, FAST, INPUT, MODEL, place, VIDEO, world } from './support.mjs';

test('a run gives a completed prediction, paid for once', async () => {
  const { client, world } = await place();
  const prediction = await client.run(INPUT);
  assert.ok(prediction instanceof Prediction);
  assert.equal(prediction.status, 'completed');
  assert.equal(prediction.model, MODEL);
  assert.ok(prediction.createdAt instanceof Date);
  assert.ok(prediction.output instanceof Output);
  assert.equal(String(prediction.output), prediction.outputUrl);
  assert.equal(JSON.parse(JSON.stringify(prediction)).outputs[0], prediction.outputUrl);
  assert.equal((await world.ledger()).charges.length, 1);
});

test("the official package's call shape", async () => {
  const { client } = await place();
  const prediction = await client.run(MODEL, { audio: AUDIO, video: VIDEO }, { timeoutMs: 60_000 });
  assert.equal(prediction.status, 'completed');
});

test('run() alone takes its client from the environment', async () => {
  const { baseUrl, key } = await world();
  process.env.WAVESPEED_BASE_URL = baseUrl;
  process.env.WAVESPEED_API_KEY = key;
  try {
    const prediction = await run(MODEL, { audio: AUDIO, video: VIDEO });
    assert.equal(prediction.status, 'completed');
  } finally {
    delete process.env.WAVESPEED_BASE_URL;
    delete process.env.WAVESPEED_API_KEY;
  }
});

test('media of every kind are uploaded whole', async (t) => {
  const content = await readFile(VIDEO);
  const web = () => new Blob([content]).stream();
  const kinds = {
    path: VIDEO,
    'file URL': pathToFileURL(VIDEO),
    Buffer: content,
    'part of a buffer': new Uint8Array(Buffer.concat([Buffer.alloc(7), content])).subarray(7),
    ArrayBuffer: content.buffer.slice(content.byteOffset, content.byteOffset + content.length),
    Blob: new Blob([content]),
    File: new File([content], 'face.mp4'),
    'Node stream': createReadStream(VIDEO),
    'web stream': web(),
    'named web stream': Media.bytes(web(), 'portrait.mp4'),
    'data URI': `data:video/mp4;base64,${content.toString('base64')}`,
  };
  for (const [kind, video] of Object.entries(kinds)) {
    await t.test(kind, async () => {
      const { client } = await place();
      const url = await client.upload(video);
      const got = Buffer.from(await (await fetch(url)).arrayBuffer());
      assert.ok(got.equals(content), `${got.length} of ${content.length} bytes`);
      assert.match(url, /\.mp4$/);
      const report = await client.check({
        ...INPUT,
        video: kind.includes('tream') ? VIDEO : video,
      });
      assert.equal(report.media.video?.container, 'mp4');
    });
  }
});

test('streams leave no temporary files', async () => {
  const ours = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('viseme-'));
  const before = await ours();
  const { client } = await place();
  await client.run({ ...INPUT, video: createReadStream(VIDEO) });
  await assert.rejects(client.run({ ...INPUT, video: createReadStream(AUDIO) }));
  await assert.rejects(client.run({ ...INPUT, video: createReadStream('/no/such/file') }));
  assert.deepEqual(
    (await ours()).filter((name) => !before.includes(name)),
    [],
  );
});

test('an output comes as a file, in memory and as a stream', async () => {
  const { client } = await place();
  const folder = await mkdtemp(join(tmpdir(), 'test-viseme-'));
  try {
    const { output } = await client.run(INPUT);
    const news = [];
    const saved = await output.save(join(folder, 'a.mp4'), { onProgress: (it) => news.push(it) });
    assert.equal(saved.path, join(folder, 'a.mp4'));
    const content = await readFile(saved.path);
    assert.equal(content.length, saved.bytes);
    assert.equal(news.at(-1).received, saved.bytes);
    assert.ok(Buffer.from(await output.arrayBuffer()).equals(content));
    const streamed = await new Response(await output.stream()).arrayBuffer();
    assert.ok(Buffer.from(streamed).equals(content));
    const { path } = await client.download(output.url, pathToFileURL(join(folder, 'b.mp4')));
    assert.ok((await readFile(path)).equals(content));
    const again = await client.downloadOutput(await client.run(INPUT), folder);
    assert.equal(again.bytes, saved.bytes);
    await assert.rejects(output.save(folder, { maxBytes: 10 }), { code: 'download' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('base64 outputs are saved as well', async () => {
  const { client } = await place();
  const { output } = await client.run(INPUT, { base64: true });
  assert.equal(output.url, undefined);
  assert.ok((await output.arrayBuffer()).byteLength > 1000);
});

test('a job is submitted, followed, looked at and waited for', async () => {
  const { client } = await place({
    jobs: [{ timeline: [{ created: '0s' }, { processing: '100ms' }, { completed: '300ms' }] }],
  });
  const job = await client.submit(INPUT);
  assert.equal(job.prediction.status, 'created');
  const seen = [];
  for await (const { status } of job.updates()) {
    seen.push(status);
  }
  assert.equal(seen.at(-1), 'completed');
  const again = client.job(job.id);
  assert.equal((await again.refresh()).status, 'completed');
  const told = [];
  assert.equal((await again.wait({ onUpdate: (it) => told.push(it.status) })).id, job.id);
  assert.deepEqual(told, ['completed']);
});

test('progress comes in order, and before the end', async () => {
  const { client } = await place();
  const events = [];
  let over = false;
  const onProgress = ({ event }) => {
    assert.equal(over, false);
    events.push(event);
  };
  await client.run(INPUT, { onProgress });
  over = true;
  const firsts = [...new Set(events)];
  assert.deepEqual(firsts, [
    'checked',
    'uploading',
    'uploaded',
    'submitting',
    'submitted',
    'update',
  ]);
});

test('many runs: results as they come, one failure among them', async () => {
  const { client, world } = await place();
  const inputs = Array.from({ length: 30 }, (_, n) =>
    n === 7 ? { ...INPUT, audio: '/no/such/file' } : INPUT,
  );
  const results = [];
  for await (const result of client.runMany(inputs, { limit: 8 })) {
    results.push(result);
  }
  results.sort((a, b) => a.index - b.index);
  assert.deepEqual(
    results.map(({ index }) => index),
    inputs.map((_, n) => n),
  );
  assert.deepEqual(
    results.filter(({ ok }) => !ok).map(({ index }) => index),
    [7],
  );
  assert.equal(results[7].error.code, 'invalid_input');
  assert.equal((await world.ledger()).charges.length, 29);
});

test('many runs take inputs as places become free', async () => {
  const { client } = await place();
  let taken = 0;
  let done = 0;
  let most = 0;
  async function* inputs() {
    for (; taken < 12; taken += 1) {
      most = Math.max(most, taken - done);
      yield { ...INPUT, video: createReadStream(VIDEO) };
    }
  }
  for await (const { ok } of client.runMany(inputs(), { limit: 3 })) {
    assert.ok(ok);
    done += 1;
  }
  assert.equal(done, 12);
  assert.ok(most <= 6, `${most} were open at once`);
});

test('an error of the inputs is thrown to who reads the results', async () => {
  const { client } = await place();
  function* inputs() {
    yield INPUT;
    throw new RangeError('no more');
  }
  const read = async () => {
    for await (const _ of client.runMany(inputs()));
  };
  await assert.rejects(read(), RangeError);
});

test('the account: history, balance, price, models, delete, usage, billings', async () => {
  const { client } = await place();
  const { id } = await client.run(INPUT);
  const jobs = [];
  for await (const job of client.history({ model: MODEL, createdAfter: new Date(0) })) {
    jobs.push(job.id);
  }
  assert.deepEqual(jobs, [id]);
  assert.equal(typeof (await client.balance()), 'number');
  const price = await client.price(INPUT);
  assert.ok(price.due > 0);
  assert.deepEqual([...price.leftOut].sort(), ['audio', 'video']);
  assert.deepEqual((await client.price(INPUT, { upload: true })).leftOut, []);
  const models = await client.models();
  assert.ok(models.some((model) => model.id === MODEL));
  assert.equal((await client.model(MODEL)).id, MODEL);
  const day = 24 * 3600 * 1000;
  const usage = await client.usage(new Date(Date.now() - day), new Date(Date.now() + day));
  assert.equal(usage.requests, 1);
  const bills = [];
  for await (const bill of client.billings()) bills.push(bill);
  assert.equal(bills.length, 1);
  assert.equal(bills[0].jobId, id);
  assert.equal(await client.delete([id]), 1);
});

// A model of the mock server's own.
const OTHER = 'mock/instant';

test('any model, and an input that is judged by its schema', async () => {
  const { client } = await place();
  const prediction = await client.run(input(OTHER, { prompt: 'x', image: Media.path(VIDEO) }));
  assert.equal(prediction.status, 'completed');
  const report = await client.validate(INPUT);
  assert.equal(report.ok, true);
  await assert.rejects(client.run(OTHER, { images: [new Blob(['x'])] }), {
    code: 'invalid_input',
  });
});

test('a check needs neither client nor key', async () => {
  const report = await check({ ...INPUT, audio: VIDEO });
  assert.equal(report.ok, false);
  assert.equal(report.violations[0].field, 'audio');
});

test('a lost submit is found again by its record', async () => {
  const faults = [{ at: 'submit', nth: 1, when: 'after_accept', do: 'reset' }];
  const { client, world } = await place({ ...FAST, faults }, { recoveryWindowMs: 0 });
  const error = await client.run(INPUT).catch((error) => error);
  assert.equal(error.code, 'submission_unknown');
  const record = JSON.parse(JSON.stringify(error.record));
  const other = clientOf(world);
  const job = await other.recover(record);
  assert.equal((await job.wait()).status, 'completed');
  assert.equal((await world.ledger()).charges.length, 1);
});

test('a client that was closed ends what is under way', async () => {
  const { client } = await place({ jobs: [{ timeline: [{ created: '0s' }] }] });
  const job = await client.submit(INPUT);
  const waits = [
    job.wait(),
    job
      .updates()
      .next()
      .then(() => job.updates().next()),
  ];
  setTimeout(() => client.close(), 100);
  await assert.rejects(waits[0], { name: 'AbortError', message: /goes on/ });
  await Promise.allSettled(waits);
  await assert.rejects(client.balance(), { code: 'config', message: /closed/ });
  await new Client({ anonymous: true, ignoreEnv: true })[Symbol.asyncDispose]();
});
