// Puts the native part that Cargo built where the package looks for it in a checkout.
// Arguments: the profile's folder (default `debug`), and the file to make (default: the usual one).
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
// A process may have the old one mapped: it is replaced, not written over.
rmSync(target, { force: true });
copyFileSync(join(target_directory, profile, libraryName('viseme_node')), target);
