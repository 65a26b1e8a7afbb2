// Abort signals: what they end and what they leave behind.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { AbortError } from 'viseme';

import { ENDLESS, INPUT, setUp, polls, sleep, until } from './support.mjs';

test('an abort stops polling', async () => {
  const { client, world } = await setUp(ENDLESS);
  const controller = new AbortController();
  const running = client.run(INPUT, { signal: controller.signal });
  await until(async () => (await polls(world)) > 2, 'it polled');
  const reason = new Error('the user went away');
  controller.abort(reason);
  const error = await running.catch((error) => error);
  assert.ok(error instanceof AbortError);
  assert.equal(error.name, 'AbortError');
  assert.equal(error.code, 'ABORT_ERR');
  assert.equal(error.cause, reason);
  // One poll may have been in flight.
  await sleep(200);
  const before = await polls(world);
  await sleep(600);
  assert.equal(await polls(world), before);
  assert.equal((await world.ledger()).charges.length, 1, 'the job continues');
});

test('a call with an aborted signal sends nothing', async () => {
  const { client, world } = await setUp();
  const signal = AbortSignal.abort('no');
  const calls = [
    client.run(INPUT, { signal }),
    client.submit(INPUT, { signal }),
    client.upload(INPUT.video, { signal }),
    client.job('x').wait({ signal }),
    client.job('x').updates({ signal }).next(),
    client.balance({ signal }),
    client.history({}, { signal }).next(),
    client.runMany([INPUT], { signal }).next(),
  ];
  for (const call of calls) {
    await assert.rejects(call, (error) => error instanceof AbortError && error.cause === 'no');
  }
  await sleep(200);
  assert.deepEqual(await world.journal(), []);
});

test('calls leave no listener on the signal and keep its onabort', async () => {
  const { client } = await setUp();
  const { signal } = new AbortController();
  const mine = () => undefined;
  signal.onabort = mine;
  const before = getEventListeners(signal, 'abort').length;
  await client.run(INPUT, { signal });
  await assert.rejects(client.job('none').refresh({ signal }));
  for await (const _ of client.history({}, { signal }));
  for await (const _ of client.runMany([INPUT], { signal }));
  for await (const _ of client.history({}, { signal })) break;
  assert.equal(getEventListeners(signal, 'abort').length, before);
  assert.equal(signal.onabort, mine);
});

test('the reason of AbortSignal.timeout is the cause of the error', async () => {
  const { client } = await setUp(ENDLESS);
  const error = await client
    .run(INPUT, { signal: AbortSignal.timeout(300) })
    .catch((error) => error);
  assert.ok(error instanceof AbortError);
  assert.equal(error.cause.name, 'TimeoutError');
});

test('leaving a loop stops polling', async () => {
  const { client, world } = await setUp(ENDLESS);
  const job = await client.submit(INPUT);
  for await (const { status } of job.updates()) {
    if (status === 'processing') break;
  }
  await sleep(100);
  const before = await polls(world);
  await sleep(400);
  assert.equal(await polls(world), before);
});

test('leaving the loop of runMany stops all runs', async () => {
  const fast = { match: { nth: 1 }, timeline: [{ created: '0s' }, { completed: '50ms' }] };
  const slow = { timeline: [{ created: '0s' }] };
  const { client, world } = await setUp({ jobs: [fast, slow] });
  for await (const { ok } of client.runMany([INPUT, INPUT, INPUT, INPUT], { limit: 4 })) {
    assert.ok(ok);
    break;
  }
  await sleep(200);
  const before = (await world.journal()).length;
  await sleep(500);
  assert.equal((await world.journal()).length, before);
});

test('an abort ends runMany with its reason', async () => {
  const { client } = await setUp(ENDLESS);
  const controller = new AbortController();
  setTimeout(() => controller.abort('enough'), 300);
  const read = async () => {
    for await (const _ of client.runMany([INPUT, INPUT], { signal: controller.signal }));
  };
  await assert.rejects(read(), (error) => error instanceof AbortError && error.cause === 'enough');
});
