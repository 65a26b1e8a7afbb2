// Runs all tests, or those whose files begin with one of the arguments, such as `bullmq/` or
// `bullmq/tests/kills.test.ts`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const named = process.argv.slice(2).map((name) => name.replace(/\.ts$/, '.js'));
const files = readdirSync('dist', { recursive: true })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => named.length === 0 || named.some((name) => file.startsWith(name)))
  .map((file) => join('dist', file));
if (files.length === 0) throw new Error(`no test file begins with ${named.join(' or ')}`);
const flags = ['--test', '--test-reporter=spec', '--test-concurrency=2', '--test-timeout=600000'];
const { status } = spawnSync(process.execPath, [...flags, ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
