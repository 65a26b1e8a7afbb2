/**
 * Temporal activities and workflows for Viseme: lip-sync jobs that are paid for once.
 *
 * The workflows are in `@viseme/temporal/workflows`, which has no Node APIs and no native code.
 *
 * @packageDocumentation
 */
export { createActivities } from './activities.ts';
export type { Activities } from './activities.ts';
export { completeFromWebhook } from './delivery.ts';
export { toFailure } from './failures.ts';
export type { FailureDetails } from './failures.ts';
export { adopt, completed, giveUp, sending, state } from './protocol.ts';
export type * from './types.ts';
