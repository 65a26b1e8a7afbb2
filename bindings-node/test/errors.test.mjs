// Errors: their classes as in the shared table, their attributes, stacks and messages.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as viseme from 'viseme';
import { parse } from 'yaml';

import { decodeError, NO_CLIENT } from '../dist/errors.js';
import { FAST, INPUT, setUp, ROOT } from './support.mjs';

const require = createRequire(import.meta.url);
const table = parse(await readFile(join(ROOT, '..', 'conformance', 'errors.yaml'), 'utf8'));

test('every code has its class and every class its base', () => {
  const byName = new Map(table.classes.map((it) => [it.name, it]));
  for (const { code, class: name } of table.errors) {
    const error = decodeError({ code, message: 'm', attempts: 1 }, NO_CLIENT);
    assert.equal(error.code, code);
    assert.equal(error.name, name);
    for (let at = byName.get(name); at !== undefined; at = byName.get(at.base)) {
      assert.ok(error instanceof viseme[at.name], `${name} is a ${at.name}`);
    }
    assert.ok(error instanceof Error);
  }
  const ours = Object.keys(viseme).filter((name) => name.endsWith('Error'));
  assert.deepEqual(ours.sort(), [...byName.keys(), 'AbortError'].sort());
  for (const { name, base } of table.classes.filter((it) => it.base)) {
    assert.equal(Object.getPrototypeOf(viseme[name]), viseme[base], name);
  }
});

test('every attribute of the table exists in camel case', () => {
  const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  const renamed = { retry_after: 'retryAfterMs' };
  const data = { message: 'm', attempts: 2, jobId: 'j', appCode: 1200, status: 500 };
  const more = { requestId: 'r', retryAfterMs: 1500, body: 'b', violations: [], candidates: [] };
  const prediction = { id: 'j', model: 'm', status: 'failed', outputs: [] };
  const record = { model: 'm', input: {}, sentAt: '2026-01-01T00:00:00Z' };
  const chains = new Map(table.classes.map((it) => [it.name, it]));
  for (const { code, class: name } of table.errors) {
    const error = decodeError({ code, ...data, ...more, prediction, record }, NO_CLIENT);
    for (let at = chains.get(name); at !== undefined; at = chains.get(at.base)) {
      for (const attribute of at.attributes ?? []) {
        const own = renamed[attribute] ?? camel(attribute);
        assert.notEqual(error[own], undefined, `${name}.${own}`);
      }
    }
  }
});

