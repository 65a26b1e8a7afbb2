// The code in the guide is that of the recipe, which the other tests run.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

test('the guide contains the recipe', async () => {
  const recipe = await readFile('pg-boss/worker.ts', 'utf8');
  const guide = await readFile('../docs/pipelines.md', 'utf8');
  assert.ok(guide.includes('```ts\n' + recipe + '```\n'));
});
