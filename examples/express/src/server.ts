/** Starts the service. It sends webhooks to PUBLIC_URL; without it, it polls. */
import type { AddressInfo } from 'node:net';

import { Client } from 'viseme';

import { createApp } from './app.js';
import { Clips } from './clips.js';

const client = new Client({ ledger: process.env['LEDGER'] ?? 'ledger.db' });
const clips = new Clips(client, process.env['PUBLIC_URL']);
await clips.start();
const app = createApp(client, clips);
const server = app.listen(Number(process.env['PORT'] ?? 8000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    // Requests and submits in flight are finished first.
    server.close(() => void clips.close().then(() => process.exit(0)));
    server.closeIdleConnections();
  });
}
