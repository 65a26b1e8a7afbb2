#!/usr/bin/env node
// `npx viseme-mock`: runs this platform's program with the same arguments and signals.
'use strict';

const { spawn } = require('node:child_process');

const { binaryPath } = require('../dist/binary.js');

const child = spawn(binaryPath(), process.argv.slice(2), { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => child.kill(signal));
}
child.on('error', (error) => {
  console.error(`viseme-mock: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  if (signal === null) {
    process.exit(code);
  }
  // Exit like the program.
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
