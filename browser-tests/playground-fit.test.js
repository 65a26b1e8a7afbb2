// @ts-check
// Fit in the playground: files that the model does not take are made acceptable.

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAccessible, assertFits, screenshot, startBrowser } from './support/browser.js';
import { makeVideo, makeVoice } from './support/media.js';
import { Playground, choose, waitForButton } from './support/playground.js';
import { until } from './support/wait.js';

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {string} */
let folder;
/** Videos and a voice. @type {{ wide: string, long: string, voice: string }} */
let media;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'viseme-fit-test-'));
  const [wide, long, voice] = await Promise.all([
    makeVideo(folder, 'wide.mp4', { seconds: 3, size: '1800x600' }),
    makeVideo(folder, 'long.mp4', { seconds: 20, size: '1280x720' }),
    makeVoice(folder, 'voice.mp3', { seconds: 20 }),
  ]);
  media = { wide, long, voice };
  browser = await startBrowser();
});

after(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

/**
 * Returns the brightness of a video's top row, and of its middle.
 *
 * @param {import('playwright-core').Page} page
 */
function brightness(page) {
  return page.evaluate(async () => {
    const video = document.querySelector('.drop[data-field=video] video');
    if (!(video instanceof HTMLVideoElement)) throw new Error('no video');
    if (video.readyState < 2) {
      video.preload = 'auto';
      video.load();
      await new Promise((resolve) => video.addEventListener('loadeddata', resolve));
    }
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    // On a loaded machine the first frame can be drawn only some time after `loadeddata`: until then
    // the canvas stays transparent.
    const isDrawn = () => {
      context?.drawImage(video, 0, 0);
      return context?.getImageData(0, canvas.height / 2, 1, 1).data[3] === 255;
    };
    const end = Date.now() + 120_000;
    while (!isDrawn() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
    const at = (/** @type {number} */ y) => {
      const pixel = context?.getImageData(canvas.width / 2, y, 1, 1).data ?? [];
      return Math.max(pixel[0] ?? 0, pixel[1] ?? 0, pixel[2] ?? 0);
    };
    return { size: [canvas.width, canvas.height], top: at(2), middle: at(canvas.height / 2) };
  });
}

test('a picture of another shape gets borders, or is cropped, and the original comes back', async () => {
  const playground = await Playground.start();
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  const drop = await choose(page, 'video', media.wide, 'refused');
  const panel = page.locator('#fit');
  const step = panel.getByText('Scale to 1920 × 720 with borders');
  await step.waitFor();
  assert.match((await drop.textContent()) ?? '', /Fit can scale to 1920 × 720 with borders/);
  assert.match((await panel.locator('li').first().textContent()) ?? '', /loses quality/);
  await assertAccessible(page);
  await panel.scrollIntoViewIfNeeded();
  await screenshot(page, 'playground-fit');
  await panel.getByRole('button', { name: 'Fit it' }).click();
  await page.waitForSelector('.drop[data-field=video][data-state=ready]');
  assert.ok(await panel.isHidden());
  const bordered = await brightness(page);
  assert.deepEqual(bordered.size, [1920, 720]);
  assert.ok(bordered.top < 20 && bordered.middle > 100, JSON.stringify(bordered));
  assert.match((await drop.textContent()) ?? '', /Made from wide\.mp4: scale to 1920 × 720/);
  await assertAccessible(page);
  await drop.scrollIntoViewIfNeeded();
  await screenshot(page, 'playground-fitted');

  await drop.getByRole('button', { name: 'Use the original' }).click();
  await step.waitFor();
  await panel.getByLabel('Crop').check();
  await panel.getByText('Scale to 1920 × 720 and crop').waitFor();
  await panel.getByRole('button', { name: 'Fit it' }).click();
  await page.waitForSelector('.drop[data-field=video][data-state=ready]');
  const cropped = await brightness(page);
  assert.deepEqual(cropped.size, [1920, 720]);
  assert.ok(cropped.top > 100 && cropped.middle > 100, JSON.stringify(cropped));

  // A job runs with the file that was made.
  await choose(page, 'audio', 'voice.mp3');
  await (await waitForButton(page, 'Run')).click();
  await page.waitForSelector('#result-video');
  await close();
  await playground.stop();
});

test('the part to keep is chosen, and the voice is cut with the video', async () => {
  const playground = await Playground.start();
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  const audio = await choose(page, 'audio', media.voice);
  await choose(page, 'video', media.long, 'refused');
  const panel = page.locator('#fit');
  await panel.getByRole('listitem').filter({ hasText: 'Audio' }).waitFor();
  await panel.getByLabel('From', { exact: true }).fill('19');
  await panel.getByLabel('To', { exact: true }).fill('5');
  await panel.getByText('ends at 0:05, not after its start at 0:19').waitFor();
  assert.equal(await panel.getByRole('button', { name: 'Fit it' }).count(), 0);
  await panel.getByLabel('From', { exact: true }).fill('8');
  await panel.getByLabel('To', { exact: true }).fill('14.5');
  await panel.getByRole('listitem').filter({ hasText: 'Cut to 6.5 s at 0:08' }).first().waitFor();
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 844 });
  await assertFits(page);
  await assertAccessible(page);
  await panel.scrollIntoViewIfNeeded();
  await screenshot(page, 'playground-fit-narrow');
  await panel.getByRole('button', { name: 'Fit it' }).focus();
  await page.keyboard.press('Enter');
  const video = page.locator('.drop[data-field=video][data-state=ready]');
  await video.waitFor();
  assert.match((await video.textContent()) ?? '', /· 6\.[45] s ·/);
  assert.match((await audio.textContent()) ?? '', /· 6\.[56] s/);
  await waitForButton(page, 'Run');
  await video.getByRole('button', { name: 'Use the original' }).click();
  await page.waitForSelector('.drop[data-field=video][data-state=refused]');
  assert.match((await audio.textContent()) ?? '', /· 20\.\d s/);
  await close();
  await playground.stop();
});

