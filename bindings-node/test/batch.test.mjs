// Batches: the rows of a table, each paid for once.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AbortError, ConfigError, InputError, InsufficientCreditsError } from 'viseme';

import { AUDIO, clientOf, FAST, VIDEO, world } from './support.mjs';

const row = (id) => ({
  id,
  audio: `https://media.example/${id}.mp3`,
  video: 'https://media.example/face.mp4',
});
const charges = async (of) => (await of.ledger()).charges.length;

/** Calls `body` with a world, a client of it, and a folder. */
async function withFolder(scenario, body) {
  const folder = await mkdtemp(join(tmpdir(), 'test-viseme-batch-'));
  try {
    const made = await world(scenario);
    await body(made, clientOf(made, { checkRemoteMedia: false }), folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function all(batch) {
  const items = [];
  for await (const item of batch) items.push(item);
  return items;
}

test('rows run once, and the same call pays for nothing twice', async () => {
  await withFolder(FAST, async (made, client, folder) => {
    const out = join(folder, 'results');
    const rows = [row('a'), row('b'), row('c')];
    const batch = client.batch(rows, { out });
    assert.deepEqual(await batch.summary(), { total: 3, states: { planned: 3 }, spent: 0 });
    const items = await all(batch);
    assert.deepEqual(items.map(({ id }) => id).sort(), ['a', 'b', 'c']);
    for (const { state, outputs, jobId, sentAt } of items) {
      assert.equal(state, 'done');
      assert.ok((await stat(outputs[0])).size > 0);
      assert.ok(jobId && sentAt instanceof Date);
    }
    assert.equal(batch.total, 3);
    assert.deepEqual(await all(batch), []);
    assert.equal((await all(client.batch([...rows, row('d')], { out }))).length, 1);
    assert.deepEqual(
      (await batch.items()).map(({ state }) => state),
      ['done', 'done', 'done'],
    );
    assert.equal(await charges(made), 4);
  });
});

test('rows come from a CSV file beside their media', async () => {
  await withFolder(FAST, async (made, client, folder) => {
    await copyFile(AUDIO, join(folder, 'voice.mp3'));
    await copyFile(VIDEO, join(folder, 'face.mp4'));
    await writeFile(join(folder, 'jobs.csv'), 'id,video,audio\nintro,face.mp4,voice.mp3\n');
    const batch = client.batch(join(folder, 'jobs.csv'), { out: join(folder, 'results') });
    const [item] = await all(batch);
    assert.deepEqual([item.row, item.state], ['jobs.csv:2', 'done']);
    assert.deepEqual(item.outputs, [join(folder, 'results', 'intro.mp4')]);
    assert.equal(await charges(made), 1);
  });
});

test('leaving the loop stops the run, and the next loop resumes it', async () => {
  await withFolder(FAST, async (made, client, folder) => {
    const rows = Array.from({ length: 10 }, (_, number) => row(`${number}`));
    const batch = client.batch(rows, { out: folder, limit: 2 });
    for await (const item of batch) {
      assert.equal(item.state, 'done');
      break;
    }
    assert.ok((await charges(made)) < 10);
    await all(batch);
    assert.deepEqual((await batch.summary()).states, { done: 10 });
    assert.equal(await charges(made), 10);
  });
});

test('the limit of cost ends the run without an error', async () => {
  await withFolder(FAST, async (made, client, folder) => {
    const { basePrice } = await client.model('kwaivgi/kling-lipsync/audio-to-video');
    const maxCost = basePrice * 2 + 0.000001;
    const batch = client.batch([row('a'), row('b'), row('c')], { out: folder, maxCost });
    assert.equal((await all(batch)).length, 2);
    assert.equal(batch.stopReason.code, 'cost_limit');
    assert.match(batch.stopReason.message, /`maxCost`/);
    assert.equal(await charges(made), 2);
  });
});

test('an error of the account is thrown after the items', async () => {
  const faults = [{ at: 'submit', nth: [2, 3], do: { status: 402 } }];
  await withFolder({ ...FAST, faults }, async (made, client, folder) => {
    const ended = [];
    await assert.rejects(async () => {
      const batch = client.batch([row('a'), row('b')], { out: folder, limit: 1 });
      for await (const { id } of batch) ended.push(id);
    }, InsufficientCreditsError);
    assert.deepEqual(ended, ['a']);
    assert.equal(await charges(made), 1);
  });
});

test('rows that are not valid are named, and nothing is sent', async () => {
  await withFolder(FAST, async (made, client, folder) => {
    const rows = [row('a'), { ...row('b'), audoi: 'x' }, row('a')];
    await assert.rejects(all(client.batch(rows, { out: folder })), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /row 1: `audoi`.*Did you mean `audio`/);
      assert.match(error.message, /row 2: The id `a`/);
      const [{ field, rule, message }, ...others] = error.violations;
      assert.deepEqual([field, rule, others], ['audoi', 'unknown_field', []]);
      assert.match(message, /^row 1: `audoi`/);
      return true;
    });
    assert.throws(() => client.batch([row('a'), 7], { out: folder }), /row 1/);
    assert.throws(() => client.batch([{ audio: Buffer.from('x') }], { out: folder }), /`audio`/);
    assert.equal(await charges(made), 0);
  });
});

test('an invalid option of a batch is an InputError that names it', async () => {
  await withFolder(FAST, async (_made, client, folder) => {
    for (const [options, message] of [
      [{ maxCost: '200' }, /`maxCost` must be/],
      [{ limit: 0 }, /`limit` must be/],
      [{ onUnknown: 'retry' }, /`onUnknown` must be 'keep'/],
      [{ out: 3 }, /`out` must be/],
      [{ maxcost: 3 }, /Did you mean `maxCost`/],
    ]) {
      const call = () => client.batch([], { out: folder, ...options });
      assert.throws(call, (error) => error instanceof InputError && message.test(error.message));
    }
    assert.throws(() => client.batch(3, { out: folder }), /`manifest` must be/);
  });
});

test('a folder that another run uses is refused', async () => {
  await withFolder(FAST, async (_made, client, folder) => {
    const rows = [row('a'), row('b')];
    for await (const _ of client.batch(rows, { out: folder, limit: 1 })) {
      await assert.rejects(all(client.batch(rows, { out: folder })), ConfigError);
      break;
    }
  });
});

test('an aborted batch says that its jobs continue and how to resume it', async () => {
  const endless = { jobs: [{ timeline: [{ processing: '0s' }, { completed: '1h' }] }] };
  await withFolder(endless, async (made, client, folder) => {
    const abort = new AbortController();
    const out = join(folder, 'results');
    const batch = client.batch([row('a'), row('b')], { out, signal: abort.signal });
    const run = all(batch);
    while ((await charges(made)) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort();
    await assert.rejects(run, (error) => {
      assert.ok(error instanceof AbortError, error);
      assert.ok(error.message.includes(`The batch in '${out}' is not done`), error.message);
      assert.ok(!error.message.includes('No job was submitted'), error.message);
      return true;
    });
    assert.equal(batch.stopReason.code, 'interrupted');
    assert.deepEqual((await client.batch([row('a'), row('b')], { out }).summary()).states, {
      submitted: 2,
    });
  });
});
