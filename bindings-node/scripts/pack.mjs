// Creates the npm tarballs: the packages `viseme` and `viseme-mock` (`portable`), and their native packages for
// a platform (`native`). Arguments: the folder with what Cargo built, or its name in `target` (default `debug`),
// the output folder (default `target/npm`), which packages (default `all`), and the platform in Rust's words
// (default: this one). Build the native code first. `cargo xtask release` runs this.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
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
  'win32-arm64-msvc',
  'win32-x64-msvc',
];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [built = 'debug', to = join(root, '..', 'target', 'npm'), which = 'all', triple = ''] =
  process.argv.slice(2);
const target = resolve(root, '..', 'target', built);
const platform = platformName(triple);
const [os, cpu, libc] = platform.split('-');
const exe = os === 'win32' ? '.exe' : '';

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
if (which !== 'native') {
  facade(root, '@viseme/');
  facade(join(root, 'mock'), '@viseme/mock-');
}
if (which !== 'portable') {
  native('@viseme/', libraryName('viseme_node', os), `viseme.${platform}.node`);
  native('@viseme/mock-', `viseme-mock${exe}`, `viseme-mock${exe}`);
}

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
  const { version, license, author, homepage, repository, bugs, keywords, engines } = read(root);
  const name = `${prefix}${platform}`;
  const isAddon = file.endsWith('.node');
  const manifest = {
    name,
    version,
    license,
    author,
    homepage,
    repository,
    bugs,
    keywords,
    engines,
    description: `The native code of ${isAddon ? 'viseme' : 'viseme-mock'} for ${platform}`,
    os: [os],
    cpu: [cpu],
    ...(os === 'linux' && { libc: [libc === 'gnu' ? 'glibc' : 'musl'] }),
    ...(isAddon && { main: file }),
    files: [file, 'LICENSE-*', 'THIRD-PARTY-*'],
  };
  const folder = join(to, name.replaceAll('/', '-'));
  mkdirSync(folder);
  copyFileSync(join(target, built), join(folder, file));
  chmodSync(join(folder, file), 0o755);
  const facadeName = isAddon ? 'viseme' : 'viseme-mock';
  const text = `# ${name}\n\n${manifest.description}. Install \`${facadeName}\`, which depends on this package.\n`;
  writeFileSync(join(folder, 'README.md'), text);
  // Written by `cargo xtask release`; a package for tests has none.
  const notices = join(root, '..', 'target', 'notices', 'THIRD-PARTY-NOTICES.txt');
  if (existsSync(notices)) copyFileSync(notices, join(folder, 'THIRD-PARTY-NOTICES.txt'));
  finish(folder, manifest);
}

function finish(folder, manifest) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
    copyFileSync(join(root, '..', licence), join(folder, licence));
  }
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['pack', '--silent', '--pack-destination', to], { cwd: folder, stdio: 'pipe' });
  // The tarball has it all.
  rmSync(folder, { recursive: true });
}

function read(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
