/** Starts a worker of the recipe or of the naive job, with the short times of tests. */
import { Client } from 'viseme';

import { startWorker } from '../clips.ts';
import { startNaiveWorker } from './naive.ts';

const { CLIPS_REDIS, CLIPS_LEDGER, CLIPS_WAIT_MS = '10000' } = process.env;
const options = {
  connection: { url: CLIPS_REDIS! },
  concurrency: Number(process.argv[3] ?? 1),
  lockDuration: 3000,
  stalledInterval: 1000,
};
const worker = process.argv[2] === 'naive' ? startNaiveWorker(options) : startRecipe();
worker.on('error', console.error);
worker.on('failed', (job, error) => console.error(job?.name, error));
process.once('SIGTERM', () => void worker.close().then(() => process.exit(0)));

function startRecipe() {
  const client = new Client({
    ledger: CLIPS_LEDGER!,
    allowPrivateAddresses: true,
    checkRemoteMedia: false,
    pacing: { intervalMs: 200 },
    recoveryWindowMs: 1000,
  });
  return startWorker(client, options, { waitMs: Number(CLIPS_WAIT_MS), pauseMs: 500 });
}