test('the stack contains the line of the caller', async () => {
  const { client } = await setUp();
  async function callerOfRun() {
    await client.run({ ...INPUT, audio: '/no/such/file' });
  }
  async function callerOfUpdates() {
    for await (const _ of client.job('none').updates());
  }
  const first = await callerOfRun().catch((error) => error);
  assert.match(first.stack, /callerOfRun \(.*errors\.test\.mjs:\d+/);
  const second = await callerOfUpdates().catch((error) => error);
  assert.match(second.stack, /callerOfUpdates \(.*errors\.test\.mjs:\d+/);
  assert.match(second.stack, /^NotFoundError: /);
});

test('an error has the job, the prediction and the cause', async () => {
  const { client } = await setUp({
    jobs: [{ timeline: [{ created: '0s' }, { failed: '10ms' }], code: 1200, error: 'no' }],
  });
  const failed = await client.run(INPUT).catch((error) => error);
  assert.ok(failed instanceof viseme.JobFailedError);
  assert.equal(failed.appCode, 1200);
  assert.equal(failed.prediction.status, 'failed');
  assert.equal(failed.jobId, failed.prediction.id);
  const unreachable = new viseme.Client({
    ignoreEnv: true,
    apiKey: 'k',
    baseUrl: 'http://127.0.0.1:9',
    backoff: { baseMs: 1, maxMs: 1 },
  });
  const error = await unreachable.balance().catch((error) => error);
  assert.ok(error instanceof viseme.ApiConnectionError);
  assert.ok(error.cause instanceof Error, 'the cause');
});

test('no error contains the API key', async () => {
  const faults = [{ at: 'any', every: 1, do: { status: 401 } }];
  const { client, world } = await setUp({ ...FAST, faults });
  const error = await client.balance().catch((error) => error);
  assert.ok(error instanceof viseme.AuthenticationError);
  assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes(world.key));
  assert.ok(!inspect(client, { depth: 10, showHidden: true }).includes(world.key));
});

test('an invalid setting is a ConfigError that names the setting, its value and what is allowed', () => {
  const messages = [
    [
      { timeoutMs: 'soon' },
      '`timeoutMs` must be a non-negative number of milliseconds, got "soon".',
    ],
    [
      { requestTimeoutMs: -1 },
      '`requestTimeoutMs` must be a non-negative number of milliseconds, got -1.',
    ],
    [{ timeoutMs: NaN }, '`timeoutMs` must be a non-negative number of milliseconds, got NaN.'],
    [{ maxConnections: 'x' }, '`maxConnections` must be a whole number of at least 1, got "x".'],
    [{ maxConnections: 0 }, '`maxConnections` must be a whole number of at least 1, got 0.'],
    [{ learnedPacing: 1 }, '`learnedPacing` must be true or false, got 1.'],
    [{ pollsPerJob: 0.5 }, '`pollsPerJob` must be a number from 1 to 1000, got 0.5.'],
    [
      { pacingFile: '' },
      'Invalid value for `pacingFile`: must be the path of a file, got an empty one.',
    ],
    [{ maxPollsPerSecond: 0 }, '`maxPollsPerSecond` must be a number above 0, got 0.'],
    [
      { submitLimits: 'platinum' },
      '`submitLimits` must be one of bronze, silver, gold, ultra or {perMinute, concurrent}, got "platinum".',
    ],
    [
      { submitLimits: { perMinute: 1 } },
      '`submitLimits.concurrent` is missing. It must be a whole number of at least 1.',
    ],
    [
      { pacing: { intervalMs: 1, jitter: 2 } },
      '`pacing.jitter` must be a number from 0 to 1, got 2.',
    ],
    [
      { pacing: { interval: 1 } },
      '`pacing.interval` is not a field of `pacing`. Did you mean `intervalMs`?',
    ],
    [{ anonymous: 'yes' }, '`anonymous` must be true or false, got "yes".'],
    [{ timeout: 5 }, '`timeout` is not a setting of a client. Did you mean `timeoutMs`?'],
    [{ apikey: 'k' }, '`apikey` is not a setting of a client. Did you mean `apiKey`?'],
    [{ apiKey: 7 }, '`apiKey` must be a string, got a value of type number.'],
    [{ colour: 'red' }, '`colour` is not a setting of a client.'],
    [{ toString: 1 }, '`toString` is not a setting of a client.'],
  ];
  for (const [settings, message] of messages) {
    const create = () => new viseme.Client({ ignoreEnv: true, apiKey: 'k', ...settings });
    assert.throws(create, { name: 'ConfigError', code: 'config', message });
  }
  const create = (settings) => () => new viseme.Client({ ignoreEnv: true, ...settings });
  const noKey = /Set WAVESPEED_API_KEY or pass `apiKey`\..*`MockServer\.start\(\)`.*`viseme-mock`/;
  assert.throws(create({}), { code: 'config', message: noKey });
  const insecure = /`baseUrl`: must use https.*set `allowHttp` only/;
  assert.throws(create({ apiKey: 'k', baseUrl: 'http://a.example' }), { message: insecure });
  assert.throws(create({ apiKey: 'k', requestTimeoutMs: 0 }), { message: /`requestTimeoutMs`/ });
  assert.throws(create({ apiKey: 'k', baseUrl: 'nonsense' }), viseme.ConfigError);
  create({ apiKey: 'k', timeoutMs: Infinity, submitLimits: 'gold', proxy: undefined })();
});

test('an invalid option, input or record is an InputError, and nothing is sent', async () => {
  const { client, world } = await setUp();
  const record = { model: 'm', input: {}, sentAt: '2026-01-01T00:00:00Z' };
  const calls = [
    [() => client.run(INPUT, { pollInterval: 1 }), '`pollInterval` is not an option of `run`.'],
    [
      () => client.run(INPUT, { timeout: 1 }),
      '`timeout` is not an option of `run`. Did you mean `timeoutMs`?',
    ],
    [() => client.submit(INPUT, { timeoutMs: 1 }), '`timeoutMs` is not an option of `submit`.'],
    [() => client.run(INPUT, { strict: 1 }), '`strict` must be true or false, got 1.'],
    [() => client.run(INPUT, { signal: {} }), '`signal` must be an AbortSignal, got {}.'],
    [() => client.run(INPUT, { onUpdate: 'x' }), '`onUpdate` must be a function, got "x".'],
    [
      () => client.run('a/b', { x: new Set([1, 2]) }),
      '`x` must be JSON or media, got Set(2) { 1, 2 }.',
    ],
    [() => client.run('a/b', { x: { y: [NaN] } }), '`x.y[0]` must be JSON or media, got NaN.'],
    [() => client.run({ audio: 'a' }), '`model` must be the id of a model, got undefined.'],
    [() => client.upload(3), /^`media` must be a path, a URL, bytes, a Blob or a stream, got 3\.$/],
    [() => client.recover({ model: 'm' }), '`record.input` is missing. It must be JSON.'],
    [() => client.recover({ ...record, model: 1 }), '`record.model` must be a string, got 1.'],
    [() => client.recover({ ...record, sentAt: 'now' }), /`sentAt` must be a time/],
    [() => client.job(7), '`id` must be a string, got 7.'],
    [() => client.usage(1, new Date()), '`from` must be a valid Date, got 1.'],
    [() => client.delete(3), '`ids` must be a string or a list of them, got 3.'],
    [
      () => client.history({ pageSize: 0 }),
      '`pageSize` must be a whole number of at least 1, got 0.',
    ],
    [
      () => client.runMany([], { limit: 0 }),
      '`limit` must be a whole number of at least 1, got 0.',
    ],
    [
      () => client.job('x').wait({ timeoutMs: '10' }),
      '`timeoutMs` must be a non-negative number of milliseconds, got "10".',
    ],
  ];
  for (const [call, message] of calls) {
    const error = { name: 'InputError', code: 'invalid_input', message };
    await assert.rejects(async () => await call(), error);
  }
  assert.throws(() => client.setApiKey(7), { name: 'ConfigError' });
  assert.deepEqual(await world.journal(), []);
});

test('ES modules and CommonJS share the same classes', () => {
  const cjs = require('viseme');
  const names = (all) => Object.keys(all).filter((it) => it !== 'default' && it !== '__esModule');
  assert.deepEqual(names(cjs).sort(), names(viseme).sort());
  for (const name of names(cjs)) {
    assert.equal(cjs[name], viseme[name], name);
  }
});
