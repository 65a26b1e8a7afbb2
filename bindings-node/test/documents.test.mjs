// The JavaScript code of every document runs against the mock server, each block as a program of its own.
// A block is left out if a comment above it names another test, or says why it is not run;
// `cargo xtask test snippets` checks these comments.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { HERE, node, ROOT, world } from './support.mjs';

const REPOSITORY = join(ROOT, '..');
const BLOCK =
  /^ *(?<note><!-- (?:not run|tested by): [^\n]*-->\n *)?```(?<language>js|mjs|cjs)\n(?<code>.*?)^ *```$/gms;

/** How many jobs the code of a document pays for. A document that is not listed only has to run. */
const CHARGES = {
  'README.md': 1,
  'bindings-node/README.md': 6,
  'docs/batches.md': 2,
  'docs/dub.md': 2,
  'docs/fit.md': 1,
  'docs/ledger.md': 1,
  'docs/moving-from-wavespeed.md': 1,
  'docs/start/node.md': 2,
  'docs/webhooks.md': 2,
};

/** Requests to the receivers of the documents, by a part of their code. */
const CALLS = {
  "app.post('/media'": `
    const { readFile } = await import('node:fs/promises');
    await serve(app, async (url) => {
      const body = await readFile('voice.mp3');
      const response = await fetch(url + '/media', { method: 'POST', body });
      if (!(await response.json()).url.startsWith(baseUrl)) throw new Error('not uploaded');
    });`,
  'expressWebhook(client': `
    await serve(app, async (url) => {
      const forged = await fetch(url + '/hook', { method: 'POST', body: '{}' });
      if (forged.status !== 400) throw new Error('HTTP ' + forged.status);
      const prediction = await client.run(input, { webhook: url + '/hook' });
      if (prediction.status !== 'completed') throw new Error(prediction.status);
    });`,
};
const SERVE = `
async function serve(app, use) {
  const server = app.listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  try {
    await use('http://127.0.0.1:' + server.address().port);
  } finally {
    server.close();
  }
}`;

/** Returns the documents that have such code, and their blocks. */
async function documents() {
  const words = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'];
  const { stdout } = await promisify(execFile)('git', words, { cwd: REPOSITORY });
  const found = [];
  for (const name of stdout.trim().split('\n')) {
    const text = await readFile(join(REPOSITORY, name), 'utf8').catch(() => '');
    const blocks = [...text.matchAll(BLOCK)].filter(({ groups }) => !groups.note);
    if (blocks.length > 0) found.push([name, blocks.map(({ groups }) => groups)]);
  }
  return found;
}

/** Makes a folder with the packages and the media that the documents name. */
async function reader(blocks) {
  const folder = await mkdtemp(join(tmpdir(), 'viseme-document-'));
  await mkdir(join(folder, 'node_modules'));
  const packages = { viseme: ROOT, 'viseme-mock': join(ROOT, 'mock') };
  packages.express = join(ROOT, 'node_modules', 'express');
  for (const [name, place] of Object.entries(packages)) {
    await symlink(place, join(folder, 'node_modules', name), 'junction');
  }
  await copyFile(join(HERE, 'documents', 'reader.mjs'), join(folder, 'reader.mjs'));
  await cp(join(REPOSITORY, 'samples'), join(folder, 'samples'), { recursive: true });
  for (const name of ['face.mp4', 'voice.mp3']) {
    await copyFile(join(REPOSITORY, 'samples', name), join(folder, name));
  }
  const rows = 'id,video,audio\nintro,face.mp4,voice.mp3\noutro,face.mp4,samples/voice.mp3\n';
  await writeFile(join(folder, 'jobs.csv'), rows);
  if (blocks.some(({ code }) => code.includes('talk.'))) {
    const make = (source, ...words) => {
      const all = ['-nostdin', '-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...words];
      return promisify(execFile)('ffmpeg', all, { cwd: folder });
    };
    const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
    for (const name of ['talk.mp4', 'talk.mkv']) {
      await make('testsrc=size=1280x720:rate=25:duration=12', ...encoder, name);
    }
    await make('sine=frequency=300:duration=12', 'voice.mp3');
  }
  return folder;
}

for (const [name, blocks] of await documents()) {
  test(`the code of ${name} runs`, async () => {
    const made = await world();
    const { baseUrl, key } = made;
    const folder = await reader(blocks);
    try {
      const env = { ...process.env, WAVESPEED_BASE_URL: baseUrl, WAVESPEED_API_KEY: key };
      // These documents' own tests do not report to this one.
      delete env.NODE_TEST_CONTEXT;
      for (const [number, { language, code }] of blocks.entries()) {
        const [, call = ''] = Object.entries(CALLS).find(([part]) => code.includes(part)) ?? [];
        const program = `block-${number}.${language === 'cjs' ? 'cjs' : 'mjs'}`;
        const text = code
          .replace('https://example.com/hook', baseUrl)
          // The test listens on a free port.
          .replace(/^app\.listen\(8080\);$/m, '');
        await writeFile(join(folder, program), call ? `${text}${call}${SERVE}` : text);
        const words = ['--import', './reader.mjs', program];
        const ended = await node(words, { cwd: folder, env, timeout: 300_000 });
        assert.equal(ended.code, 0, `${ended.stdout}${ended.stderr}\n${code}`);
      }
      if (name in CHARGES) {
        assert.equal((await made.ledger()).charges.length, CHARGES[name]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

test('every document of the list has code', async () => {
  const names = (await documents()).map(([name]) => name);
  for (const name of Object.keys(CHARGES)) assert.ok(names.includes(name), name);
});
