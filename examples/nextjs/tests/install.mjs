// Copies the package `viseme` of this repository to where a user has it. In the other examples it is a link to
// another folder, but Next.js bundles every package outside of node_modules.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const source = join(import.meta.dirname, '../../../bindings-node');
const target = join(import.meta.dirname, '../node_modules/viseme');
rmSync(target, { recursive: true, force: true });
for (const part of ['package.json', 'dist', 'native']) {
  cpSync(join(source, part), join(target, part), { recursive: true });
}
