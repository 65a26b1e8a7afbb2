/** The processor that most people write: a POST and a wait in one job with `attempts`. */
import { writeFile } from 'node:fs/promises';
import { Worker, type Job, type WorkerOptions } from 'bullmq';

import type { Clip } from '../clips.ts';

const API = `${process.env['WAVESPEED_BASE_URL']}/api/v3`;
const HEADERS = {
  authorization: `Bearer ${process.env['WAVESPEED_API_KEY']}`,
  'content-type': 'application/json',
};

interface Prediction {
  id: string;
  status: string;
  outputs: string[];
  error: string;
}

export function startNaiveWorker(options: WorkerOptions): Worker<Clip, string> {
  return new Worker('naive', lipSync, options);
}

async function lipSync({ data: { audio, video, path } }: Job<Clip, string>): Promise<string> {
  const url = `${API}/kwaivgi/kling-lipsync/audio-to-video`;
  const body = JSON.stringify({ audio, video });
  const { id } = await request(url, { method: 'POST', headers: HEADERS, body });
  for (;;) {
    const result = await request(`${API}/predictions/${id}/result`, { headers: HEADERS });
    if (result.status === 'failed') throw new Error(result.error);
    if (result.status === 'completed') {
      const output = await fetch(result.outputs[0]!);
      await writeFile(path, Buffer.from(await output.arrayBuffer()));
      return path;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function request(url: string, options: RequestInit): Promise<Prediction> {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return ((await response.json()) as { data: Prediction }).data;
}
