// What the library warns of reaches the process.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { clientOf, INPUT, warningsOf, world } from './support.mjs';

test('a pacing file that cannot be used is a warning, and the run continues', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'viseme-'));
  t.after(() => rm(folder, { recursive: true }));
  const damaged = join(folder, 'damaged.json');
  await writeFile(damaged, '{"viseme_pacing":1,"mod');
  const missing = join(folder, 'missing', 'pacing.json');
  const made = await world();
  for (const [pacingFile, expected, expectedAtStart] of [
    [damaged, 'The pacing file is damaged', 1],
    [missing, 'The pacing file cannot be written', 0],
  ]) {
    let client;
    const atStart = await warningsOf(() => (client = clientOf(made, { pacingFile })));
    assert.equal(atStart.length, expectedAtStart, `${atStart}`);
    const later = await warningsOf(async () => {
      for (let run = 0; run < 2; run++) {
        assert.equal((await client.run(INPUT)).status, 'completed');
      }
    });
    const [warning, ...others] = [...atStart, ...later];
    assert.equal(warning.name, 'VisemeWarning');
    assert.ok(warning.message.startsWith(expected), warning.message);
    assert.ok(warning.message.includes(pacingFile), warning.message);
    assert.deepEqual(others, [], 'it is told once');
  }
});
