// Webhooks, cancellation, errors, and a server that is killed.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdir, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CancelledFailure } from '@temporalio/common';
import { adopt, completeFromWebhook, completed, state } from '@viseme/temporal';
import { Client } from 'viseme';

import { until } from '../../support/programs.ts';
import {
  assertChargedOnce,
  charges,
  LATER,
  requests,
  SAMPLES,
  SOON,
  stopServer,
} from '../../support/service.ts';
import { audioOf, failureOf, historyText, Pipeline, Server } from './pipeline.ts';

const ENDLESS = { jobs: [{ timeline: [{ processing: '0s' }, { completed: '1h' }] }] };

let server: Server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await stopServer();
});

const polled = ({ world }: Pipeline) => until(() => requests(world, 'poll'), 'the first poll');

describe('one job', { concurrency: 4 }, () => {
  test('files are uploaded, and the output is saved', async () => {
    await using pipeline = await Pipeline.create(server, SOON);
    await pipeline.startWorker();
    const output = join(pipeline.programs.folder, 'outputs');
    await mkdir(output);
    const media = { audio: join(SAMPLES, 'voice.mp3'), video: join(SAMPLES, 'face.mp4') };
    const workflow = await pipeline.start('clip-1', { media, path: output });
    const { jobId, outputs, path } = await workflow.result();
    assert.equal(outputs.length, 1);
    assert.ok((await stat(path!)).size > 0);
    assert.deepEqual(await workflow.query(state), { step: 'done', jobId });
    assert.equal((await workflow.describe()).memo?.['jobId'], jobId);
    assert.equal(await charges(pipeline.world), 1);
    assert.ok(!(await historyText(workflow)).includes(pipeline.world.key));
  });

  test('a webhook ends the wait with a single poll', async () => {
    await using pipeline = await Pipeline.create(server, ENDLESS);
    await pipeline.startWorker();
    const { baseUrl, key: apiKey } = pipeline.world;
    await using client = new Client({ baseUrl, apiKey });
    const receiver = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      const delivery = await client.receiveWebhook(request.headers, body);
      await completeFromWebhook(server.client, request.url!, delivery);
      response.writeHead(204).end();
    }).listen(0, '127.0.0.1');
    try {
      await once(receiver, 'listening');
      const { port } = receiver.address() as AddressInfo;
      const webhook = `http://127.0.0.1:${port}/hook?tenant=a`;
      const workflow = await pipeline.start('clip-1', {
        webhook,
        timing: { webhookWaitMs: 3_600_000 },
      });
      await until(() => pipeline.charges(), 'the job');
      const [job] = await pipeline.world.jobs();
      await pipeline.world.act(String(job?.['id']), 'complete');
      assert.equal((await workflow.result()).jobId, job?.['id']);
      assert.equal(await requests(pipeline.world, 'poll'), 1);
    } finally {
      receiver.close();
    }
  });

  test('without a delivery, the workflow polls after `webhookWaitMs`', async () => {
    await using pipeline = await Pipeline.create(server, SOON);
    await pipeline.startWorker();
    // Nothing listens there.
    const webhook = 'http://127.0.0.1:9/hook';
    const workflow = await pipeline.start('clip-1', { webhook, timing: { webhookWaitMs: 500 } });
    await workflow.result();
    await assertChargedOnce(pipeline.world, [audioOf('clip-1')]);
  });

  for (const signal of [completed, adopt]) {
    test(`${signal.name} names the job of a submit with an unknown outcome`, async () => {
      const lost = { at: 'submit', nth: 1, when: 'after_accept', do: 'reset' } as const;
      const noHistory = { at: 'history', do: { status: 403 } };
      await using pipeline = await Pipeline.create(server, {
        ...ENDLESS,
        faults: [lost, noHistory],
      });
      await pipeline.startWorker();
      const timing = { recoverPausesMs: [3_600_000] };
      const workflow = await pipeline.start('clip-1', { timing });
      const recovers = async () => (await workflow.query(state)).step === 'recover';
      await until(recovers, 'the search');
      const [job] = await pipeline.world.jobs();
      const jobId = String(job?.['id']);
      await pipeline.world.act(jobId, 'complete');
      await workflow.signal(signal, jobId);
      assert.equal((await workflow.result()).jobId, jobId);
      await assertChargedOnce(pipeline.world, [audioOf('clip-1')]);
    });
  }

  test('a submit that nobody decides about ends as unknown', async () => {
    const lost = { at: 'submit', nth: 1, do: 'reset' } as const;
    await using pipeline = await Pipeline.create(server, { ...SOON, faults: [lost] });
    await pipeline.startWorker();
    const failure = await failureOf(
      await pipeline.start('clip-1', { timing: { recoverForMs: 3000 } }),
    );
    assert.equal(failure.type, 'submission_unknown');
    assert.match(failure.message, /start a workflow with its id as `jobId`/);
    assert.equal(await requests(pipeline.world, 'submit'), 1);
    assert.equal(await pipeline.charges(), 0);
  });

  test('a cancelled workflow names the job that continues', async () => {
    await using pipeline = await Pipeline.create(server, ENDLESS);
    await pipeline.startWorker();
    const workflow = await pipeline.start();
    await polled(pipeline);
    await workflow.cancel();
    assert.ok(((await failureOf(workflow)) as Error) instanceof CancelledFailure);
    const [job] = await pipeline.world.jobs();
    assert.equal((await workflow.describe()).memo?.['jobId'], job?.['id']);
    // Nothing polls any more.
    assert.equal(await pipeline.charges(), 1);
  });

  test('a cancellation during the POST waits for the id of the job', async () => {
    const slow = { at: 'submit', nth: 1, when: 'after_accept', do: { delay: '4s' } } as const;
    await using pipeline = await Pipeline.create(server, { ...ENDLESS, faults: [slow] });
    await pipeline.startWorker();
    const workflow = await pipeline.start();
    await until(() => pipeline.charges(), 'the POST is accepted');
    await workflow.cancel();
    assert.ok(((await failureOf(workflow)) as Error) instanceof CancelledFailure);
    const [job] = await pipeline.world.jobs();
    assert.equal((await workflow.query(state)).jobId, job?.['id']);
  });

  test('an invalid input and a rejected key end the workflow, and the key is in no event', async () => {
    await using pipeline = await Pipeline.create(server, SOON);
    const wrongKey = 'wrong-key-0123456789';
    await pipeline.startWorker({ apiKey: wrongKey });
    const media = { audio: audioOf('clip-1') };
    const invalid = await failureOf(await pipeline.start('invalid', { media }));
    assert.equal(invalid.type, 'invalid_input');
    assert.match(invalid.message, /video/);
    const workflow = await pipeline.start('rejected');
    const rejected = await failureOf(workflow);
    assert.equal(rejected.type, 'authentication');
    assert.equal(rejected.nonRetryable, true);
    const text = await historyText(workflow);
    assert.ok(!text.includes(wrongKey), text);
    assert.equal(await pipeline.charges(), 0);
  });

  test('a failed job is the failure of the workflow, with the id of the job', async () => {
    const failed = { jobs: [{ timeline: [{ processing: '0s' }, { failed: '100ms' }] }] };
    await using pipeline = await Pipeline.create(server, failed);
    await pipeline.startWorker();
    const failure = await failureOf(await pipeline.start());
    const [job] = await pipeline.world.jobs();
    assert.equal(failure.type, 'job_failed');
    const [details] = failure.details as { jobId: string }[];
    assert.equal(details?.jobId, job?.['id']);
    assert.equal(await requests(pipeline.world, 'submit'), 1);
  });

  test('a submit that the service rejects for now is sent again', async () => {
    const busy = { at: 'submit', nth: [1, 2], do: { status: 429 } };
    await using pipeline = await Pipeline.create(server, { ...SOON, faults: [busy] });
    await pipeline.startWorker({ maxRetries: 0 });
    await (await pipeline.start()).result();
    assert.equal(await requests(pipeline.world, 'submit'), 3);
    await assertChargedOnce(pipeline.world, [audioOf('clip-1')]);
  });

  test('a workflow with a `jobId` waits for that job and submits nothing', async () => {
    await using pipeline = await Pipeline.create(server, SOON);
    await pipeline.startWorker();
    const { jobId } = await (await pipeline.start('clip-1')).result();
    const again = await (await pipeline.start('again', { jobId })).result();
    assert.equal(again.jobId, jobId);
    assert.equal(await pipeline.charges(), 1);
  });
});

test('a second attempt of a workflow does not submit again', async () => {
  await using pipeline = await Pipeline.create(server, ENDLESS);
  await pipeline.startWorker();
  const options = { workflowRunTimeout: '10 s', retry: { maximumAttempts: 2 } } as const;
  const workflow = await pipeline.start('clip-1', {}, options);
  const failure = await failureOf(workflow);
  assert.equal(failure.type, 'submission_unknown');
  assert.match(failure.message, /Do not give the workflow a retry policy/);
  assert.ok((await requests(pipeline.world, 'submit')) <= 1);
});

test('a server that is killed in the wait and restarted on its file pays once', async () => {
  await using pipeline = await Pipeline.create(server, LATER);
  await pipeline.startWorker();
  const workflow = await pipeline.start();
  await polled(pipeline);
  await server.program.kill();
  await server.restart();
  await workflow.result();
  await assertChargedOnce(pipeline.world, [audioOf('clip-1')]);
});
