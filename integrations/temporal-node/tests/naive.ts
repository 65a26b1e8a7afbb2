/** The activity that most people write: a POST and a wait. */
import { heartbeat } from '@temporalio/activity';

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

async function lipSyncNaively(parameters: object): Promise<string> {
  const timer = setInterval(() => heartbeat(), 1000);
  try {
    const url = `${API}/kwaivgi/kling-lipsync/audio-to-video`;
    const body = JSON.stringify(parameters);
    const { id } = await request(url, { method: 'POST', headers: HEADERS, body });
    for (;;) {
      const result = await request(`${API}/predictions/${id}/result`, { headers: HEADERS });
      if (result.status === 'failed') throw new Error(result.error);
      if (result.status === 'completed') return result.outputs[0]!;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } finally {
    clearInterval(timer);
  }
}

async function request(url: string, options: RequestInit): Promise<Prediction> {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return ((await response.json()) as { data: Prediction }).data;
}

export const naiveActivities = { lipSyncNaively };
