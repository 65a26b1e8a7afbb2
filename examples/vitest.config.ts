// Runs the tests of all examples in this folder.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // For a slow machine. A test that passes does not wait for it.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
