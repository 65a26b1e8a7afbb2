// @ts-check
// A dub in the playground: the plan with its price, the run, and what reloads, crashes and stops leave.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAccessible, assertFits, screenshot, startBrowser } from './support/browser.js';
import { makeVideo, makeVoice } from './support/media.js';
import { Playground, choose } from './support/playground.js';
import { MockServer } from './support/server.js';
import { until } from './support/wait.js';

/** @typedef {import('playwright-core').Page} Page */

/** The voice: two jobs, and silence between them that would need a third. @type {[number, number][]} */
const SPEECH = [
  [0.3, 3],
  [17, 20.5],
];
const SECONDS = 21;
/** A job that a test ends: none ends before, however slow the machine is. */
const OPEN = [{ processing: '100ms' }, { completed: '1h' }];

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {MockServer} */
let mock;
/** @type {string} */
let folder;
/** @type {{ video: string, voice: string }} */
let media;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'viseme-dub-test-'));
  const [video, voice] = await Promise.all([
    makeVideo(folder, 'talk.mp4', { seconds: SECONDS, size: '1280x720', rate: 10 }),
    makeVoice(folder, 'voice.wav', { seconds: SECONDS, speech: SPEECH }),
  ]);
  media = { video, voice };
  [browser, mock] = await Promise.all([startBrowser(), MockServer.start()]);
});

after(async () => {
  await browser.close();
  await mock.stop();
  await rm(folder, { recursive: true });
});

/**
 * Starts a playground for a world, as for the service.
 *
 * @param {import('./support/server.js').World} world
 * @param {string} records
 */
function startLive(world, records) {
  const env = { WAVESPEED_API_KEY: world.key, WAVESPEED_BASE_URL: mock.url };
  return Playground.start(['--live', '--records', records], env);
}

/** @param {object[]} jobs */
const world = (jobs) => mock.world({ scenario: { output: 'dubbed', jobs } });

/** @param {import('./support/server.js').World} world */
const charges = async (world) => (await world.control('GET', 'ledger')).charges.length;

/**
 * Plans a dub of the clip.
 *
 * @param {Page} page
 */
async function plan(page) {
  await choose(page, 'video', media.video, 'refused');
  await choose(page, 'audio', media.voice);
  const button = page.getByRole('button', { name: 'Plan the dub' });
  await button.scrollIntoViewIfNeeded();
  await screenshot(page, 'playground-dub-choice');
  await button.click();
  await badge(page, 'Planned');
}

/**
 * Waits for the phase of what is shown.
 *
 * @param {Page} page
 * @param {string} name
 */
const badge = (page, name) =>
  page.locator('#result-badge').filter({ hasText: name }).waitFor({ timeout: 120_000 });

/** @param {Page} page */
const states = (page) =>
  page
    .locator('.timeline__segment')
    .evaluateAll((all) => all.map((it) => (it instanceof HTMLElement ? it.dataset['state'] : '')));

test('a clip that is too long is planned with its price, dubbed, and charged for each job once', async () => {
  const service = await world([{ timeline: [{ completed: '0s' }] }]);
  const records = join(folder, 'records-whole');
  const playground = await startLive(service, records);
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  /** @type {Promise<string>[]} */
  const bodies = [];
  page.on('response', (response) => {
    if (response.url().includes('/api/dubs')) bodies.push(response.text().catch(() => ''));
  });
  await plan(page);
  assert.deepEqual(await states(page), ['waiting', 'kept', 'waiting']);
  const result = page.locator('#result');
  assert.match(
    (await result.textContent()) ?? '',
    /Jobs2Price\$0\.14Saved by silence1 job, \$0\.07/,
  );
  assert.match((await result.textContent()) ?? '', /With the silence dubbed too: 3 jobs, \$0\.21/);
  assert.equal(await charges(service), 0);
  await assertAccessible(page);
  await screenshot(page, 'playground-dub-planned');
  await page.setViewportSize({ width: 390, height: 844 });
  await assertFits(page);
  await result.scrollIntoViewIfNeeded();
  await result.getByText('All segments').click();
  await result.getByRole('row', { name: '2 0:03.2 to 0:16.8 13.6 s silence' }).waitFor();
  await assertFits(page);
  await assertAccessible(page);
  await screenshot(page, 'playground-dub-narrow');
  await page.setViewportSize({ width: 1280, height: 800 });

  await result.getByRole('button', { name: 'Dub for $0.14' }).dblclick();
  await page.waitForSelector('#result-video', { timeout: 120_000 });
  await badge(page, 'Done');
  assert.deepEqual(await states(page), ['done', 'kept', 'done']);
  assert.equal(await charges(service), 2);
  const received = (await Promise.all(bodies)).join('\n');
  assert.ok(received.includes('price_micros') && !received.includes(service.key));
  const seconds = await page.evaluate(async () => {
    const video = document.querySelector('#result-video');
    if (!(video instanceof HTMLVideoElement)) throw new Error('no result');
    if (video.readyState < 1) {
      await new Promise((resolve) => video.addEventListener('loadedmetadata', resolve));
    }
    return video.duration;
  });
  assert.ok(Math.abs(seconds - SECONDS) < 0.2, `${seconds} s`);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: /Download/ }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'talk-dubbed.mp4');
  await page.emulateMedia({ colorScheme: 'dark' });
  await assertAccessible(page);
  await screenshot(page, 'playground-dub-done-dark');
  await close();
  await playground.stop();

  // The result is kept until the user deletes it.
  const later = await startLive(service, records);
  const second = await later.open(browser, { allow: [/ERR_ABORTED/] });
  await badge(second.page, 'Done');
  await second.page.waitForSelector('#result-video');
  await second.page.getByRole('button', { name: 'Delete the dub' }).click();
  await second.page.getByRole('button', { name: 'Delete what was paid for?' }).click();
  await second.page.getByText('No jobs yet.').waitFor();
  assert.deepEqual(await readdir(join(records, 'dubs')), []);
  await second.close();
  await later.stop();
});

