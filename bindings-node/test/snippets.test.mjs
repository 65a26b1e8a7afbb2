// The code that the playground and the guides show runs as it is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { ROOT, node, world } from './support.mjs';

const REPOSITORY = join(ROOT, '..');

for (const call of ['audio-to-video', 'text-to-video', 'effects']) {
  test(`the code of the playground for ${call} completes a job that is charged once`, async () => {
    const made = await world();
    const folder = await mkdtemp(join(tmpdir(), 'viseme-snippet-'));
    for (const name of ['face.mp4', 'face.jpg', 'voice.mp3']) {
      await copyFile(join(REPOSITORY, 'samples', name), join(folder, name));
    }
    const code = `${call}.mjs`;
    await copyFile(join(REPOSITORY, 'playground', 'snippets', code), join(folder, code));
    await mkdir(join(folder, 'node_modules'));
    await symlink(ROOT, join(folder, 'node_modules', 'viseme'), 'junction');
    const { baseUrl, key } = made;
    const env = { ...process.env, WAVESPEED_BASE_URL: baseUrl, WAVESPEED_API_KEY: key };
    const ended = await node([code], { cwd: folder, env });
    assert.equal(ended.code, 0, ended.stderr);
    const result = await readFile(join(folder, 'result.mp4'));
    assert.equal(result.toString('latin1', 4, 8), 'ftyp');
    assert.equal((await made.ledger()).charges.length, 1);
    await rm(folder, { recursive: true });
  });
}

for (const guide of ['fit', 'dub']) {
  test(`the code of docs/${guide}.md runs`, async () => {
    const made = await world();
    const folder = await mkdtemp(join(tmpdir(), 'viseme-guide-'));
    const make = (source, ...words) => {
      const all = ['-nostdin', '-v', 'error', '-f', 'lavfi', '-i', source, ...words];
      return promisify(execFile)('ffmpeg', all, { cwd: folder });
    };
    const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
    for (const name of ['talk.mp4', 'talk.mkv']) {
      await make('testsrc=size=1280x720:rate=25:duration=12', ...encoder, name);
    }
    await make('sine=frequency=300:duration=12', 'voice.mp3');
    await mkdir(join(folder, 'node_modules'));
    await symlink(ROOT, join(folder, 'node_modules', 'viseme'), 'junction');
    const text = await readFile(join(REPOSITORY, 'docs', `${guide}.md`), 'utf8');
    const [, code] = /```js\n(.*?)```/s.exec(text);
    await writeFile(join(folder, 'guide.mjs'), `import { Client } from 'viseme';\n${code}`);
    const { baseUrl, key } = made;
    const env = { ...process.env, WAVESPEED_BASE_URL: baseUrl, WAVESPEED_API_KEY: key };
    const ended = await node(['guide.mjs'], { cwd: folder, env });
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal((await made.ledger()).charges.length, guide === 'dub' ? 2 : 1);
    await rm(folder, { recursive: true });
  });
}
