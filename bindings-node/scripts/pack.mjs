// Makes the tarballs that are published: the packages `viseme` and `viseme-mock`, and those with what
// is native on this platform. Arguments: Cargo's profile folder (default `debug`; publish `release`)
// and where to (default `target/npm`). What is native has to be built; releases run this on each
// platform, and publish the two packages without native parts from one of them.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { libraryName, platformName } from './platform.mjs';

/** The platforms that have native packages. */
const PLATFORMS = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'win32-x64-msvc',
];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [profile = 'debug', to = join(root, '..', 'target', 'npm')] = process.argv.slice(2);
const target = join(root, '..', 'target', profile);
const platform = platformName();
const [os, cpu, libc] = platform.split('-');
const exe = process.platform === 'win32' ? '.exe' : '';

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
face(root, '@viseme/');
face(join(root, 'mock'), '@viseme/mock-');
native('@viseme/', libraryName('viseme_node'), `viseme.${platform}.node`);
native('@viseme/mock-', `viseme-mock${exe}`, `viseme-mock${exe}`);

/** A package without native parts, which depends on those of all platforms. */
function face(folder, prefix) {
  const { devDependencies: _, scripts: _s, prettier: _p, ...own } = read(folder);
  const optional = PLATFORMS.map((name) => [`${prefix}${name}`, own.version]);
  const made = { ...own, optionalDependencies: Object.fromEntries(optional) };
  const place = join(to, own.name);
  mkdirSync(place);
  for (const name of ['dist', 'bin', 'README.md']) {
    try {
      cpSync(join(folder, name), join(place, name), { recursive: true });
    } catch (error) {
      if (name !== 'bin' || error.code !== 'ENOENT') throw error;
    }
  }
  finish(place, made);
}

/** The package with the native part of this platform. */
function native(prefix, built, file) {
  const { version, license, engines } = read(root);
  const name = `${prefix}${platform}`;
  const isAddon = file.endsWith('.node');
  const made = {
    name,
    version,
    license,
    engines,
    description: `What is native of ${isAddon ? 'viseme' : 'viseme-mock'} on ${platform}`,
    os: [os],
    cpu: [cpu],
    ...(os === 'linux' && { libc: [libc === 'gnu' ? 'glibc' : 'musl'] }),
    ...(isAddon && { main: file }),
    files: [file, 'LICENSE-*'],
  };
  const place = join(to, name.replaceAll('/', '-'));
  mkdirSync(place);
  copyFileSync(join(target, built), join(place, file));
  chmodSync(join(place, file), 0o755);
  finish(place, made);
}

function finish(place, made) {
  writeFileSync(join(place, 'package.json'), `${JSON.stringify(made, null, 2)}\n`);
  for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
    copyFileSync(join(root, '..', licence), join(place, licence));
  }
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['pack', '--silent', '--pack-destination', to], { cwd: place, stdio: 'pipe' });
}

function read(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
