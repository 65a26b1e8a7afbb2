// The driver of the Node client: executes the operations of the conformance suite and reports their
// outcomes. The argument is the native library that was built for tests. See
// ../../conformance/protocol.md.
import { createInterface } from 'node:readline';
import { connect } from 'node:net';

const [addon] = process.argv.slice(2);
process.env.VISEME_NATIVE_ADDON = addon;
const { execute, closeClient } = await import('./operations.mjs');
const { FEATURES } = await import('./features.mjs');
const { version } = (await import('viseme/package.json', { with: { type: 'json' } })).default;

const [host, port] = process.env.VISEME_CONFORMANCE.split(':');
const socket = connect(Number(port), host);
const send = (message) => socket.write(`${JSON.stringify(message)}\n`);
const open = new Map();

send({ type: 'hello', protocol: 1, name: 'node', version, language: 'node', features: FEATURES });

for await (const line of createInterface({ input: socket })) {
  const message = JSON.parse(line);
  if (message.type === 'run') {
    void run(message);
  } else if (message.type === 'cancel') {
    open.get(message.id)?.abort();
  } else if (message.type === 'close') {
    closeClient(message.client);
  } else if (message.type === 'bye') {
    break;
  }
}
process.exit(0);

async function run(message) {
  const { id } = message;
  const controller = new AbortController();
  open.set(id, controller);
  if (message.cancelled_before) {
    controller.abort();
  }
  const outcome = await execute(message, controller.signal);
  open.delete(id);
  send({ type: 'outcome', id, ...outcome });
}
