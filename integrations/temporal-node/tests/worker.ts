/** Starts a worker of one task queue. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from '@viseme/temporal';
import { Client, type ClientSettings } from 'viseme';

import { naiveActivities } from './naive.ts';

const { TEMPORAL_ADDRESS, TASK_QUEUE, WORKFLOW_BUNDLE, CLIENT_SETTINGS } = process.env;
const client = new Client({
  allowPrivateAddresses: true,
  checkRemoteMedia: false,
  pacing: { intervalMs: 200 },
  recoveryWindowMs: 1000,
  ...(JSON.parse(CLIENT_SETTINGS!) as ClientSettings),
});
const connection = await NativeConnection.connect({ address: TEMPORAL_ADDRESS! });
const worker = await Worker.create({
  connection,
  identity: 'worker',
  taskQueue: TASK_QUEUE!,
  workflowBundle: { codePath: WORKFLOW_BUNDLE! },
  activities: { ...createActivities(client), ...naiveActivities },
  maxHeartbeatThrottleInterval: '1 s',
  stickyQueueScheduleToStartTimeout: '1 s',
  shutdownGraceTime: '1 s',
  maxConcurrentActivityTaskExecutions: 200,
});
await worker.run();
await connection.close();
client.close();
