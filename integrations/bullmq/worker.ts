/** Starts a worker: `node worker.ts`. */
import { Client } from 'viseme';

import { startWorker } from './clips.ts';

const { CLIPS_REDIS, CLIPS_LEDGER } = process.env;

// The ledger is a file on a local disk, for the workers of one machine.
const client = new Client({ ledger: CLIPS_LEDGER ?? 'ledger.db' });
const worker = startWorker(client, {
  connection: { url: CLIPS_REDIS ?? 'redis://localhost:6379' },
});
worker.on('error', (error) => console.error(error.message));
worker.on('failed', (job, error) => console.error(job?.data.id, job?.name, error.message));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // The current steps end first, at most 20 seconds each.
  process.once(signal, () => void worker.close().then(() => client.close()));
}
