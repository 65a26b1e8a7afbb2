/**
 * The workflows: one job, and a batch of jobs. This module has no Node APIs and no native code, so that it
 * can be bundled: pass it as `workflowsPath`, or export it from your own workflows.
 *
 * @packageDocumentation
 */
export { lipSyncBatch } from './batch.ts';
export { lipSync } from './job.ts';
export { delivered, startSubmit, state } from './protocol.ts';
export type * from './types.ts';
