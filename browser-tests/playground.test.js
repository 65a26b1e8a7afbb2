// @ts-check
// The playground in a browser.

import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  assertAccessible,
  assertFits,
  openPage,
  screenshot,
  startBrowser,
} from './support/browser.js';
import { Playground, choose, drop, waitForButton } from './support/playground.js';
import { MockServer } from './support/server.js';

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {MockServer} */
let mock;

before(async () => {
  browser = await startBrowser([
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
  ]);
  mock = await MockServer.start();
});

after(async () => {
  await browser.close();
  await mock.stop();
});

/** @param {import('./support/server.js').World} world */
async function startLive(world) {
  const folder = await mkdtemp(join(tmpdir(), 'viseme-playground-test-'));
  const playground = await Playground.start(['--live', '--records', folder], {
    WAVESPEED_API_KEY: world.key,
    WAVESPEED_BASE_URL: mock.url,
  });
  const stop = async () => {
    await playground.stop();
    await rm(folder, { recursive: true });
  };
  return { playground, stop };
}

test('a dropped face and voice become a video with that voice', async () => {
  const playground = await Playground.start();
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  await assertAccessible(page);
  await screenshot(page, 'playground-empty');
  await drop(page, 'video', 'face.mp4');
  await drop(page, 'audio', 'voice.mp3');
  const button = await waitForButton(page, 'Run');
  await page.locator('#price').filter({ hasText: '$0.07' }).waitFor();
  await screenshot(page, 'playground-ready');
  await button.click();
  await page.locator('.step[data-state=current]').filter({ hasText: 'In progress' }).waitFor();
  await assertAccessible(page);
  await screenshot(page, 'playground-running');
  await page.waitForSelector('#result-video');
  const played = await page.evaluate(async () => {
    const video = /** @type {HTMLVideoElement & { webkitAudioDecodedByteCount: number }} */ (
      document.querySelector('#result-video')
    );
    const ended = new Promise((resolve, reject) => {
      video.addEventListener('ended', resolve);
      video.addEventListener('error', reject);
    });
    await video.play();
    await ended;
    const { duration, videoWidth, webkitAudioDecodedByteCount: audio, error } = video;
    return { duration, videoWidth, audio, error };
  });
  assert.equal(played.error, null);
  assert.equal(played.videoWidth, 1280);
  assert.ok(played.duration > 3, `${played.duration} s`);
  assert.ok(played.audio > 0, 'the result has the sound of the voice');
  await assertAccessible(page);
  await screenshot(page, 'playground-done');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: /Download/ }).click(),
  ]);
  assert.ok((await stat(await download.path())).size > 100_000);

  await page.emulateMedia({ colorScheme: 'dark' });
  await assertAccessible(page);
  await screenshot(page, 'playground-dark');
  await page.setViewportSize({ width: 360, height: 740 });
  await assertFits(page);
  await assertAccessible(page);
  await screenshot(page, 'playground-narrow');

  // A page that is loaded again shows the job, and runs nothing.
  await page.reload();
  await page.waitForSelector('#result-video');
  assert.equal(await page.locator('.history__item').count(), 1);
  await close();
  await playground.stop();
});

test('the playground and the pages of its mock server are linked', async () => {
  const playground = await Playground.start();
  const { page, close } = await playground.open(browser);
  const [dashboard] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('link', { name: 'Watch the requests' }).click(),
  ]);
  await dashboard.getByRole('heading', { name: /default/ }).waitFor();
  await dashboard.locator('.app-bar__brand').click();
  await dashboard.getByRole('link', { name: 'Open the playground' }).click();
  await dashboard.waitForSelector('.drop');
  assert.equal(new URL(dashboard.url()).origin, playground.origin);
  await close();
  // A mock server of its own says how to start a playground.
  const { page: index, close: closeIndex } = await openPage(browser, mock.url);
  await index.getByText('viseme playground', { exact: true }).waitFor();
  await assertAccessible(index);
  await screenshot(index, 'worlds');
  await closeIndex();
  await playground.stop();
});

test('a download that failed is tried again with one press, and nothing is charged again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'viseme-playground-test-'));
  const scenario = join(folder, 'scenario.json');
  const faults = [{ at: 'output', nth: 1, do: { status: 404 } }];
  await writeFile(scenario, JSON.stringify({ faults }));
  const playground = await Playground.start(['--scenario', scenario]);
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  await choose(page, 'video', 'face.mp4');
  await choose(page, 'audio', 'voice.mp3');
  await (await waitForButton(page, 'Run')).click();
  const again = page.getByRole('button', { name: 'Download again' });
  await again.waitFor();
  await assertAccessible(page);
  await screenshot(page, 'playground-failed');
  await again.click();
  await page.waitForSelector('#result-video');
  await page.locator('#balance').filter({ hasText: '$99.93' }).waitFor();
  assert.equal(await page.locator('.history__item').count(), 1);
  await close();
  await playground.stop();
  await rm(folder, { recursive: true });
});

test('a text is spoken, and a picture gets an effect', async () => {
  const playground = await Playground.start();
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  await page.getByRole('tab', { name: 'Text to video' }).click();
  await choose(page, 'video', 'face.mp4');
  await page.getByLabel('Text', { exact: true }).fill('Hello! Give me a voice.');
  await (await waitForButton(page, 'Run')).click();
  await page.waitForSelector('#result-video');
  await assertAccessible(page);
  await screenshot(page, 'playground-text-to-video');
  await page.getByRole('tab', { name: 'Kling Effects' }).click();
  // A file that is being checked.
  /** @type {() => void} */
  let release = () => undefined;
  const released = new Promise((resolve) => (release = () => resolve(undefined)));
  await page.route('**/api/samples', async (route) => {
    await released;
    await route.continue();
  });
  await page.getByRole('button', { name: 'Use the sample' }).click();
  await page.waitForSelector('.drop[data-state=checking]');
  await assertAccessible(page);
  await screenshot(page, 'playground-checking');
  release();
  await page.waitForSelector('.drop[data-state=ready]');
  await (await waitForButton(page, 'Run')).click();
  await page.waitForFunction(() => document.querySelectorAll('.history__item').length === 2);
  await page.locator('#result-badge').filter({ hasText: 'Done' }).waitFor();
  await assertAccessible(page);
  await screenshot(page, 'playground-effects');
  await close();
  await playground.stop();
});

