// The code that the playground shows runs as it is.
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

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
