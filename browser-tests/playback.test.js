// @ts-check
// Chromium plays the dubbed outputs of the mock server: every video with every voice of the tests of the
// crate `viseme-dubbing`.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, openPage, startBrowser } from './support/browser.js';
import { MockServer } from './support/server.js';

const run = promisify(execFile);

/**
 * What Chromium has no decoder for, on most machines or on all. The tests of `viseme-dubbing` decode them
 * with ffmpeg.
 */
const NOT_PLAYED = ['hevc.mp4', 'hevc.mov', 'alac.m4a'];

/** @typedef {{ name: string, ffmpeg: string }} MediaFile */

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {MockServer} */
let mock;

before(async () => {
  [browser, mock] = await Promise.all([startBrowser(), MockServer.start()]);
});

after(async () => {
  await browser.close();
  await mock.stop();
});

/**
 * Makes the media in a folder. Returns the names of those that Chromium plays.
 *
 * @param {string} folder
 */
async function makeMedia(folder) {
  const text = await readFile(join(ROOT, 'dubbing/tests/matrix.json'), 'utf8');
  /** @type {{ words: Record<string, string>, videos: MediaFile[], voices: MediaFile[] }} */
  const matrix = JSON.parse(text);
  const make = async (/** @type {MediaFile} */ { name, ffmpeg }) => {
    const all = ffmpeg.replaceAll(/\{(\w+)\}/g, (_, word) => matrix.words[word] ?? '');
    const options = ['-hide_banner', '-nostdin', '-loglevel', 'error'];
    await run('ffmpeg', [...options, ...all.split(/\s+/), name], { cwd: folder });
    return name;
  };
  const played = (/** @type {MediaFile[]} */ files) =>
    files.filter(({ name }) => !NOT_PLAYED.includes(name));
  const [first, ...others] = played(matrix.videos);
  assert.ok(first !== undefined);
  // The first video is the source of others.
  const videos = [await make(first), ...(await Promise.all(others.map(make)))];
  return { videos, voices: await Promise.all(played(matrix.voices).map(make)) };
}

/**
 * Uploads a file to the mock server. Returns its URL.
 *
 * @param {import('./support/server.js').World} world
 * @param {string} path
 * @returns {Promise<string>}
 */
async function upload(world, path) {
  const form = new FormData();
  form.set('file', new Blob([await readFile(path)]), path);
  const headers = { authorization: `Bearer ${world.key}` };
  const url = `${mock.url}/api/v3/media/upload/binary`;
  const response = await fetch(url, { method: 'POST', headers, body: form });
  return (await response.json()).data.download_url;
}

/**
 * Runs a job. Returns the URL of its output.
 *
 * @param {import('./support/server.js').World} world
 * @param {string} video
 * @param {string} audio
 * @returns {Promise<string>}
 */
async function dub(world, video, audio) {
  const submit = await world.call('POST', 'kwaivgi/kling-lipsync/audio-to-video', { video, audio });
  const { data } = await submit.json();
  const result = await world.call('GET', `predictions/${data.id}/result`);
  return (await result.json()).data.outputs[0];
}

/**
 * Plays videos to their ends, side by side, and decodes their sound. Runs in the page.
 *
 * @param {string[]} urls
 */
function playAll(urls) {
  /** @param {string} url */
  const play = async (url) => {
    const video = /** @type {HTMLVideoElement & { webkitAudioDecodedByteCount: number }} */ (
      document.createElement('video')
    );
    video.src = url;
    video.playbackRate = 2;
    document.body.append(video);
    const ended = new Promise((resolve) => {
      video.addEventListener('ended', () => resolve('ended'));
      video.addEventListener('error', () => resolve(video.error?.message ?? 'error'));
      setTimeout(() => resolve(`stopped at ${video.currentTime} s`), 120_000);
    });
    await video.play().catch(() => undefined);
    const end = await ended;
    const pictures = video.getVideoPlaybackQuality().totalVideoFrames;
    const { duration, videoWidth, videoHeight, webkitAudioDecodedByteCount: soundBytes } = video;
    video.remove();
    const bytes = await (await fetch(url)).arrayBuffer();
    const decoding = new OfflineAudioContext(1, 1, 48_000).decodeAudioData(bytes);
    const sound = await decoding.catch(() => null);
    const samples = sound?.getChannelData(0) ?? new Float32Array();
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const size = [videoWidth, videoHeight].sort((a, b) => a - b);
    const soundSeconds = sound?.duration ?? 0;
    return { end, pictures, duration, size, soundBytes, soundSeconds, loudest };
  };
  return Promise.all(urls.map(play));
}

test('Chromium plays each video with each voice to the end, with sound', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'viseme-playback-'));
  const { videos, voices } = await makeMedia(folder);
  assert.ok(videos.length >= 7 && voices.length >= 10, `${videos.length} × ${voices.length}`);
  const scenario = { output: 'dubbed', jobs: [{ timeline: [{ completed: '0s' }] }] };
  const world = await mock.world({ scenario });
  const voiceUrls = await Promise.all(voices.map((name) => upload(world, join(folder, name))));
  const { page, close } = await openPage(browser, mock.url);
  // An empty page of the same server, without the policy of its pages.
  await page.route('**/empty', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Empty</title>' }),
  );
  await page.goto(`${mock.url}/empty`);
  /** @type {string[]} */
  const failed = [];
  for (const video of videos) {
    const videoUrl = await upload(world, join(folder, video));
    const urls = await Promise.all(voiceUrls.map((voice) => dub(world, videoUrl, voice)));
    const results = await page.evaluate(playAll, urls);
    results.forEach((result, index) => {
      const isPlayed = result.end === 'ended' && result.pictures >= 40 && result.duration > 1.8;
      const hasSound = result.soundBytes > 0 && result.soundSeconds > 0.9 && result.loudest > 0.1;
      const isWhole = result.size[0] === 180 && result.size[1] === 320;
      if (!isPlayed || !hasSound || !isWhole) {
        failed.push(`${video} with ${voices[index]}: ${JSON.stringify(result)}`);
      }
    });
  }
  assert.deepEqual(failed, []);
  await close();
  await rm(folder, { recursive: true });
});
