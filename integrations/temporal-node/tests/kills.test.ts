// What one clip costs if something dies or fails: the workflow beside one with a plain POST.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import { giveUp, sending, state } from '@viseme/temporal';
import type { Scenario } from 'viseme-mock';

import { until } from '../../support/programs.ts';
import {
  assertChargedOnce,
  LATER,
  NO_ANSWER,
  requests,
  SOON,
  stopServer,
} from '../../support/service.ts';
import { audioOf, MODEL, Pipeline, Server } from './pipeline.ts';

let server: Server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await stopServer();
});

/** A second submit waits in the client, before it asks its workflow. */
const ONE_A_MINUTE = { submitLimits: { perMinute: 1, concurrent: 10 } };
const KINDS = ['visemeJob', 'naive'] as const;

/** Tests the workflow of the package, and beside it the naive one with its charges. */
function both(
  what: string,
  naiveCharges: number,
  scenario: Scenario,
  run: (pipeline: Pipeline, workflow: WorkflowHandle) => Promise<void>,
): void {
  for (const kind of KINDS) {
    const expected = kind === 'naive' ? naiveCharges : 1;
    test(`${kind}: ${what}: ${expected} charges`, async () => {
      await using pipeline = await Pipeline.create(server, scenario);
      const workflow = await (kind === 'naive' ? pipeline.startNaive() : pipeline.start());
      await run(pipeline, workflow);
      await workflow.result();
      if (kind === 'visemeJob') {
        await assertChargedOnce(pipeline.world, [audioOf('clip-1')]);
      } else {
        // On a slow machine, a heartbeat may be late once more.
        assert.ok((await pipeline.charges()) >= expected);
      }
    });
  }
}

const paidFor = (pipeline: Pipeline) => until(() => pipeline.charges(), 'the POST is accepted');
const polled = ({ world }: Pipeline) => until(() => requests(world, 'poll'), 'the first poll');

describe('one clip', { concurrency: 4 }, () => {
  both(
    'a worker is killed after the POST',
    2,
    { ...SOON, faults: [NO_ANSWER] },
    async (pipeline) => {
      const worker = await pipeline.startWorker();
      await paidFor(pipeline);
      await worker.kill();
      await pipeline.startWorker();
    },
  );

  both('a worker is killed in the wait', 2, LATER, async (pipeline) => {
    const worker = await pipeline.startWorker();
    await polled(pipeline);
    await worker.kill();
    await pipeline.startWorker();
  });

  for (const fault of [{ status: 503 }, 'reset']) {
    const lost = { at: 'submit', nth: 1, when: 'after_accept', do: fault } as const;
    const what = `the response of an accepted POST is lost (${JSON.stringify(fault)})`;
    both(what, 2, { ...SOON, faults: [lost] }, async (pipeline) => {
      await pipeline.startWorker();
    });
  }

  const freezes = { ...SOON, faults: [NO_ANSWER] };
  both(
    'a worker freezes after the POST and continues later',
    2,
    freezes,
    async (pipeline, workflow) => {
      const frozen = await pipeline.startWorker({ requestTimeoutMs: 5000 });
      await paidFor(pipeline);
      frozen.signal('SIGSTOP');
      await pipeline.startWorker();
      await until(async () => {
        const { raw } = await workflow.describe();
        const { events } = await workflow.fetchHistory();
        return (
          raw.pendingActivities?.some(({ attempt }) => (attempt ?? 1) > 1) ||
          events?.some((event) => event.activityTaskTimedOutEventAttributes)
        );
      }, 'the server notices it');
      frozen.signal('SIGCONT');
    },
  );

  both('a worker ends (SIGTERM) in the wait', 1, LATER, async (pipeline) => {
    const worker = await pipeline.startWorker();
    await polled(pipeline);
    worker.signal('SIGTERM');
    assert.equal(await worker.wait(), 0, worker.output);
    await pipeline.startWorker();
  });

  test('visemeJob: a worker is killed before its POST is accepted: sent again once it is given up', async () => {
    const ignored = { at: 'submit', nth: 1, do: 'silence' };
    await using pipeline = await Pipeline.create(server, { ...SOON, faults: [ignored] });
    const workflow = await pipeline.start();
    const worker = await pipeline.startWorker();
    await until(async () => (await requests(pipeline.world, 'submit')) === 1, 'the POST');
    await worker.kill();
    await pipeline.startWorker();
    const searched = async () => (await workflow.query(state)).error?.includes('history');
    await until(searched, 'a search');
    const { step, record } = await workflow.query(state);
    assert.deepEqual([step, record?.input], ['recover', pipeline.media()]);
    assert.equal(await requests(pipeline.world, 'submit'), 1);
    assert.equal(await pipeline.charges(), 0);
    // A person looked, and there is no such job.
    await workflow.signal(giveUp);
    await workflow.result();
    await assertChargedOnce(pipeline.world, [audioOf('clip-1')]);
  });

  test('visemeJob: a worker is killed before it asks to submit: the next one submits', async () => {
    const endless = { match: { nth: 1 }, timeline: [{ processing: '0s' }, { completed: '1h' }] };
    await using pipeline = await Pipeline.create(server, { jobs: [endless, ...SOON.jobs] });
    const worker = await pipeline.startWorker(ONE_A_MINUTE);
    const [first, second] = await startTwo(pipeline);
    await worker.kill();
    await pipeline.startWorker();
    await second.result();
    assert.equal(await requests(pipeline.world, 'submit'), 2);
    const record = { model: MODEL, input: pipeline.media(), sentAt: new Date().toISOString() };
    const late = { attempt: 1, record };
    await assert.rejects(first.executeUpdate(sending, { args: [late] }), (error: Error) => {
      assert.match(String(error.cause), /given up attempt 1/);
      return true;
    });
    await completeJob(pipeline, 'clip-1');
    await first.result();
    await assertChargedOnce(pipeline.world, [audioOf('clip-1'), audioOf('clip-2')]);
  });
});

/** Starts two clips. Returns when the job of the first runs, and the submit of the second waits. */
async function startTwo(pipeline: Pipeline) {
  const first = await pipeline.start('clip-1');
  await polled(pipeline);
  const second = await pipeline.start('clip-2');
  const waits = async () => {
    const { raw } = await second.describe();
    return raw.pendingActivities?.some(
      ({ activityType, lastHeartbeatTime }) =>
        activityType?.name === 'visemeSubmit' && lastHeartbeatTime,
    );
  };
  await until(waits, 'the second submit waits');
  return [first, second] as const;
}

async function completeJob({ world }: Pipeline, id: string): Promise<void> {
  const jobs = await world.jobs();
  const job = jobs.find((one) => (one['input'] as { audio: string }).audio === audioOf(id));
  await world.act(String(job?.['id']), 'complete');
}
