// Webhooks: the examples with signed deliveries of the mock server, and the verifier.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { expressWebhook, webWebhook, WebhookError, WebhookVerifier } from 'viseme';

import { INPUT, setUp, ROOT, warningsOf } from './support.mjs';

for (const framework of ['express', 'fastify', 'hono', 'web']) {
  test(`the ${framework} example receives deliveries`, async () => {
    const { client, world } = await setUp();
    const env = {
      ...process.env,
      PORT: '0',
      WAVESPEED_BASE_URL: world.baseUrl,
      WAVESPEED_API_KEY: world.key,
    };
    const program = join(ROOT, 'examples', `${framework}.mjs`);
    const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const webhook = (await lines.next()).value;
      assert.match(webhook, /^http:\/\/127\.0\.0\.1:\d+\/hook$/);
      const job = await client.submit(INPUT, { webhook });
      assert.equal((await lines.next()).value, `completed ${job.id}`);
      const forged = await post(webhook, JSON.stringify({ id: job.id, status: 'failed' }), {
        'webhook-id': 'x',
        'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
        'webhook-signature': `v3,${'0'.repeat(64)}`,
      });
      assert.equal(forged.status, 400);
      assert.match(await forged.text(), /signature/);
      const huge = await post(webhook, 'x'.repeat(2 * 1024 * 1024), {}).catch(() => undefined);
      assert.ok(huge === undefined || huge.status === 413, `HTTP ${huge?.status}`);
    } finally {
      child.kill();
    }
  });
}

test('a webhook ends the wait for its job', async () => {
  const { client, world } = await setUp(
    { jobs: [{ timeline: [{ created: '0s' }, { completed: '300ms' }] }] },
    { pacing: { intervalMs: 3_600_000 } },
  );
  const server = createServer(expressWebhook(client, () => undefined));
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  try {
    const webhook = `http://127.0.0.1:${server.address().port}/`;
    const signal = AbortSignal.timeout(30_000);
    const prediction = await client.run(INPUT, { webhook, signal });
    assert.equal(prediction.status, 'completed');
    assert.equal((await world.ledger()).charges.length, 1);
  } finally {
    server.close();
  }
});

test('a handler that throws makes the service send the delivery again', async () => {
  const verifier = new WebhookVerifier(SECRET);
  const handler = expressWebhook(verifier, () => {
    throw new Error('the database is away');
  });
  const server = createServer(handler);
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  try {
    const body = JSON.stringify({ id: 'j', status: 'completed', outputs: [] });
    const answer = await post(`http://127.0.0.1:${server.address().port}/`, body, signed(body));
    assert.equal(answer.status, 500);
    assert.ok(
      !(await answer.text()).includes('database'),
      'the response does not reveal the error',
    );
  } finally {
    server.close();
  }
});

test('a body that was parsed before is an error of Express, and the service sends it again', async (t) => {
  const verifier = new WebhookVerifier(SECRET);
  const handled = [];
  const hook = expressWebhook(verifier, ({ id }) => handled.push(id));
  const errors = [];
  const app = express();
  app.post('/raw', express.raw({ type: '*/*' }), hook);
  app.use(express.json());
  app.post('/hook', hook);
  // The last handler of an app. Without it, Express logs the error and responds with 500.
  app.use((error, _request, response, _next) => {
    errors.push(error);
    response.status(500).send('Something is wrong.');
  });
  const url = await listen(t, app);
  const body = JSON.stringify({ id: 'j', status: 'completed', outputs: [] });
  assert.equal((await post(`${url}/hook`, body, signed(body))).status, 500);
  const [error, ...others] = errors;
  assert.ok(error instanceof WebhookError);
  assert.match(error.message, /was parsed.*before `express.json\(\)`/);
  assert.deepEqual([others, handled], [[], []]);
  assert.equal((await post(`${url}/raw`, body, signed(body))).status, 204);
  assert.deepEqual([errors.length, handled], [1, ['d1']]);
});

test('Express itself logs a body that was parsed before, and responds with 500', async (t) => {
  const app = express();
  app.use(express.json());
  app.post(
    '/hook',
    expressWebhook(new WebhookVerifier(SECRET), () => undefined),
  );
  const url = await listen(t, app);
  const logged = t.mock.method(console, 'error', () => undefined);
  const body = JSON.stringify({ id: 'j', status: 'completed', outputs: [] });
  const answer = await post(`${url}/hook`, body, signed(body));
  assert.equal(answer.status, 500);
  assert.match(await answer.text(), /was parsed/, 'outside of production, the answer says it too');
  // It logs after the response.
  while (logged.mock.callCount() === 0) await sleep(10, undefined, { signal: t.signal });
  assert.equal(logged.mock.callCount(), 1);
  assert.match(String(logged.mock.calls[0].arguments[0]), /was parsed.*express.json/);
});

