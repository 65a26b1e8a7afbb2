// The tarballs, installed in a clean folder: the README's examples run offline from them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { build as esbuild } from 'esbuild';
import webpack from 'webpack';

import { AUDIO, node, ROOT, VIDEO } from './support.mjs';

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
let folder;

/** Returns the README's first example in a language. */
function example(language) {
  const text = readme.split(`\`\`\`${language}\n`)[1]?.split('```')[0];
  assert.ok(text, `the README has no example in ${language}`);
  return text;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'test-viseme-pack-'));
  const tarballs = join(folder, 'tarballs');
  const packed = await node([join(ROOT, 'scripts', 'pack.mjs'), 'debug', tarballs], {
    timeout: 400_000,
  });
  assert.equal(packed.code, 0, packed.stderr);
  const files = (await readdir(tarballs)).filter((name) => name.endsWith('.tgz'));
  assert.equal(files.length, 4, String(files));
  await writeFile(join(folder, 'package.json'), '{"private": true}');
  // Offline: the optional packages of other platforms are not available.
  const flags = ['install', '--offline', '--no-audit', '--no-fund', '--silent'];
  const paths = files.map((name) => join(tarballs, name));
  await promisify(execFile)(npm, [...flags, ...paths], { cwd: folder, timeout: 400_000 });
  await copyFile(AUDIO, join(folder, 'voice.mp3'));
  await copyFile(VIDEO, join(folder, 'face.mp4'));
});

after(() => rm(folder, { recursive: true, force: true }));

/** Runs a program with the README's command for the mock server. */
async function offline(file) {
  const mock = join(folder, 'node_modules', 'viseme-mock', 'bin', 'viseme-mock.js');
  const env = { PATH: process.env.PATH, HOME: folder };
  return await node([mock, 'exec', '--', process.execPath, file], { cwd: folder, env });
}

test('the ESM example of the README runs', async () => {
  await writeFile(join(folder, 'example.mjs'), example('js'));
  const { code, stdout, stderr } = await offline('example.mjs');
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trim(), 'result.mp4');
  assert.ok((await readFile(join(folder, 'result.mp4'))).length > 1000);
});

test('the CommonJS example of the README runs', async () => {
  await writeFile(join(folder, 'example.cjs'), example('cjs'));
  const { code, stdout, stderr } = await offline('example.cjs');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^http:.*\.mp4$/m);
});

test('the TypeScript example of the README compiles', async () => {
  await writeFile(join(folder, 'typed.mts'), example('ts'));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const types = ['--typeRoots', join(ROOT, 'node_modules', '@types'), '--types', 'node'];
  const flags = ['--strict', '--module', 'nodenext', '--target', 'es2022', ...types];
  const compiled = await node([tsc, ...flags, 'typed.mts'], { cwd: folder });
  assert.equal(compiled.code, 0, compiled.stdout);
  const { code, stdout, stderr } = await offline('typed.mjs');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /completed/);
});

test('the package contains only the files it needs', async () => {
  const files = await readdir(join(folder, 'node_modules', 'viseme'));
  assert.deepEqual(files.sort(), [
    'LICENSE-APACHE',
    'LICENSE-MIT',
    'README.md',
    'dist',
    'package.json',
  ]);
  const own = JSON.parse(await readFile(join(folder, 'node_modules', 'viseme', 'package.json')));
  assert.ok(Object.keys(own.optionalDependencies).includes('@viseme/linux-x64-gnu'));
  assert.equal(own.devDependencies, undefined);
});

test('without the package of the platform, the import says what to install', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'test-viseme-alone-'));
  try {
    const from = join(folder, 'node_modules', 'viseme');
    await cp(from, join(elsewhere, 'node_modules', 'viseme'), { recursive: true });
    await writeFile(join(elsewhere, 'app.mjs'), "import 'viseme';");
    const { code, stderr } = await node([join(elsewhere, 'app.mjs')], { cwd: elsewhere });
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /cannot load @viseme\/.*, the native library for this platform.*install without --omit=optional/,
    );
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
});

test('all packages name their repository, their licences and their authors', async () => {
  const modules = join(folder, 'node_modules');
  const names = ['viseme', 'viseme-mock'];
  names.push(...(await readdir(join(modules, '@viseme'))).map((name) => `@viseme/${name}`));
  assert.equal(names.length, 4, String(names));
  for (const name of names) {
    const manifest = JSON.parse(await readFile(join(modules, name, 'package.json')));
    const words = ['description', 'license', 'author', 'homepage', 'bugs', 'keywords', 'engines'];
    for (const word of words) assert.ok(manifest[word], `${name} has no ${word}`);
    assert.match(manifest.repository.url, /^git\+https:.*\.git$/, name);
    const files = await readdir(join(modules, name));
    for (const file of ['LICENSE-MIT', 'LICENSE-APACHE', 'README.md']) {
      assert.ok(files.includes(file), `${name} has no ${file}`);
    }
  }
});

/** Writes a program for bundlers into a folder of its own, without packages; returns that folder. */
async function programToBundle(name) {
  const source = join(folder, `${name}-source`);
  await mkdir(source);
  const program = `
    import { Client } from 'viseme';
    async function main() {
      const client = new Client();
      const parameters = { audio: 'voice.mp3', video: 'face.mp4' };
      const model = 'kwaivgi/kling-lipsync/audio-to-video';
      console.log((await client.run(model, parameters)).status);
    }
    void main();
  `;
  await writeFile(join(source, 'app.mjs'), program);
  return source;
}

test('esbuild bundles a program with viseme as external', async () => {
  const source = await programToBundle('esbuild');
  for (const [format, extension] of [
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ]) {
    const file = `esbuild.${extension}`;
    await esbuild({
      entryPoints: [join(source, 'app.mjs')],
      outfile: join(folder, file),
      bundle: true,
      platform: 'node',
      format,
      external: ['viseme'],
      logLevel: 'silent',
    });
    const { code, stdout, stderr } = await offline(file);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trim(), 'completed');
  }
});

test('webpack bundles a program with viseme as external', async () => {
  const source = await programToBundle('webpack');
  const compiler = webpack({
    mode: 'production',
    target: 'node20',
    entry: join(source, 'app.mjs'),
    output: { path: folder, filename: 'webpack.cjs' },
    externals: { viseme: 'commonjs viseme' },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  assert.ok(!stats.hasErrors() && !stats.hasWarnings(), stats.toString());
  const { code, stdout, stderr } = await offline('webpack.cjs');
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trim(), 'completed');
});

test('a bundle that contains viseme, without its native library, says what to do', async () => {
  const source = await programToBundle('inside');
  const outfile = join(source, 'inside.cjs');
  await esbuild({
    entryPoints: [join(source, 'app.mjs')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
    nodePaths: [join(folder, 'node_modules')],
  });
  const elsewhere = await mkdtemp(join(tmpdir(), 'test-viseme-bundle-'));
  try {
    await copyFile(outfile, join(elsewhere, 'inside.cjs'));
    const { code, stderr } = await node([join(elsewhere, 'inside.cjs')], { cwd: elsewhere });
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /cannot load @viseme\/.*viseme-0\.\d+\.\d+\.tgz and viseme-\w+-.*\.tgz.*mark `viseme` as external, and install it next to/,
    );
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
});
