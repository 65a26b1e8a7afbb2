// The ledger: submits with a key.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, InputError, LedgerError, SubmissionUnknownError } from 'viseme';

import {
  AUDIO,
  clientOf,
  FAST,
  INPUT,
  MODEL,
  node,
  ROOT,
  until,
  VIDEO,
  world,
} from './support.mjs';

const REMOTE = {
  model: MODEL,
  audio: 'https://media.example/voice.mp3',
  video: 'https://media.example/face.mp4',
};
const lost = (when, how) => ({ ...FAST, faults: [{ at: 'submit', nth: 1, when, do: how }] });

/** Calls `body` with a world, and with a function that creates a client of its ledger. */
async function withLedger(scenario, body) {
  const folder = await mkdtemp(join(tmpdir(), 'test-viseme-ledger-'));
  try {
    const made = await world(scenario);
    const ledger = join(folder, 'ledger.db');
    const open = (settings) => clientOf(made, { ...SETTINGS, ledger, ...settings });
    await body(made, open, ledger);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const SETTINGS = { checkRemoteMedia: false, recoveryWindowMs: 3000 };
const charges = async (of) => (await of.ledger()).charges.length;
const posts = async (of) => (await of.journal()).filter(({ kind }) => kind === 'submit').length;

test('a key is charged once in one client and in the next', async () => {
  await withLedger(FAST, async (made, open) => {
    const client = open();
    const first = await client.run(REMOTE, { key: 'row-17' });
    assert.equal((await client.run(REMOTE, { key: 'row-17' })).id, first.id);
    client.close();
    const job = await open().submit(REMOTE, { key: 'row-17' });
    assert.equal(job.id, first.id);
    assert.equal((await job.wait()).outputUrl, first.outputUrl);
    assert.deepEqual([await charges(made), await posts(made)], [1, 1]);
    const [submit] = await open().ledger.submits();
    const { key, state, jobId, record } = submit;
    assert.deepEqual([key, state, jobId], ['row-17', 'completed', first.id]);
    assert.equal(record.input.audio, REMOTE.audio);
  });
});

test('a process that was killed is not charged for again', async () => {
  await withLedger(lost('after_accept', 'silence'), async (made, open, ledger) => {
    const { baseUrl, key: apiKey } = made;
    const settings = { ignoreEnv: true, baseUrl, apiKey, ...SETTINGS, ledger };
    const code = `
      import { Client } from 'viseme';
      const client = new Client(${JSON.stringify(settings)});
      const { recovered } = await client.run(${JSON.stringify(REMOTE)}, { key: 'a' });
      console.log(recovered);`;
    const program = ['--input-type=module', '--eval', code];
    const dies = spawn(process.execPath, program, { cwd: ROOT });
    const ended = new Promise((resolve) => dies.on('exit', resolve));
    await until(async () => (await charges(made)) === 1, 'the service accepted the submit');
    dies.kill('SIGKILL');
    await ended;
    const { stdout, stderr } = await node(program);
    assert.equal(stdout, 'input\n', stderr);
    assert.deepEqual([await charges(made), await posts(made)], [1, 1]);
  });
});

test('a failed job is submitted again only with retryFailed', async () => {
  const failed = { match: { nth: 1 }, timeline: [{ failed: '0s' }] };
  await withLedger({ jobs: [failed, ...FAST.jobs] }, async (made, open) => {
    const client = open();
    for (const options of [{}, { retryFailed: false }]) {
      await assert.rejects(client.run(REMOTE, { key: 'a', ...options }), { code: 'job_failed' });
    }
    assert.equal(await charges(made), 1);
    const { status } = await client.run(REMOTE, { key: 'a', retryFailed: true });
    assert.deepEqual([status, await charges(made)], ['completed', 2]);
  });
});

test('another input under a used key is an input error', async () => {
  await withLedger(FAST, async (made, open) => {
    const client = open();
    await client.submit(REMOTE, { key: 'a' });
    const other = { ...REMOTE, audio: 'https://media.example/other.mp3' };
    await assert.rejects(client.submit(other, { key: 'a' }), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /The key `a` was used with another input/);
      return true;
    });
    assert.equal(await posts(made), 1);
  });
});

test('an open key is listed, and submits again after it was given up', async () => {
  await withLedger(lost(undefined, 'reset'), async (made, open) => {
    const client = open({ recoveryWindowMs: 200 });
    for (const _ of [1, 2]) {
      await assert.rejects(client.run(REMOTE, { key: 'a' }), (error) => {
        assert.ok(error instanceof SubmissionUnknownError);
        assert.match(error.message, /The key `a` .*give up the key/);
        return true;
      });
    }
    const unknown = await client.ledger.submits({ state: 'sent' });
    assert.deepEqual(
      unknown.map(({ key, jobId }) => [key, jobId]),
      [['a', undefined]],
    );
    await client.ledger.giveUp('a');
    assert.deepEqual(await client.ledger.submits({ state: 'sent' }), []);
    await client.run(REMOTE, { key: 'a' });
    assert.deepEqual([await charges(made), await posts(made)], [1, 2]);
    await assert.rejects(client.ledger.giveUp('a'), LedgerError);
  });
});

test('an adopted job is that of the key', async () => {
  await withLedger(lost(undefined, 'reset'), async (made, open) => {
    const client = open({ recoveryWindowMs: 200 });
    await assert.rejects(client.run(REMOTE, { key: 'a' }), SubmissionUnknownError);
    const { id } = await client.submit(REMOTE);
    await client.ledger.adopt('a', id);
    assert.equal((await client.run(REMOTE, { key: 'a' })).id, id);
    assert.deepEqual([await charges(made), await posts(made)], [1, 2]);
  });
});

