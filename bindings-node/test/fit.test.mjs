// Fits: media that a model accepts, made from media that it does not.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ConfigError, InputError } from 'viseme';

import { AUDIO, clientOf, INPUT, MODEL, ROOT, world } from './support.mjs';

/** Calls `body` with a client, the path of a video that is too long and too small, and a folder. */
async function withClip(body) {
  const folder = await mkdtemp(join(tmpdir(), 'test-viseme-fit-'));
  try {
    const video = join(folder, 'talk.mkv');
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=25:duration=12'];
    const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
    const words = ['-nostdin', '-v', 'error', ...source, ...encoder, video];
    await promisify(execFile)('ffmpeg', words);
    await body(clientOf(await world()), video, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a fitted input runs, and the source is not touched', async () => {
  await withClip(async (client, video, folder) => {
    const source = await readFile(video);
    const out = join(folder, 'fitted');
    const input = { model: MODEL, audio: AUDIO, video };
    assert.equal((await client.check(input)).ok, false);
    const fitted = await client.fit(input, { out, startMs: 1000, endMs: 6000 });
    const [voice, face] = fitted.files.toSorted((a, b) => a.field.localeCompare(b.field));
    assert.deepEqual([voice.steps, voice.path], [[], undefined]);
    const kinds = face.steps.map(({ fix }) => fix.kind);
    assert.deepEqual([...kinds].sort(), ['convert', 'cut', 'scale']);
    assert.ok(face.steps.some(({ lossy }) => lossy));
    assert.deepEqual([face.before.width, face.after.width], [640, 1280]);
    assert.ok(Math.abs(face.after.durationMs - 5000) < 100);
    assert.ok(face.path.startsWith(out));
    assert.deepEqual(await readFile(video), source);
    assert.equal((await client.check(fitted.input)).ok, true);
    assert.equal((await client.run(fitted.input)).status, 'completed');
  });
});

test('a dry run says what would be done, and makes no file', async () => {
  await withClip(async (client, video, folder) => {
    const { input, files } = await client.fit(MODEL, { audio: AUDIO, video }, { dryRun: true });
    const face = files.find(({ field }) => field === 'video');
    assert.match(face.steps.map(({ fix }) => fix.description).join(), /scale to 1280 × 720/);
    assert.deepEqual([face.path, face.after, face.violations], [undefined, undefined, []]);
    assert.equal(input.parameters.video, video);
    assert.deepEqual(await readdir(folder), ['talk.mkv']);
  });
});

test('what is acceptable stays as it is, bytes too', async () => {
  await withClip(async (client, _, folder) => {
    const audio = await readFile(AUDIO);
    const out = join(folder, 'fitted');
    const { input, files } = await client.fit({ ...INPUT, audio }, { out });
    assert.deepEqual(
      files.map(({ steps }) => steps.length),
      [0, 0],
    );
    assert.equal(input.parameters.audio, audio);
    assert.equal((await client.run(input)).status, 'completed');
  });
});

test('errors say what is wrong', async () => {
  await withClip(async (client, video, folder) => {
    const input = { model: MODEL, audio: AUDIO, video };
    const rejects = (promise, message, name = InputError.name) =>
      assert.rejects(promise, { name, message });
    await rejects(client.fit(input), /`out` is missing/);
    await rejects(client.fit(input, { out: 3 }), /`out` must be a string, got 3/);
    await rejects(client.fit(input, { out: folder, crob: true }), /Did you mean `crop`/);
    await rejects(client.fit(input, { out: folder, startMs: -1 }), /`startMs` must be/);
    const stream = createReadStream(video);
    await rejects(
      client.fit({ ...input, video: stream }, { out: folder }),
      /can be read only once/,
    );
    stream.destroy();
    const text = join(folder, 'notes.mp4');
    await writeFile(text, 'not a video');
    await assert.rejects(client.fit({ ...input, video: text }, { out: folder }), (error) => {
      assert.equal(error.name, InputError.name);
      assert.deepEqual([error.violations[0].field, error.violations[0].fix], ['video', undefined]);
      return true;
    });
    const missing = join(folder, 'missing.mp4');
    await rejects(client.fit({ ...input, video: missing }, { out: folder }), /file not found/);
  });
});

test('the ffmpeg of a package is used where the PATH has none', async () => {
  await withClip(async (_, video, folder) => {
    // As a program has it that installed `ffmpeg-static`, without its download.
    const modules = join(folder, 'node_modules');
    await mkdir(join(modules, 'ffmpeg-static'), { recursive: true });
    const program = execFileSync('sh', ['-c', 'command -v ffmpeg'], { encoding: 'utf8' }).trim();
    const main = join(modules, 'ffmpeg-static', 'index.js');
    await writeFile(main, `module.exports = ${JSON.stringify(program)};`);
    const script = `
      const { Client } = require(${JSON.stringify(join(ROOT, 'dist', 'index.js'))});
      const input = { model: ${JSON.stringify(MODEL)}, video: ${JSON.stringify(video)} };
      new Client({ ignoreEnv: true, apiKey: 'offline-key' })
        .fit(input, { dryRun: true })
        .then(({ files }) => console.log('steps', files[0].steps.length))
        .catch(({ name, message }) => console.log(name, message));
    `;
    const run = async (path) => {
      const env = { HOME: folder, PATH: folder, NODE_PATH: path };
      const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env });
      return stdout;
    };
    assert.match(await run(modules), /^steps [1-9]/);
    const message = new RegExp(`^${ConfigError.name} .*not found.*npm install ffmpeg-static`);
    assert.match(await run(''), message);
  });
});
