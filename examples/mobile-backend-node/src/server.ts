/** Starts the backend. It ends when the requests and submits in flight have ended. */
import type { AddressInfo } from 'node:net';

import { createBackend } from './backend.js';
import { readCount, readSettings } from './settings.js';

const { app, close } = await createBackend(readSettings());
// For a phone, LISTEN_ADDRESS is 0.0.0.0; a server is behind a proxy that has https.
const host = process.env['LISTEN_ADDRESS'] || '127.0.0.1';
const server = app.listen(readCount(process.env, 'PORT', 8000), host, () => {
  console.log(`http://${host}:${(server.address() as AddressInfo).port}`);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close(() => void close().then(() => process.exit(0)));
    server.closeIdleConnections();
  });
}
