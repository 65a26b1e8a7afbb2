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

/** Waits for that many charges, and until their responses are here; returns the jobs' ids. */
async function charged(world, count) {
  await until(async () => (await world.ledger()).charges.length === count, 'it submitted');
  await sleep(300);
  return (await world.ledger()).charges.map((charge) => charge.job_id);
}

/** Collects the warnings of the process during an action. */
async function warningsOf(action) {
  const warnings = [];
  const collect = ({ name, message }) => warnings.push(`${name}: ${message}`);
  process.on('warning', collect);
  await action();
  await sleep(50);
  process.off('warning', collect);
  return warnings;
}

test('an abort names the job that continues', async () => {
  const { client, world } = await setUp(ENDLESS);
  const abort = async (start) => {
    const controller = new AbortController();
    const running = start(controller.signal).catch((error) => error);
    const [id] = await charged(world, 1);
    controller.abort();
    return [id, await running];
  };
  const warnings = await warningsOf(async () => {
    const [id, error] = await abort((signal) => client.run(INPUT, { signal }));
    assert.equal(error.jobId, id);
    assert.deepEqual(error.jobIds, [id]);
    assert.deepEqual(error.records, []);
    assert.equal(
      error.message,
      `The operation was aborted. The job ${id} continues at the service: ` +
        `client.job('${id}').wait() waits for it again.`,
    );
    const waited = await abort((signal) => client.job(id).wait({ signal }));
    assert.equal(waited[1].jobId, id);
  });
  assert.equal(warnings.length, 2);
  assert.match(warnings[0], /^VisemeWarning: The call ended early\. The job .* continues/);
});

test('an abort of runMany and the end of its loop name all open jobs', async () => {
  const fast = { match: { nth: 1 }, timeline: [{ created: '0s' }, { completed: '50ms' }] };
  const scenario = { jobs: [fast, { timeline: [{ created: '0s' }] }] };
  for (const leave of [false, true]) {
    const { client, world } = await setUp(scenario);
    const controller = new AbortController();
    let finished;
    let all;
    let error;
    const warnings = await warningsOf(async () => {
      try {
        const { signal } = controller;
        for await (const { prediction } of client.runMany([INPUT, INPUT, INPUT], { signal })) {
          finished = prediction.id;
          all = await charged(world, 3);
          if (leave) break;
          controller.abort();
        }
      } catch (caught) {
        error = caught;
      }
    });
    const open = all.filter((id) => id !== finished);
    assert.equal(open.length, 2);
    if (!leave) assert.deepEqual([...error.jobIds].sort(), open.sort());
    assert.equal(warnings.length, 1);
    assert.ok(open.every((id) => warnings[0].includes(id)));
    assert.ok(!warnings[0].includes(finished));
  }
});

test('an abort before the response to a submit leaves its record', async () => {
  const { client, world } = await setUp({
    faults: [{ at: 'submit', when: 'after_accept', do: 'silence' }],
  });
  const controller = new AbortController();
  const running = client.submit(INPUT, { signal: controller.signal }).catch((error) => error);
  const [id] = await charged(world, 1);
  controller.abort();
  const error = await running;
  assert.equal(error.jobId, undefined);
  assert.equal((await client.recover(error.records[0])).id, id);
});

test('an abort before the submit names nothing', async () => {
  const { client } = await setUp();
  const warnings = await warningsOf(async () => {
    const error = await client.run(INPUT, { signal: AbortSignal.abort() }).catch((it) => it);
    assert.deepEqual(error.jobIds, []);
    assert.equal(error.message, 'The operation was aborted. No job was submitted.');
  });
  assert.deepEqual(warnings, []);
});

test('a client that is closed names the job', async () => {
  const { client, world } = await setUp(ENDLESS);
  const running = client.run(INPUT).catch((error) => error);
  const [id] = await charged(world, 1);
  client.close();
  assert.equal((await running).jobId, id);
});

test('an error of the inputs of runMany warns of the jobs that run', async () => {
  const { client, world } = await setUp(ENDLESS);
  const full = new Error('no more rows');
  let ids;
  async function* inputs() {
    yield INPUT;
    ids = await charged(world, 1);
    throw full;
  }
  const warnings = await warningsOf(async () => {
    await assert.rejects(client.runMany(inputs()).next(), full);
  });
  assert.equal(warnings.length, 1);
  assert.ok(warnings[0].includes(ids[0]));
});
