// The official JavaScript client and command line through `viseme record`: they get the same, and no
// secret is written.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { Client } from 'wavespeed';

import { Programs, until } from '../../support/programs.ts';
import { createWorld, SAMPLES, stopServer } from '../../support/service.ts';

after(stopServer);

const MODEL = 'kwaivgi/kling-lipsync/audio-to-video';
const TIMELINE = [{ created: '0s' }, { processing: '1s' }, { completed: '6s' }];
const [VOICE, FACE] = [join(SAMPLES, 'voice.mp3'), join(SAMPLES, 'face.mp4')];

/** Lip-syncs the samples and returns the outputs. */
type Run = (baseUrl: string, key: string, programs: Programs) => Promise<string[]>;

const withClient: Run = async (baseUrl, key) => {
  const client = new Client(key, { baseUrl });
  const input = { audio: await client.upload(VOICE), video: await client.upload(FACE) };
  return (await client.run(MODEL, input))['outputs'] as string[];
};

const withCommandLine: Run = async (baseUrl, key, programs) => {
  const wavespeed = createRequire(import.meta.url).resolve('@wavespeed/cli/package.json');
  const program = resolve(wavespeed, '..', 'dist', 'cli.js');
  const environment = {
    HOME: programs.folder,
    XDG_CONFIG_HOME: programs.folder,
    WAVESPEED_API_KEY: key,
  };
  const run = async (words: string[]) => {
    const started = await programs.start(process.execPath, [program, ...words], environment);
    assert.equal(await started.wait(), 0, started.output);
    return started.output;
  };
  await run(['config', '--base-url', baseUrl]);
  const inputs = ['-i', `audio=@${VOICE}`, '-i', `video=@${FACE}`];
  const output = await run(['run', MODEL, ...inputs, '--json']);
  return (JSON.parse(output.slice(output.indexOf('{'))) as { outputs: string[] }).outputs;
};

for (const [name, run] of Object.entries({ withClient, withCommandLine })) {
  test(`a run ${name} is the same, and no secret is written`, async () => {
    const world = await createWorld({ jobs: [{ timeline: TIMELINE }] });
    await using programs = await Programs.create();
    const folder = join(programs.folder, 'recording');
    const recorder = await programs.start(
      process.env['VISEME_PROGRAM'] ?? resolve('..', 'target', 'debug', 'viseme'),
      ['record', '--json', '--keep-media', '--out', folder],
      { WAVESPEED_BASE_URL: world.baseUrl },
    );
    await until(() => recorder.output.includes('\n'), 'the recorder starts');
    const { url } = JSON.parse(recorder.output.split('\n')[0]!) as { url: string };
    const hashes: string[] = [];
    for (const base of [world.baseUrl, url]) {
      const [output, ...more] = await run(base, world.key, programs);
      assert.ok(output!.startsWith(base), output);
      assert.deepEqual(more, []);
      const bytes = Buffer.from(await (await fetch(output!)).arrayBuffer());
      hashes.push(createHash('sha256').update(bytes).digest('hex'));
    }
    assert.equal(hashes[0], hashes[1]);
    recorder.signal('SIGTERM');
    assert.equal(await recorder.wait(), 0, recorder.output);
    const summary = JSON.parse(recorder.output.trim().split('\n').at(-1)!) as {
      jobs: { states: string[] }[];
    };
    const states = summary.jobs.map((job) => job.states);
    assert.deepEqual(states, [['created', 'processing', 'completed']]);

    const queries = (await world.journal()).map((exchange) => String(exchange['query']));
    const signatures = queries.flatMap((query) => new URLSearchParams(query).getAll('signature'));
    // The command line uploads in one request, without a signed URL.
    assert.equal(signatures.length, run === withClient ? 4 : 0);
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const written = await readFile(join(file.parentPath, file.name));
      for (const secret of [world.key, ...signatures]) {
        assert.ok(!written.includes(secret), file.name);
      }
    }
  });
}
