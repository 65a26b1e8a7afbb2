// @ts-check
// Makes media with ffmpeg, for the tests.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const QUIET = ['-hide_banner', '-nostdin', '-loglevel', 'error', '-y'];

/**
 * Makes a video of one colour.
 *
 * @param {string} folder
 * @param {string} name
 * @param {{ seconds: number, size: string, rate?: number }} options
 */
export async function makeVideo(folder, name, { seconds, size, rate = 25 }) {
  const path = join(folder, name);
  const source = `color=c=0x30a060:s=${size}:r=${rate}:d=${seconds}`;
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-pix_fmt', 'yuv420p'];
  await run('ffmpeg', [...QUIET, '-f', 'lavfi', '-i', source, ...codec, path]);
  return path;
}

/**
 * Makes a voice: tones, with silence between them.
 *
 * @param {string} folder
 * @param {string} name
 * @param {{ seconds: number, speech?: [number, number][] }} options `speech` are the times of the tones, in
 *   seconds; without them, the tone has no pause
 */
export async function makeVoice(folder, name, { seconds, speech = [[0, seconds]] }) {
  const path = join(folder, name);
  const times = speech.map(([from, to]) => `between(t,${from},${to})`).join('+');
  const source = `aevalsrc=exprs='0.4*sin(2*PI*220*t)*(${times})':s=16000:d=${seconds}`;
  await run('ffmpeg', [...QUIET, '-f', 'lavfi', '-i', source, path]);
  return path;
}
