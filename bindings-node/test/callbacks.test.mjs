// Listeners that throw must not cost a job.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { INPUT, place, sleep } from './support.mjs';

test('what listeners throw becomes a warning, and the run goes on', async () => {
  const warnings = [];
  const hear = (warning) => warnings.push(warning);
  process.on('warning', hear);
  try {
    const { client } = await place();
    const prediction = await client.run(INPUT, {
      onProgress: () => {
        throw new Error('first');
      },
      onUpdate: async () => {
        throw new Error('second');
      },
    });
    assert.equal(prediction.status, 'completed');
    for await (const { ok } of client.runMany([INPUT], {
      onUpdate: (_, index) => {
        throw new Error(`third, of ${index}`);
      },
    })) {
      assert.ok(ok);
    }
    await sleep(50);
  } finally {
    process.off('warning', hear);
  }
  const texts = warnings.map(({ message }) => message).join('\n');
  assert.match(texts, /first/);
  assert.match(texts, /second/);
  assert.match(texts, /third, of 0/);
  assert.ok(warnings.every(({ name }) => name === 'VisemeWarning'));
});