test('a reload, a crash and a stop in the middle of a dub cost nothing more', async () => {
  const service = await world([{ timeline: OPEN }]);
  const records = join(folder, 'records-killed');
  const killed = await startLive(service, records);
  const first = await killed.open(browser, { allow: [/./] });
  await plan(first.page);
  await first.page.getByRole('button', { name: 'Dub for $0.14' }).click();
  await until(async () => (await charges(service)) === 2);
  await first.page.reload();
  await badge(first.page, 'Dubbing');
  await first.page.getByText('Dubbing: 0 of 2 segments').waitFor();
  await assertAccessible(first.page);
  await screenshot(first.page, 'playground-dub-running');
  await killed.kill();
  await first.close();

  const playground = await startLive(service, records);
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  await badge(page, 'Stopped');
  assert.deepEqual(await states(page), ['working', 'kept', 'working']);
  await page.getByText('What is paid for is kept').waitFor();
  assert.match((await page.locator('#result').textContent()) ?? '', /Spent\$0\.14/);
  await assertAccessible(page);
  await screenshot(page, 'playground-dub-stopped');
  const resume = page.getByRole('button', { name: 'Resume' });
  await resume.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Stop' }).click();
  await badge(page, 'Stopped');
  for (const { id } of await service.control('GET', 'jobs')) {
    await service.control('POST', `jobs/${id}/complete`);
  }
  await resume.click();
  await page.waitForSelector('#result-video', { timeout: 120_000 });
  assert.equal(await charges(service), 2);
  await close();
  await playground.stop();
});

test('a failed segment is named, and submitting it again has a price', async () => {
  const failed = [{ failed: '0s' }];
  const service = await world([
    { match: { nth: 2 }, timeline: failed },
    { timeline: [{ completed: '0s' }] },
  ]);
  const playground = await startLive(service, join(folder, 'records-failed'));
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  await plan(page);
  await page.getByRole('button', { name: 'Dub for $0.14' }).click();
  await badge(page, 'Failed');
  const found = await states(page);
  assert.deepEqual([...found].sort(), ['done', 'failed', 'kept']);
  const number = found.indexOf('failed') + 1;
  await page.getByText(`Segment ${number}: `).waitFor();
  await page.locator('#result').getByText('1 of 2 segments is not done.').waitFor();
  await assertAccessible(page);
  await screenshot(page, 'playground-dub-failed');
  await page.getByRole('button', { name: 'Submit 1 failed segment again for $0.07' }).click();
  await page.waitForSelector('#result-video', { timeout: 120_000 });
  assert.equal(await charges(service), 3);
  await close();
  await playground.stop();
});

test('offline a plan is made, cancelled and discarded, and without ffmpeg the page says so', async () => {
  const playground = await Playground.start();
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  await plan(page);
  await page.getByText('nothing is charged').first().waitFor();
  await page.getByRole('button', { name: 'Discard the plan' }).click();
  await page.getByText('No jobs yet.').waitFor();
  await close();
  await playground.stop();

  const without = await Playground.start([], { PATH: folder, VISEME_FFMPEG: '' });
  const second = await without.open(browser, { allow: [/ERR_ABORTED/, /422/] });
  await choose(second.page, 'video', media.video, 'refused');
  await choose(second.page, 'audio', media.voice);
  await second.page.getByRole('button', { name: 'Plan the dub' }).click();
  await badge(second.page, 'Failed');
  const text = (await second.page.locator('#result').textContent()) ?? '';
  assert.match(text, /ffmpeg was not found\. Install it/);
  await second.close();
  await without.stop();
});
