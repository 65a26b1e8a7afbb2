// Dubs: a clip of any length, whose segments are paid for once.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { AbortError, InputError } from 'viseme';

import { clientOf, FAST, world } from './support.mjs';

const charges = async (of) => (await of.ledger()).charges.length;

/** Calls `body` with a world, and options for a clip of 12 seconds. */
async function withClip(body) {
  const folder = await mkdtemp(join(tmpdir(), 'test-viseme-dub-'));
  try {
    const [video, audio] = [join(folder, 'face.mp4'), join(folder, 'voice.mp3')];
    const ffmpeg = (...args) =>
      promisify(execFile)('ffmpeg', ['-nostdin', '-v', 'error', '-f', 'lavfi', '-i', ...args]);
    const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
    await ffmpeg('testsrc=size=1280x720:rate=25:duration=12', ...encoder, video);
    await ffmpeg('sine=frequency=300:sample_rate=44100:duration=12', audio);
    const made = await world(FAST);
    const options = { video, audio, out: join(folder, 'dubbed.mp4'), preset: 'ultrafast' };
    await body(made, clientOf(made), options);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a plan submits nothing and covers the clip', async () => {
  await withClip(async (made, client, options) => {
    const { segments, jobs, durationMs } = await client.dub(options).plan();
    assert.deepEqual([jobs, segments.length, segments[0].startMs], [2, 2, 0]);
    assert.equal(segments[0].endMs, segments[1].startMs);
    assert.equal(segments[1].endMs, durationMs);
    assert.equal(await charges(made), 0);
  });
});

test('a dub that is left is resumed by the same call and pays once', async () => {
  await withClip(async (made, client, options) => {
    const dub = client.dub({ ...options, limit: 1 });
    for await (const { state } of dub) if (state === 'submitted') break;
    assert.equal(dub.result, undefined);
    const again = client.dub(options);
    for await (const { fraction } of again) assert.ok(fraction >= 0 && fraction <= 1);
    assert.deepEqual([again.result.out, again.result.segments], [options.out, 2]);
    assert.ok((await stat(options.out)).size > 0);
    assert.equal(await charges(made), 2);
  });
});

test('an aborted signal stops a dub', async () => {
  await withClip(async (made, client, options) => {
    const controller = new AbortController();
    const dub = client.dub({ ...options, signal: controller.signal });
    await assert.rejects(async () => {
      for await (const { stage } of dub) if (stage === 'cutting') controller.abort();
    }, AbortError);
    assert.equal(await charges(made), 0);
  });
});

test('errors name the parameter', async () => {
  await withClip(async (_, client, options) => {
    const rejects = (more, message) =>
      assert.throws(() => client.dub({ ...options, ...more }), { name: InputError.name, message });
    rejects({ length: 'max' }, /`length` must be one of shorter, .* got "max"/);
    rejects({ maxCost: -1 }, /`maxCost` must be a number of at least 0, got -1/);
    rejects({ video: 3 }, /`video` must be a string, got 3/);
    rejects({ skipSilense: true }, /Did you mean `skipSilence`/);
  });
});
