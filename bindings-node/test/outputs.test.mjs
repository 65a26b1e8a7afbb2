// Outputs: all of a job, and large uploads that stay out of memory.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { DownloadError, InputError } from 'viseme';

import { AUDIO, FAST, INPUT, setUp, VIDEO } from './support.mjs';

/** A client whose jobs have a video, a text, and JSON with a video. */
async function withThreeOutputs() {
  const made = await setUp();
  const url = await made.client.upload(VIDEO);
  const outputs = [url, 'words', { file: { url } }];
  const fault = { at: 'poll', do: { merge: { data: { outputs } } } };
  await made.world.setScenario({ ...FAST, faults: [fault] });
  return { ...made, url };
}

test('all outputs of a job are downloaded', async (t) => {
  const { client, url } = await withThreeOutputs();
  const folder = await mkdtemp(join(tmpdir(), 'viseme-test-'));
  t.after(() => rm(folder, { recursive: true }));
  const prediction = await client.run(INPUT);
  assert.deepEqual(
    prediction.outputs.map((output) => output.url),
    [url, undefined, url],
  );
  assert.deepEqual(prediction.outputUrls, [url, null, url]);
  const files = await client.downloadOutputs(prediction, join(folder, 'clip.mp4'));
  assert.deepEqual(
    files.map(({ path }) => basename(path)),
    ['clip.mp4', 'clip-2.txt', 'clip-3.mp4'],
  );
  assert.equal(await readFile(files[1].path, 'utf8'), 'words');
  for (const { path, bytes } of files) {
    assert.equal((await stat(path)).size, bytes);
  }
  const error = await client
    .downloadOutputs(prediction, join(folder, 'more.mp4'), { maxBytes: 5 })
    .catch((error) => error);
  assert.ok(error instanceof DownloadError);
  assert.equal(error.jobId, prediction.id);
  await assert.rejects(client.downloadOutputs(prediction, 3), InputError);
});

test('an invalid input of runMany is the result of its own run', async () => {
  const { client, world } = await setUp();
  const inputs = [INPUT, { model: INPUT.model, audio: Number.NaN, video: VIDEO }, 3];
  const results = [];
  for await (const result of client.runMany(inputs)) {
    results[result.index] = result;
  }
  assert.deepEqual(
    results.map(({ ok }) => ok),
    [true, false, false],
  );
  assert.ok(results[1].error instanceof InputError);
  assert.match(
    results[1].error.message,
    /^Input 1 \(counted from 0\): `audio` must be JSON or media/,
  );
  assert.match(results[2].error.message, /^Input 2 \(counted from 0\): `input` must be an object/);
  assert.equal((await world.ledger()).charges.length, 1);
});

test('the body of a request is uploaded without being held in memory', async (t) => {
  const { client } = await setUp();
  const size = 150 * 1024 * 1024;
  let growth = 0;
  const server = createServer(async (request, response) => {
    const before = process.memoryUsage.rss();
    const timer = setInterval(() => {
      growth = Math.max(growth, process.memoryUsage.rss() - before);
    }, 10);
    try {
      response.end(await client.upload(request));
    } catch (error) {
      response.writeHead(500).end(error.message);
    } finally {
      clearInterval(timer);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address();
  // Another process sends it: its memory does not count.
  const code = `
    const size = ${size};
    const wave = Buffer.alloc(1 << 20);
    async function* body() {
      const head = Buffer.from(wave);
      head.write('RIFF', 0); head.writeUInt32LE(size - 8, 4); head.write('WAVEfmt ', 8);
      head.writeUInt32LE(16, 16); head.writeUInt16LE(1, 20); head.writeUInt16LE(1, 22);
      head.writeUInt32LE(8000, 24); head.writeUInt32LE(16000, 28); head.writeUInt16LE(2, 32);
      head.writeUInt16LE(16, 34); head.write('data', 36); head.writeUInt32LE(size - 44, 40);
      yield head;
      for (let sent = wave.length; sent < size; sent += wave.length) yield wave;
    }
    const sent = await fetch('http://127.0.0.1:${port}', { method: 'POST', body: body(), duplex: 'half' });
    console.log(sent.status, await sent.text());
  `;
  const output = await new Promise((resolve, reject) => {
    execFile(process.execPath, ['--input-type=module', '-e', code], (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
  assert.match(output, /^200 http/);
  assert.ok(growth < size / 2, `memory grew by ${growth} bytes`);
});

test('a large Blob is uploaded', async () => {
  const { client } = await setUp();
  const content = await readFile(AUDIO);
  const file = new File([content, Buffer.alloc(5 * 1024 * 1024)], 'voice.mp3');
  assert.match(await client.upload(file), /\.mp3$/);
});
