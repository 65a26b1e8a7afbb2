// Shared by the tests: a mock server, the samples, and clients with short pauses.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Client } from 'viseme';
import { MockServer } from '../mock/dist/index.mjs';

export const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(HERE, '..');
const SAMPLES = join(ROOT, '..', 'samples');
export const VIDEO = join(SAMPLES, 'face.mp4');
export const AUDIO = join(SAMPLES, 'voice.mp3');
export const MODEL = 'kwaivgi/kling-lipsync/audio-to-video';
export const INPUT = { model: MODEL, audio: AUDIO, video: VIDEO };

/** A scenario whose jobs complete at once, and one whose jobs never do. */
export const FAST = { jobs: [{ timeline: [{ created: '0s' }, { completed: '50ms' }] }] };
export const ENDLESS = { jobs: [{ timeline: [{ created: '0s' }, { processing: '10ms' }] }] };

let server;

/** Creates a world on this file's mock server. */
export async function world(scenario = FAST) {
  server ??= MockServer.start();
  return await (await server).makeWorld({ scenario });
}

export function clientOf({ baseUrl, key }, settings = {}) {
  return new Client({
    ignoreEnv: true,
    baseUrl,
    apiKey: key,
    pacing: { intervalMs: 30 },
    backoff: { baseMs: 20, maxMs: 100 },
    ...settings,
  });
}

/** Creates a world and a client of it. */
export async function setUp(scenario, settings) {
  const made = await world(scenario);
  return { world: made, client: clientOf(made, settings) };
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the condition holds; throws after half a minute. */
export async function until(condition, what) {
  const end = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`timed out waiting until ${what}`);
    await sleep(20);
  }
}

export async function polls(of) {
  const journal = await of.journal();
  return journal.filter(({ path }) => path.endsWith('/result')).length;
}

/** Runs a Node program to its end; returns its output and exit code. */
export async function node(args, options = {}) {
  const all = { timeout: 60_000, cwd: ROOT, ...options };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, all);
    return { stdout, stderr, code: 0 };
  } catch (error) {
    const { stdout = '', stderr = '', code, signal } = error;
    return { stdout, stderr, code: code ?? signal };
  }
}

/** Collects the warnings of the process during an action. */
export async function warningsOf(action) {
  const warnings = [];
  const collect = (warning) => warnings.push(warning);
  process.on('warning', collect);
  try {
    await action();
    await sleep(50);
  } finally {
    process.off('warning', collect);
  }
  return warnings;
}
