// The types in the compilers of users.
import assert from 'node:assert/strict';
import {
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { HERE, node, ROOT } from './support.mjs';

const CONSUMERS = {
  'nodenext, ESM': { module: 'nodenext', type: 'module' },
  'nodenext, CommonJS': { module: 'nodenext', type: 'commonjs' },
  bundler: { module: 'esnext', moduleResolution: 'bundler', type: 'module' },
  'CommonJS for a bundler': { module: 'commonjs', moduleResolution: 'bundler', type: 'commonjs' },
};

for (const [name, { type, ...options }] of Object.entries(CONSUMERS)) {
  test(`types for ${name}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'test-viseme-types-'));
    try {
      await mkdir(join(folder, 'node_modules', '@types'), { recursive: true });
      await symlink(ROOT, join(folder, 'node_modules', 'viseme'), 'junction');
      const types = join(ROOT, 'node_modules', '@types', 'node');
      await symlink(types, join(folder, 'node_modules', '@types', 'node'), 'junction');
      await copyFile(join(HERE, 'types', 'usage.ts'), join(folder, 'usage.ts'));
      const compilerOptions = {
        ...options,
        target: 'es2022',
        strict: true,
        isolatedModules: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        types: ['node'],
      };
      await writeFile(join(folder, 'package.json'), JSON.stringify({ type }));
      const config = JSON.stringify({ compilerOptions, files: ['usage.ts'] });
      await writeFile(join(folder, 'tsconfig.json'), config);
      const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
      const { code, stdout } = await node([tsc, '-p', folder]);
      assert.equal(code, 0, stdout);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

test('the compiler names the option or the parameter that is misspelt', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'test-viseme-types-'));
  try {
    await mkdir(join(folder, 'node_modules'));
    await symlink(ROOT, join(folder, 'node_modules', 'viseme'), 'junction');
    const lines = [
      "client.run({ model, audio: 'a', video: 'v' }, { onProgres: () => 1 });",
      "client.run(model, { audio: 'a', video: 'v' }, { onProgres: () => 1 });",
      "run({ model, audio: 'a', video: 'v' }, { onProgres: () => 1 });",
      "client.run(model, { audio: 'a', vidio: 'v' });",
      "client.submit({ model, audio: 'a', vidio: 'v' });",
    ];
    const program = [
      "import { run, type Client } from 'viseme'; declare const client: Client;",
      "const model = 'kwaivgi/kling-lipsync/audio-to-video';",
      ...lines,
    ];
    await writeFile(join(folder, 'wrong.mts'), program.join('\n'));
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const types = ['--typeRoots', join(ROOT, 'node_modules', '@types'), '--types', 'node'];
    const flags = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', ...types];
    const { stdout } = await node([tsc, ...flags, 'wrong.mts'], { cwd: folder });
    const found = stdout.split('\n').filter((line) => line.startsWith('wrong.mts'));
    assert.equal(found.length, lines.length, stdout);
    for (const [index, line] of lines.entries()) {
      const wrong = line.includes('onProgres') ? 'onProgres' : 'vidio';
      assert.ok(found[index].includes(`'${wrong}' does not exist in type`), found[index]);
      if (!line.includes('submit')) {
        const meant = { onProgres: 'onProgress', vidio: 'video' }[wrong];
        assert.ok(found[index].endsWith(`Did you mean to write '${meant}'?`), found[index]);
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the programs of the documents compile in strict TypeScript', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'test-viseme-types-'));
  try {
    await mkdir(join(folder, 'node_modules'));
    for (const name of ['@types', 'express']) {
      await symlink(
        join(ROOT, 'node_modules', name),
        join(folder, 'node_modules', name),
        'junction',
      );
    }
    await symlink(ROOT, join(folder, 'node_modules', 'viseme'), 'junction');
    const files = [];
    for (const name of [
      'README.md',
      'bindings-node/README.md',
      'docs/start/node.md',
      'docs/webhooks.md',
    ]) {
      const text = await readFile(join(ROOT, '..', name), 'utf8');
      // Others are parts of programs.
      const programs = [...text.matchAll(/^```(?:js|mjs|ts)\n(import .*?)^```$/gms)];
      assert.ok(programs.length > 0, `${name} has no program`);
      for (const [number, [, code]] of programs.entries()) {
        const file = `${name.replaceAll('/', '-')}-${number}.mts`;
        await writeFile(join(folder, file), `${code}\nexport {};\n`);
        files.push(file);
      }
    }
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      types: ['node'],
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const { code, stdout } = await node([tsc, '-p', folder]);
    assert.equal(code, 0, stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('there are no const enums, and every export is documented', async () => {
  const dist = join(ROOT, 'dist');
  const files = (await readdir(dist)).filter((name) => name.endsWith('.d.ts'));
  const all = await Promise.all(files.map((name) => readFile(join(dist, name), 'utf8')));
  assert.ok(!all.join('').includes('const enum'));
  for (const [n, text] of all.entries()) {
    const bare = [
      ...text.matchAll(
        /(.*)\nexport (?:declare )?(?:abstract )?(?:class|interface|function|type) (\w+)/g,
      ),
    ];
    const silent = bare.filter(([, before]) => !/(\*\/|;)$/.test(before.trim()));
    assert.deepEqual(
      silent.map(([, , name]) => name),
      [],
      files[n],
    );
  }
});