test('without ffmpeg the page says how to install it', async () => {
  const playground = await Playground.start([], { PATH: folder, VISEME_FFMPEG: '' });
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/, /422/] });
  await choose(page, 'video', media.wide, 'refused');
  const panel = page.locator('#fit');
  const message = panel.locator('.notice[data-tone=danger]');
  await message.waitFor();
  assert.match((await message.textContent()) ?? '', /ffmpeg was not found\. Install it: `apt/);
  await panel.getByRole('button', { name: 'Try again' }).waitFor();
  await assertAccessible(page);
  await panel.scrollIntoViewIfNeeded();
  await screenshot(page, 'playground-fit-no-ffmpeg');
  await close();
  await playground.stop();
});

test('a fit that is cancelled stops ffmpeg', async () => {
  // An ffmpeg that never ends its work, and says which process it is.
  const program = join(folder, 'slow-ffmpeg');
  const pidFile = join(folder, 'pid');
  const script = [
    '#!/bin/sh',
    'case "$*" in',
    `  *libx264*) echo $$ > '${pidFile}.new'; mv '${pidFile}.new' '${pidFile}'; exec sleep 600 ;;`,
    '  *) exec ffmpeg "$@" ;;',
    'esac',
  ];
  await writeFile(program, `${script.join('\n')}\n`);
  await chmod(program, 0o755);
  const playground = await Playground.start([], { VISEME_FFMPEG: program });
  const { page, close } = await playground.open(browser, { allow: [/ERR_ABORTED/] });
  await choose(page, 'video', media.wide, 'refused');
  const panel = page.locator('#fit');
  await panel.getByRole('button', { name: 'Fit it' }).click();
  await panel.getByText('ffmpeg makes new files').waitFor();
  const pid = Number(await until(() => readFile(pidFile, 'utf8').catch(() => null)));
  await assertAccessible(page);
  await panel.getByRole('button', { name: 'Cancel' }).click();
  await panel.getByRole('button', { name: 'Fit it' }).waitFor();
  await until(() => !isRunning(pid));
  await page.waitForSelector('.drop[data-field=video][data-state=refused]');
  await close();
  await playground.stop();
});

/** @param {number} pid */
function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