test('a new API key needs to replace that of the ledger', async () => {
  await withLedger(FAST, async (made, open) => {
    await open().submit(REMOTE, { key: 'a' });
    const client = open({ apiKey: 'another-key' });
    const refused = { name: 'LedgerError', message: /`replaceApiKey`/ };
    await assert.rejects(client.submit(REMOTE, { key: 'b' }), refused);
    await client.ledger.replaceApiKey();
    client.setApiKey(made.key);
    await assert.rejects(client.submit(REMOTE, { key: 'b' }), refused);
    await client.ledger.replaceApiKey();
    await client.submit(REMOTE, { key: 'b' });
    assert.equal(await charges(made), 2);
  });
});

test('without a ledger, a key is a config error', async () => {
  const made = await world();
  const client = clientOf(made, SETTINGS);
  const calls = [
    () => client.run(REMOTE, { key: 'a' }),
    () => client.submit(REMOTE, { key: 'a' }),
    () => client.ledger.submits(),
    () => client.ledger.giveUp('a'),
    () => client.ledger.adopt('a', 'job'),
    () => client.ledger.replaceApiKey(),
  ];
  for (const call of calls) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /Set `ledger` when you create the client/);
      return true;
    });
  }
  assert.equal(await posts(made), 0);
});

test('an invalid argument about keys is an input error that names it', async () => {
  await withLedger(FAST, async (made, open) => {
    const client = open();
    const calls = {
      '`key` must be a string, got 17.': () => client.run(REMOTE, { key: 17 }),
      '`key` must be text of 1 to 512 bytes': () => client.submit(REMOTE, { key: '' }),
      '`retryFailed` must be true or false, got 1.': () =>
        client.run(REMOTE, { key: 'a', retryFailed: 1 }),
      '`retryFailed` needs `key`': () => client.submit(REMOTE, { retryFailed: true }),
      '`key` is not an option of `runMany`. A key belongs to one input: pass it to `run`':
        async () => client.runMany([REMOTE], { key: 'a' }),
      '`retryFailed` is not an option of `runMany`. A key belongs to one input': async () =>
        client.runMany([REMOTE], { retryFailed: true }),
      '`jobId` must be a string, got 17.': () => client.ledger.adopt('a', 17),
      '`state` must be one of sent, accepted, completed, ended, refused, got "open".': () =>
        client.ledger.submits({ state: 'open' }),
    };
    for (const [message, call] of Object.entries(calls)) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof InputError, error);
        assert.ok(error.message.startsWith(message), error.message);
        return true;
      });
    }
    assert.equal(await posts(made), 0);
  });
});

test('a file that cannot be a ledger is named with the parameter', async () => {
  await withLedger(FAST, async (_, open, ledger) => {
    const notes = `${ledger}.txt`;
    await writeFile(notes, 'not a database, but long enough to have a header. '.repeat(40));
    for (const wrong of [notes, join(ledger, 'missing', 'ledger.db')]) {
      assert.throws(
        () => open({ ledger: wrong }),
        (error) => {
          assert.ok(error instanceof LedgerError);
          assert.ok(error.message.startsWith('Invalid value for `ledger`: '), error.message);
          assert.ok(error.message.includes(wrong), error.message);
          return true;
        },
      );
    }
    assert.throws(
      () => open({ ledger: 3 }),
      /`ledger` must be a string, got a value of type number/,
    );
    assert.throws(() => open({ baseUrl: 'no URL' }), ConfigError);
    assert.deepEqual(await readdir(join(ledger, '..')), ['ledger.db.txt']);
  });
});

test('the example of the guide runs and is charged once', async () => {
  const guide = await readFile(join(ROOT, '..', 'docs', 'ledger.md'), 'utf8');
  const [, example] = /```js\n(.*?)```/s.exec(guide);
  await withLedger(FAST, async (made, _, ledger) => {
    const folder = join(ledger, '..');
    await mkdir(join(folder, 'node_modules'));
    await symlink(ROOT, join(folder, 'node_modules', 'viseme'), 'junction');
    for (const file of [AUDIO, VIDEO]) {
      await copyFile(file, join(folder, basename(file)));
    }
    const variables = { WAVESPEED_BASE_URL: made.baseUrl, WAVESPEED_API_KEY: made.key };
    const options = { cwd: folder, env: { ...process.env, ...variables } };
    for (const __ of [1, 2]) {
      const { code, stderr } = await node(['--input-type=module', '--eval', example], options);
      assert.equal(code, 0, stderr);
    }
    assert.equal(await charges(made), 1);
  });
});

test('the URL of a database is checked, and its password is not shown', async () => {
  const made = await world();
  const open = (ledger) => clientOf(made, { ledger });
  assert.throws(
    () => open('postgres://viseme:s3cret@host:port/clips'),
    (error) => {
      assert.equal(error.name, LedgerError.name);
      assert.match(error.message, /The URL of the ledger is not valid/);
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    },
  );
  assert.throws(() => open(['postgres://viseme:s3cret@host/clips']), {
    message: /`ledger` must be a string, got a value of type object/,
  });
  // Nothing connects before a key is used.
  const client = open('postgres://viseme:s3cret@127.0.0.1:1/clips');
  assert.equal((await client.run(INPUT)).status, 'completed');
});
