/** pg-boss: a worker that pays for each clip once. */
import PgBoss from 'pg-boss';
import { Client } from 'viseme';

const model = 'kwaivgi/kling-lipsync/audio-to-video';
const client = new Client({ ledger: 'ledger.db' });
const boss = new PgBoss(process.env['DATABASE_URL']!);
boss.on('error', console.error);
await boss.start();

await boss.createQueue('clips');
await boss.work<Record<'id' | 'audio' | 'video' | 'path', string>>('clips', async ([clip]) => {
  const { id, audio, video, path } = clip!.data;
  const prediction = await client.run({ model, audio, video }, { key: id });
  await client.downloadOutput(prediction, path);
});
