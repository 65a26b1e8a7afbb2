/** The signal, the query and the update of a workflow. Without Node APIs: workflows import it. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

import type { DeliveredJob, LipSyncState, StartedSubmit } from './types.ts';

/** Tells a workflow that the webhook of its job was called. */
export const delivered = defineSignal<[DeliveredJob]>('delivered');

/** Returns where a workflow is. */
export const state = defineQuery<LipSyncState>('state');

/**
 * Asks a workflow whether the POST of an attempt may be sent, and records that it may have been. The
 * workflow rejects an attempt that it no longer waits for, such as one of a worker that was frozen.
 */
export const startSubmit = defineUpdate<void, [StartedSubmit]>('startSubmit');
