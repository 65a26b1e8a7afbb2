// Creates the npm tarballs: the packages `viseme` and `viseme-mock`, and their native packages for this
// platform. Arguments: Cargo's profile folder (default `debug`; publish `release`) and the output
// folder (default `target/npm`). Build the native library first. Releases run this on each platform
// and publish the two packages without native code from one of them.
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
facade(root, '@viseme/');
facade(join(root, 'mock'), '@viseme/mock-');
native('@viseme/', libraryName('viseme_node'), `viseme.${platform}.node`);
native('@viseme/mock-', `viseme-mock${exe}`, `viseme-mock${exe}`);

/** Packs a package without native code; it depends on the native packages of all platforms. */
function facade(source, prefix) {
  const { devDependencies: _, scripts: _s, prettier: _p, ...own } = read(source);
  const optional = PLATFORMS.map((name) => [`${prefix}${name}`, own.version]);
  const manifest = { ...own, optionalDependencies: Object.fromEntries(optional) };
  const folder = join(to, own.name);
  mkdirSync(folder);
  for (const name of ['dist', 'bin', 'README.md']) {
    try {
      cpSync(join(source, name), join(folder, name), { recursive: true });
    } catch (error) {
      if (name !== 'bin' || error.code !== 'ENOENT') throw error;
    }
  }
  finish(folder, manifest);
}

/** Packs the native package of this platform. */
function native(prefix, built, file) {
  const { version, license, engines } = read(root);
  const name = `${prefix}${platform}`;
  const isAddon = file.endsWith('.node');
  const manifest = {
    name,
    version,
    license,
    engines,
    description: `The native code of ${isAddon ? 'viseme' : 'viseme-mock'} for ${platform}`,
    os: [os],
    cpu: [cpu],
    ...(os === 'linux' && { libc: [libc === 'gnu' ? 'glibc' : 'musl'] }),
    ...(isAddon && { main: file }),
    files: [file, 'LICENSE-*'],
  };
  const folder = join(to, name.replaceAll('/', '-'));
  mkdirSync(folder);
  copyFileSync(join(target, built), join(folder, file));
  chmodSync(join(folder, file), 0o755);
  finish(folder, manifest);
}

function finish(folder, manifest) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
    copyFileSync(join(root, '..', licence), join(folder, licence));
  }
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['pack', '--silent', '--pack-destination', to], { cwd: folder, stdio: 'pipe' });
}

function read(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
