/** The workflows of the tests' workers: those of the package, and a naive one. */
import { proxyActivities } from '@temporalio/workflow';

import type { naiveActivities } from './naive.ts';

export * from '@viseme/temporal/workflows';

/** What most people write: an activity with the default retries. */
export async function naive(parameters: object): Promise<string> {
  const { lipSyncNaively } = proxyActivities<typeof naiveActivities>({
    startToCloseTimeout: '10 min',
    heartbeatTimeout: '5 s',
  });
  return await lipSyncNaively(parameters);
}
