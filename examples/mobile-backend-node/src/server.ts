/** Starts the backend. It ends when the requests and submits in flight have ended. */
import type { AddressInfo } from 'node:net';

import { createBackend } from './backend.js';
import { readSettings } from './settings.js';

const { app, close } = await createBackend(readSettings());
const server = app.listen(Number(process.env['PORT'] ?? 8000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close(() => void close().then(() => process.exit(0)));
    server.closeIdleConnections();
  });
}
