// Copies the native library that Cargo built to where the package finds it in a checkout.
// Arguments: the profile's folder (default `debug`), and the target file (default: `native/`).
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { platformName, libraryName } from './platform.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [profile = 'debug', given] = process.argv.slice(2);
const metadata = execFileSync('cargo', ['metadata', '--format-version', '1', '--no-deps'], {
  cwd: here,
  maxBuffer: 64 * 1024 * 1024,
});
const { target_directory } = JSON.parse(metadata.toString());
const target = given ?? join(here, '..', 'native', `viseme.${platformName()}.node`);
mkdirSync(dirname(target), { recursive: true });
// A process may have the old file mapped: replace it instead of overwriting it.
rmSync(target, { force: true });
copyFileSync(join(target_directory, profile, libraryName('viseme_node')), target);
