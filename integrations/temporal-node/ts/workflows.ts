/**
 * The workflows: one job, and a batch of jobs. This module has no Node APIs and no native code, so that it
 * can be bundled: pass it as `workflowsPath`, or export it from your own workflows.
 *
 * @packageDocumentation
 */
export { visemeBatch } from './batch.ts';
export { visemeJob } from './job.ts';
export { adopt, completed, giveUp, sending, state } from './protocol.ts';
export type * from './types.ts';