test('without Express, a body that was parsed before is a warning', async (t) => {
  const verifier = new WebhookVerifier(SECRET);
  const handler = expressWebhook(verifier, () => undefined);
  const server = createServer((request, response) => {
    request.body = { id: 'j' };
    return handler(request, response);
  });
  const url = await listen(t, server);
  let answer;
  let [warning, ...others] = await warningsOf(async () => {
    answer = await post(url, '{}', {});
  });
  assert.equal(answer.status, 500);
  assert.match(await answer.text(), /was parsed/);
  assert.match(warning.message, /was parsed/);
  assert.deepEqual(others, []);

  const request = new Request('http://localhost/hook', { method: 'POST', body: '{}' });
  await request.json();
  [warning, ...others] = await warningsOf(async () => {
    answer = await webWebhook(verifier, () => undefined)(request);
  });
  assert.equal(answer.status, 500);
  assert.match(warning.message, /was parsed.*before anything reads the body/);
  assert.deepEqual(others, []);
});

test('a delivery that cannot be verified now is a warning', async (t) => {
  const receiver = {
    receiveWebhook: () => Promise.reject(new Error('the secret cannot be read')),
  };
  const url = await listen(t, createServer(expressWebhook(receiver, () => undefined)));
  let answer;
  const [warning] = await warningsOf(async () => {
    answer = await post(url, '{}', {});
  });
  assert.equal(answer.status, 503);
  assert.ok(!(await answer.text()).includes('secret'), 'the response does not reveal the error');
  assert.match(warning.message, /the secret cannot be read/);
});

/** Starts a server or an app of Express, and returns its URL. */
async function listen(t, app) {
  const server = app.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((ready) => server.once('listening', ready));
  return `http://127.0.0.1:${server.address().port}`;
}

const SECRET = 'whsec_e9EE3BdyXSxcB4ZyZUKjQUEoQX4sF9P1+eMpb/KluCM=';

/** Returns the headers of a delivery, signed as the service documents. */
function signed(body, at = Date.now()) {
  const seconds = String(Math.floor(at / 1000));
  const key = SECRET.slice('whsec_'.length);
  const signature = createHmac('sha256', key).update(`d1.${seconds}.${body}`).digest('hex');
  return {
    'webhook-id': 'd1',
    'webhook-timestamp': seconds,
    'webhook-signature': `v3,${signature}`,
  };
}

function post(url, body, headers) {
  return fetch(url, {
    method: 'POST',
    body,
    headers: { ...headers, 'content-type': 'application/json' },
  });
}

test('the verifier accepts signed deliveries and explains rejections', () => {
  const verifier = new WebhookVerifier(['whsec_old', SECRET]);
  const body = JSON.stringify({ id: 'j', status: 'completed', outputs: ['https://a.example/b'] });
  const headers = signed(body);
  const delivery = verifier.verify(new Headers(headers), body);
  assert.equal(delivery.id, 'd1');
  assert.equal(delivery.prediction.outputUrl, 'https://a.example/b');
  assert.ok(Math.abs(delivery.sentAt - Date.now()) < 60_000);
  verifier.verify(Object.entries(headers), Buffer.from(body));
  verifier.verify({ ...headers, cookie: ['a', 'b'], absent: undefined }, body);

  const rejects = (headers, body, message, options) =>
    assert.throws(
      () => verifier.verify(headers, body, options),
      (error) => error instanceof WebhookError && message.test(error.message),
    );
  rejects(headers, `${body} `, /signature/);
  rejects({}, body, /webhook-id/);
  rejects(signed(body, Date.now() - 3_600_000), body, /ago/);
  rejects(headers, JSON.parse(body), /raw body/);
  const then = new Date(Date.now() - 3_600_000);
  verifier.verify(signed(body, then.getTime()), body, { now: then });
  const patient = new WebhookVerifier(SECRET, { toleranceMs: 7_200_000 });
  patient.verify(signed(body, then.getTime()), body);
  assert.ok(!inspect(verifier, { showHidden: true }).includes('e9EE3'));
});
