import { stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { World } from 'viseme-mock';
import { expect } from 'vitest';

import { ClipFailed, makeClip } from '../src/clips.js';
import { QUICK, test } from './world.js';

const samples = resolve(import.meta.dirname, '../../../samples');
const files = { audio: join(samples, 'voice.mp3'), video: join(samples, 'face.mp4') };

const charges = async (world: World) => (await world.ledger()).charges.length;

test('a clip is saved and paid for once', async ({ client, world, folder }) => {
  const path = await makeClip(client, 'order-1', files, folder);
  expect((await stat(path)).size).toBeGreaterThan(0);
  // The job got the files that were uploaded for it.
  const [job] = await world.jobs();
  expect(job).toMatchObject({ input: { audio: expect.stringMatching(/\.mp3$/) } });
  expect(await charges(world)).toBe(1);
});

test('the same order is not paid for again', async ({ client, world, folder }) => {
  await makeClip(client, 'order-1', files, folder);
  await makeClip(client, 'order-1', files, folder);
  expect(await charges(world)).toBe(1);
});

test('a lost response costs nothing', async ({ client, world, folder }) => {
  // The service accepts the submit, but the connection breaks before its response.
  await world.addFault({ at: 'submit', nth: 1, when: 'after_accept', do: 'reset' });
  await makeClip(client, 'order-1', files, folder);
  expect(await world.ledger()).toMatchObject({ duplicates: 0, orphaned: 0 });
  expect(await charges(world)).toBe(1);
});

test('a busy service is asked again', async ({ client, world, folder }) => {
  await world.addFault({ at: 'submit', nth: 1, do: { status: 429, retry_after: '1s' } });
  await makeClip(client, 'order-1', files, folder);
  const submits = (await world.journal()).filter(({ kind }) => kind === 'submit');
  expect(submits).toHaveLength(2);
  expect(await charges(world)).toBe(1);
});

test('a failed job has a message for the customer', async ({ client, world, folder }) => {
  const timeline = { after_polls: 1, ends: 'failed' };
  await world.setScenario({ jobs: [{ timeline, code: 1200, error: 'Refused.' }] });
  const made = makeClip(client, 'order-1', files, folder);
  await expect(made).rejects.toThrow(/You have not been charged/);
});

test('without credits nothing is charged', async ({ client, world, folder }) => {
  await world.setScenario({ ...QUICK, balance_usd: 0 });
  await expect(makeClip(client, 'order-1', files, folder)).rejects.toThrow(/at the moment/);
  expect(await charges(world)).toBe(0);
});

test('unusable files are never sent', async ({ client, world, folder }) => {
  const audio = join(folder, 'voice.mp3');
  await writeFile(audio, 'This is no audio.');
  const made = makeClip(client, 'order-1', { ...files, audio }, folder);
  await expect(made).rejects.toThrow(ClipFailed);
  expect(await world.journal()).toEqual([]);
});
