// Complete runs, from the input to the file.
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { check, Client, input, Media, Output, Prediction, run } from 'viseme';

import { AUDIO, clientOf, FAST, INPUT, MODEL, setUp, VIDEO, world } from './support.mjs';

test('a run returns a completed prediction and is charged once', async () => {
  const { client, world } = await setUp();
  const prediction = await client.run(INPUT);
  assert.ok(prediction instanceof Prediction);
  assert.equal(prediction.status, 'completed');
  assert.equal(prediction.isTerminal, true);
  assert.equal(prediction.model, MODEL);
  assert.ok(prediction.createdAt instanceof Date);
  assert.ok(prediction.output instanceof Output);
  assert.equal(String(prediction.output), prediction.outputUrl);
  assert.equal(JSON.parse(JSON.stringify(prediction)).outputs[0], prediction.outputUrl);
  assert.equal((await world.ledger()).charges.length, 1);
});

test('run accepts the call shape of the official package', async () => {
  const { client } = await setUp();
  const prediction = await client.run(MODEL, { audio: AUDIO, video: VIDEO }, { timeoutMs: 60_000 });
  assert.equal(prediction.status, 'completed');
});

test('run() without a client uses the environment', async () => {
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

test('media of every kind are uploaded completely', async (t) => {
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
      const { client } = await setUp();
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
  const { client } = await setUp();
  await client.run({ ...INPUT, video: createReadStream(VIDEO) });
  await assert.rejects(client.run({ ...INPUT, video: createReadStream(AUDIO) }));
  await assert.rejects(client.run({ ...INPUT, video: createReadStream('/no/such/file') }));
  assert.deepEqual(
    (await ours()).filter((name) => !before.includes(name)),
    [],
  );
});

test('an output can be read as a file, in memory and as a stream', async () => {
  const { client } = await setUp();
  const folder = await mkdtemp(join(tmpdir(), 'test-viseme-'));
  try {
    const { output } = await client.run(INPUT);
    const events = [];
    const saved = await output.save(join(folder, 'a.mp4'), { onProgress: (it) => events.push(it) });
    assert.equal(saved.path, join(folder, 'a.mp4'));
    const content = await readFile(saved.path);
    assert.equal(content.length, saved.bytes);
    assert.equal(events.at(-1).received, saved.bytes);
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

test('base64 outputs can be saved', async () => {
  const { client } = await setUp();
  const { output } = await client.run(INPUT, { base64: true });
  assert.equal(output.url, undefined);
  assert.ok((await output.arrayBuffer()).byteLength > 1000);
});

test('a job can be submitted, followed, refreshed and awaited', async () => {
  const { client } = await setUp({
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
  const statuses = [];
  assert.equal((await again.wait({ onUpdate: (it) => statuses.push(it.status) })).id, job.id);
  assert.deepEqual(statuses, ['completed']);
});

test('progress events arrive in order and before the result', async () => {
  const { client } = await setUp();
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

test('runMany returns each result, including a failure', async () => {
  const { client, world } = await setUp();
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

test('runMany reads inputs only when runs can start', async () => {
  const { client } = await setUp();
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
  assert.ok(most <= 6, `${most} ran at the same time`);
});

test('an error of the inputs is thrown to the reader of the results', async () => {
  const { client } = await setUp();
  function* inputs() {
    yield INPUT;
    throw new RangeError('no more');
  }
  const read = async () => {
    for await (const _ of client.runMany(inputs()));
  };
  await assert.rejects(read(), RangeError);
});

test('the account methods return the data of the mock server', async () => {
  const { client } = await setUp();
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

// A model that only the mock server has.
const OTHER = 'mock/instant';

test('any model runs, and validate uses the schema of the catalogue', async () => {
  const { client } = await setUp();
  const prediction = await client.run(input(OTHER, { prompt: 'x', image: Media.path(VIDEO) }));
  assert.equal(prediction.status, 'completed');
  const report = await client.validate(INPUT);
  assert.equal(report.ok, true);
  await assert.rejects(client.run(OTHER, { images: [new Blob(['x'])] }), {
    code: 'invalid_input',
  });
});

test('check needs no client and no API key', async () => {
  const report = await check({ ...INPUT, audio: VIDEO });
  assert.equal(report.ok, false);
  assert.equal(report.violations[0].field, 'audio');
});

test('recover finds a lost submit by its record', async () => {
  const faults = [{ at: 'submit', nth: 1, when: 'after_accept', do: 'reset' }];
  const { client, world } = await setUp({ ...FAST, faults }, { recoveryWindowMs: 0 });
  const error = await client.run(INPUT).catch((error) => error);
  assert.equal(error.code, 'submission_unknown');
  const record = JSON.parse(JSON.stringify(error.record));
  const other = clientOf(world);
  const job = await other.recover(record);
  assert.equal((await job.wait()).status, 'completed');
  assert.equal((await world.ledger()).charges.length, 1);
});

test('closing a client ends its pending calls', async () => {
  const { client } = await setUp({ jobs: [{ timeline: [{ created: '0s' }] }] });
  const job = await client.submit(INPUT);
  const waits = [
    job.wait(),
    job
      .updates()
      .next()
      .then(() => job.updates().next()),
  ];
  setTimeout(() => client.close(), 100);
  await assert.rejects(waits[0], { name: 'AbortError', message: /continues/ });
  await Promise.allSettled(waits);
  await assert.rejects(client.balance(), { code: 'config', message: /closed/ });
  await new Client({ anonymous: true, ignoreEnv: true })[Symbol.asyncDispose]();
});

test('setApiKey replaces the key for all further requests', async () => {
  const { client } = await setUp();
  const other = await world();
  assert.throws(() => client.setApiKey(''), { name: 'ConfigError' });
  assert.throws(() => client.setApiKey('a\nb'), { name: 'ConfigError' });
  client.setApiKey('unknown-key');
  await assert.rejects(client.balance(), { code: 'authentication' });
  client.setApiKey(other.key);
  await client.submit(INPUT);
  assert.equal((await other.ledger()).charges.length, 1);
});