test('a wrong file is refused in words', async () => {
  const playground = await Playground.start();
  const { page, close } = await playground.open(browser);
  const field = await choose(page, 'video', 'voice.mp3', 'refused');
  const text = await field.textContent();
  assert.match(text ?? '', /voice\.mp3 is an MP3 audio file\. The model accepts MP4 or MOV\./);
  await choose(page, 'audio', 'voice.mp3');
  await page.locator('#run-hint').filter({ hasText: 'Change the video first' }).waitFor();
  assert.equal(await page.locator('#run').getAttribute('aria-disabled'), 'true');
  await assertAccessible(page);
  await screenshot(page, 'playground-refused');
  await close();
  await playground.stop();
});

test('the page is usable with the keyboard alone', async () => {
  const playground = await Playground.start();
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  for (const field of ['video', 'audio']) {
    const sample = page
      .locator(`.drop[data-field=${field}]`)
      .getByRole('button', { name: 'Use the sample' });
    await sample.focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector(`.drop[data-field=${field}][data-state=ready]`);
  }
  await (await waitForButton(page, 'Run')).focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('#result-video');
  await page.locator('#models [aria-selected=true]').focus();
  await page.keyboard.press('ArrowRight');
  await page.getByLabel('Text', { exact: true }).waitFor();
  await assertAccessible(page);
  // A press on the selected model keeps its form.
  await page.keyboard.press('Enter');
  assert.ok(await page.getByLabel('Text', { exact: true }).isVisible());
  await close();
  await playground.stop();
});

test('the camera and the microphone record files that the model accepts', async () => {
  const playground = await Playground.start();
  const { page, close } = await playground.open(browser, {
    permissions: ['camera', 'microphone'],
    allow: [/ERR_ABORTED/],
  });
  for (const field of ['audio', 'video']) {
    const box = page.locator(`.drop[data-field=${field}]`);
    const button = box.getByRole('button', { name: 'Record' });
    // A browser without an encoder for MP4 says so.
    if (await button.isDisabled()) continue;
    await button.click();
    await page.getByRole('button', { name: 'Start' }).click();
    // The model takes two seconds or more, and a busy machine records the first late.
    await page.waitForTimeout(4000);
    await page.getByRole('button', { name: 'Stop and use' }).click();
    await page.waitForSelector(`.drop[data-field=${field}][data-state=ready]`);
  }
  assert.match((await page.locator('.drop[data-field=audio]').textContent()) ?? '', /voice\.wav/);
  await close();
  await playground.stop();
});

test('live, the first press asks for the price and the second pays once, and the key is in no response', async () => {
  const world = await mock.world();
  const { playground, stop } = await startLive(world);
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/, /409/] });
  /** @type {Promise<string>[]} */
  const bodies = [];
  page.on('response', (response) => {
    if (!response.url().endsWith('/events')) bodies.push(response.text().catch(() => ''));
  });
  await page.reload();
  await choose(page, 'video', 'face.mp4');
  await choose(page, 'audio', 'voice.mp3');
  const ask = await waitForButton(page, 'Upload and get the price');
  const quoted = page.waitForRequest('**/api/quotes');
  await ask.click();
  await quoted;
  const pay = await waitForButton(page, 'Run for $0.07');
  const requested = page.waitForRequest('**/api/jobs');
  await pay.dblclick();
  const body = (await requested).postData() ?? '';
  await page.waitForSelector('#result-video');
  const again = await page.evaluate(async (body) => {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch('/api/jobs', { method: 'POST', headers, body });
    return { status: response.status, error: (await response.json()).error };
  }, body);
  assert.equal(again.status, 409);
  assert.equal(again.error.code, 'quote_used');
  const { charges } = await world.control('GET', 'ledger');
  assert.equal(charges.length, 1);
  const received = (await Promise.all(bodies)).join('\n');
  assert.ok(received.includes('kling-lipsync'));
  assert.ok(!received.includes(world.key), 'the key is in a response');
  await close();
  await stop();
});

test('another page can neither read nor pay, also with the cookie in the same browser', async () => {
  const world = await mock.world();
  const { playground, stop } = await startLive(world);
  const { page, close } = await playground.open(browser);
  // A page of another origin on this machine, in the browser that has the cookie.
  const server = createServer((_, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>Other</title>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const other = await page.context().newPage();
  await other.goto(`http://127.0.0.1:${port}/`);
  const results = await other.evaluate(async (origin) => {
    const attempt = async (/** @type {string} */ path, /** @type {RequestInit} */ init) => {
      try {
        const response = await fetch(origin + path, { credentials: 'include', ...init });
        return response.type === 'opaque' ? 'opaque' : String(response.status);
      } catch {
        return 'blocked';
      }
    };
    return [
      await attempt('/api/session', {}),
      await attempt('/api/jobs', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"quote":"x"}',
      }),
    ];
  }, playground.origin);
  assert.deepEqual(results, ['blocked', 'blocked']);
  server.close();
  const used = await fetch(playground.link);
  assert.equal(used.status, 403, 'the link works once');
  assert.equal((await world.control('GET', 'ledger')).charges.length, 0);
  await close();
  await stop();
});
