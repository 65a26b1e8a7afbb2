// Callbacks that throw must not end the wait for a paid job.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { input } from 'viseme';

import { INPUT, setUp, sleep, warningsOf } from './support.mjs';

test('a callback that throws becomes a warning, and the run continues', async () => {
  const { client } = await setUp();
  const warnings = await warningsOf(async () => {
    const prediction = await client.run(INPUT, {
      onProgress: ({ event }) => {
        if (event !== 'submitting') throw new Error('first');
      },
      onUpdate: async () => {
        throw new Error('second');
      },
    });
    assert.equal(prediction.status, 'completed');
    for await (const { ok } of client.runMany([INPUT], {
      onUpdate: (_, index) => {
        throw new Error(`third, of ${index}`);
      },
    })) {
      assert.ok(ok);
    }
  });
  const texts = warnings.map(({ message }) => message).join('\n');
  assert.match(texts, /`onProgress` threw an error; the call continues: first/);
  assert.match(texts, /`onUpdate` threw an error; the call continues: second/);
  assert.match(texts, /third, of 0/);
  assert.ok(warnings.every(({ name }) => name === 'VisemeWarning'));
  // One for each callback, however often it throws.
  assert.equal(warnings.length, 3);
});

test('a callback that throws or rejects before the submit prevents it', async () => {
  const { client, world } = await setUp();
  const full = new Error('the disk is full');
  const sync = ({ event }) => {
    if (event === 'submitting') throw full;
  };
  const async = async (progress) => sync(progress);
  for (const onProgress of [sync, async]) {
    await assert.rejects(client.run(INPUT, { onProgress }), full);
    await assert.rejects(client.submit(INPUT, { onProgress }), full);
    const results = async () => {
      for await (const _ of client.runMany([INPUT, INPUT, INPUT], { onProgress }));
    };
    await assert.rejects(results(), full);
  }
  assert.deepEqual((await world.ledger()).charges, []);
});

test('a callback that rejects while the caller is busy with a result is no unhandled rejection', async () => {
  const { client } = await setUp({ jobs: [{ timeline: [{ completed: '0s' }] }] });
  const full = new Error('the disk is full');
  const unhandled = [];
  const collect = (reason) => unhandled.push(reason);
  process.on('unhandledRejection', collect);
  let isBusy = false;
  let rejectedWhileBusy = false;
  const runs = async () => {
    let submits = 0;
    const onProgress = async ({ event }) => {
      if (event !== 'submitting' || (submits += 1) < 20) return;
      await sleep(0);
      rejectedWhileBusy ||= isBusy;
      throw full;
    };
    const inputs = Array.from({ length: 100 }, (_, seed) => input('some/model', { seed }));
    for await (const { ok } of client.runMany(inputs, { onProgress, limit: 10 })) {
      assert.ok(ok);
      isBusy = true;
      await sleep(10);
      isBusy = false;
    }
  };
  try {
    // Whether an event arrives together with a result is up to chance.
    for (let round = 0; round < 50 && !rejectedWhileBusy; round += 1) {
      await assert.rejects(runs(), full);
    }
    await sleep(50);
  } finally {
    process.off('unhandledRejection', collect);
  }
  assert.ok(rejectedWhileBusy);
  assert.deepEqual(unhandled, []);
});

test('text, bytes and other values are no inputs of many runs', async () => {
  const { client, world } = await setUp();
  for (const inputs of ['voice.mp3', Buffer.from('voice'), undefined, 3]) {
    assert.throws(() => client.runMany(inputs), {
      name: 'InputError',
      message: /^`inputs` must be an iterable of inputs, got .*Pass an array\.$/,
    });
  }
  assert.deepEqual(await world.journal(), []);
});

test('a callback of an upload or a download that throws becomes a warning', async () => {
  const { client } = await setUp();
  const onProgress = () => {
    throw new Error('no space');
  };
  const warnings = await warningsOf(() => client.upload(INPUT.video, { onProgress }));
  assert.deepEqual(
    warnings.map(({ name }) => name),
    ['VisemeWarning'],
  );
});
