// Errors: their classes against the one table, what they carry, and their stacks.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as viseme from 'viseme';
import { parse } from 'yaml';

import { errorOf } from '../dist/errors.js';
import { FAST, INPUT, place, ROOT } from './support.mjs';

const require = createRequire(import.meta.url);
const table = parse(await readFile(join(ROOT, '..', 'conformance', 'errors.yaml'), 'utf8'));

test('every code of the table has its class, and every class its base', () => {
  const byName = new Map(table.classes.map((it) => [it.name, it]));
  for (const { code, class: name } of table.errors) {
    const error = errorOf({ code, message: 'm', attempts: 1 });
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

test('every attribute of the table is there, under its name in JavaScript', () => {
  const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  const renamed = { retry_after: 'retryAfterMs' };
  const data = { message: 'm', attempts: 2, jobId: 'j', appCode: 1200, status: 500 };
  const more = { requestId: 'r', retryAfterMs: 1500, body: 'b', violations: [], candidates: [] };
  const prediction = { id: 'j', model: 'm', status: 'failed', outputs: [] };
  const record = { model: 'm', input: {}, sent_at: '2026-01-01T00:00:00Z' };
  const chains = new Map(table.classes.map((it) => [it.name, it]));
  for (const { code, class: name } of table.errors) {
    const error = errorOf({ code, ...data, ...more, prediction, record });
    for (let at = chains.get(name); at !== undefined; at = chains.get(at.base)) {
      for (const attribute of at.attributes ?? []) {
        const own = renamed[attribute] ?? camel(attribute);
        assert.notEqual(error[own], undefined, `${name}.${own}`);
      }
    }
  }
});

test('the stack names the line of the caller', async () => {
  const { client } = await place();
  async function theUsersOwnFunction() {
    await client.run({ ...INPUT, audio: '/no/such/file' });
  }
  async function theUsersLoop() {
    for await (const _ of client.job('none').updates());
  }
  const first = await theUsersOwnFunction().catch((error) => error);
  assert.match(first.stack, /theUsersOwnFunction \(.*errors\.test\.mjs:\d+/);
  const second = await theUsersLoop().catch((error) => error);
  assert.match(second.stack, /theUsersLoop \(.*errors\.test\.mjs:\d+/);
  assert.match(second.stack, /^NotFoundError: /);
});

test('an error carries what is known', async () => {
  const { client } = await place({
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
  const refused = await unreachable.balance().catch((error) => error);
  assert.ok(refused instanceof viseme.ApiConnectionError);
  assert.ok(refused.cause instanceof Error, 'what is behind it');
});

test('the key is in no error', async () => {
  const faults = [{ at: 'any', every: 1, do: { status: 401 } }];
  const { client, world } = await place({ ...FAST, faults });
  const error = await client.balance().catch((error) => error);
  assert.ok(error instanceof viseme.AuthenticationError);
  assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes(world.key));
  assert.ok(!inspect(client, { depth: 10, showHidden: true }).includes(world.key));
});

test('wrong settings and options are named', async () => {
  const make = (settings) => () => new viseme.Client({ ignoreEnv: true, apiKey: 'k', ...settings });
  assert.throws(make({ timeout: 5 }), { name: 'ConfigError', message: /`timeout`/ });
  assert.throws(make({ requestTimeoutMs: -1 }), { name: 'ConfigError', message: /milliseconds/ });
  assert.throws(make({ apiKey: undefined }), { code: 'config', message: /WAVESPEED_API_KEY/ });
  assert.throws(make({ baseUrl: 'nonsense' }), viseme.ConfigError);
  make({ timeoutMs: Infinity })();
  const { client, world } = await place();
  await assert.rejects(client.run(INPUT, { pollInterval: 1 }), { code: 'invalid_input' });
  assert.deepEqual(await world.journal(), []);
});

test('both kinds of modules have the same classes', () => {
  const cjs = require('viseme');
  const names = (all) => Object.keys(all).filter((it) => it !== 'default' && it !== '__esModule');
  assert.deepEqual(names(cjs).sort(), names(viseme).sort());
  for (const name of names(cjs)) {
    assert.equal(cjs[name], viseme[name], name);
  }
});
