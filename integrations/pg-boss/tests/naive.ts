/** pg-boss with a plain POST. */
import PgBoss from 'pg-boss';

const API = `${process.env['WAVESPEED_BASE_URL']}/api/v3`;
const HEADERS = {
  authorization: `Bearer ${process.env['WAVESPEED_API_KEY']}`,
  'content-type': 'application/json',
};

const boss = new PgBoss(process.env['DATABASE_URL']!);
boss.on('error', console.error);
await boss.start();

await boss.createQueue('clips');
await boss.work<Record<'audio' | 'video', string>>('clips', async ([clip]) => {
  const { audio, video } = clip!.data;
  const url = `${API}/kwaivgi/kling-lipsync/audio-to-video`;
  const body = JSON.stringify({ audio, video });
  const { id } = await request(url, { method: 'POST', headers: HEADERS, body });
  for (;;) {
    const result = await request(`${API}/predictions/${id}/result`, { headers: HEADERS });
    if (result.status === 'failed') throw new Error(result.error);
    if (result.status === 'completed') return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
});

async function request(
  url: string,
  options: RequestInit,
): Promise<Record<'id' | 'status' | 'error', string>> {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return ((await response.json()) as { data: Record<'id' | 'status' | 'error', string> }).data;
}
