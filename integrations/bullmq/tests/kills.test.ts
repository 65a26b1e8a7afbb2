// What one clip costs if something dies or fails: the recipe beside a POST in a job with `attempts`.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Client } from 'viseme';
import type { Scenario } from 'viseme-mock';

import { sleep, until } from '../../support/programs.ts';
import { LATER, NO_ANSWER, requests, SOON, stopServer } from '../../support/service.ts';
import { finalState, Pipeline, type Recipe } from './pipeline.ts';

after(stopServer);

/** Tests the recipe, and beside it the naive job with its charges. */
function both(
  what: string,
  naiveCharges: number,
  scenario: Scenario,
  run: (pipeline: Pipeline, recipe: Recipe) => Promise<void>,
): void {
  for (const recipe of ['clips', 'naive'] as const) {
    const expected = recipe === 'naive' ? naiveCharges : 1;
    test(`${recipe}: ${what}: ${expected} charges`, async () => {
      await using pipeline = await Pipeline.create(scenario);
      const job = await pipeline.send(recipe);
      await run(pipeline, recipe);
      await pipeline.assertDone(job, recipe, expected);
    });
  }
}

const paidFor = (pipeline: Pipeline) => until(() => pipeline.charges(), 'the POST is accepted');
const polled = ({ world }: Pipeline) => until(() => requests(world, 'poll'), 'the first poll');

// Most of the time they wait until a lock expires.
describe('one clip', { concurrency: 4 }, () => {
  both(
    'a worker is killed after the POST',
    2,
    { ...SOON, faults: [NO_ANSWER] },
    async (pipeline, recipe) => {
      const worker = await pipeline.startWorker(recipe);
      await paidFor(pipeline);
      await worker.kill();
      await pipeline.startWorker(recipe);
    },
  );

  both('a worker is killed in the wait', 2, LATER, async (pipeline, recipe) => {
    const worker = await pipeline.startWorker(recipe);
    await polled(pipeline);
    await worker.kill();
    await pipeline.startWorker(recipe);
  });

  for (const fault of [{ status: 503 }, 'reset']) {
    const lost = { at: 'submit', nth: 1, when: 'after_accept', do: fault } as const;
    const scenario = { ...SOON, faults: [lost] };
    const what = `the response of an accepted POST is lost (${JSON.stringify(fault)})`;
    both(what, 2, scenario, async (pipeline, recipe) => {
      await pipeline.startWorker(recipe);
    });
  }

  // The stopped worker cannot renew its lock, so its job counts as stalled and another worker takes
  // it over. Then the first continues where it was: two workers run the same job.
  both(
    'a worker freezes after the POST and continues later',
    2,
    { ...SOON, faults: [NO_ANSWER] },
    async (pipeline, recipe) => {
      const frozen = await pipeline.startWorker(recipe);
      await paidFor(pipeline);
      frozen.signal('SIGSTOP');
      await pipeline.startWorker(recipe);
      await polled(pipeline);
      frozen.signal('SIGCONT');
    },
  );

  both(
    'a worker freezes before its POST is accepted and continues later',
    2,
    { ...SOON, faults: [{ at: 'submit', nth: 1, do: { slow_accept: '9s' } }] },
    async (pipeline, recipe) => {
      const frozen = await pipeline.startWorker(recipe);
      // The mock server lists a request once it is accepted. If the POST is not sent yet, the worker sends
      // it when it continues, which costs the same.
      await sleep(3000);
      frozen.signal('SIGSTOP');
      await pipeline.startWorker(recipe);
      await polled(pipeline);
      frozen.signal('SIGCONT');
      const expected = recipe === 'naive' ? 2 : 1;
      await until(async () => (await pipeline.charges()) >= expected, 'the first POST is accepted');
    },
  );

  both('a worker is asked to end (SIGTERM) in the wait', 1, LATER, async (pipeline, recipe) => {
    const worker = await pipeline.startWorker(recipe);
    await polled(pipeline);
    worker.signal('SIGTERM');
    assert.equal(await worker.wait(), 0);
    await pipeline.startWorker(recipe);
  });

  test('clips: workers that are killed again and again do not end the clip', async () => {
    await using pipeline = await Pipeline.create({
      jobs: [{ timeline: [{ processing: '0s' }, { completed: '1h' }] }],
    });
    const job = await pipeline.send('clips');
    // With BullMQ's default, the second would end it.
    for (let kills = 0; kills < 3; kills += 1) {
      const before = await requests(pipeline.world, 'poll');
      const worker = await pipeline.startWorker('clips');
      const polls = async () => (await requests(pipeline.world, 'poll')) > before;
      await until(polls, 'the next poll');
      await worker.kill();
    }
    const [accepted] = await pipeline.world.jobs();
    await pipeline.world.act(String(accepted?.['id']), 'complete');
    await pipeline.startWorker('clips');
    await pipeline.assertDone(job, 'clips', 1);
  });

  test('clips: a submit that was never accepted is sent again once its key is given up', async () => {
    const fault = { at: 'submit', nth: 1, do: { status: 503 } };
    await using pipeline = await Pipeline.create({ ...SOON, faults: [fault] });
    const flow = await pipeline.flows.add(pipeline.steps({ attempts: 100, backoff: 500 }));
    await pipeline.startWorker('clips');
    const [submit] = flow.children!;
    const delayed = async () => (await submit!.job.getState()) === 'delayed';
    await until(delayed, 'a retry of the submit');
    assert.equal(await pipeline.charges(), 0);
    const { baseUrl, key: apiKey } = pipeline.world;
    await using client = new Client({ baseUrl, apiKey, ledger: pipeline.ledger });
    const open = await client.ledger.submits({ state: 'sent' });
    assert.deepEqual(
      open.map(({ key }) => key),
      ['clip-1'],
    );
    await client.ledger.giveUp('clip-1');
    await pipeline.assertDone(flow.job, 'clips', 1);
  });

  test('clips: an input that the service rejects ends the clip without a retry', async () => {
    const fault = { at: 'submit', do: { status: 400 } };
    await using pipeline = await Pipeline.create({ ...SOON, faults: [fault] });
    const job = await pipeline.send('clips');
    await pipeline.startWorker('clips');
    assert.equal(await finalState(job), 'failed');
    assert.equal(await requests(pipeline.world, 'submit'), 1);
    assert.equal(await pipeline.charges(), 0);
  });
});
