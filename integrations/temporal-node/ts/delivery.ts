/** Webhook deliveries as signals. */
import type { Delivery } from 'viseme';

import { completed, WORKFLOW_PARAMETER } from './protocol.ts';

/** The part of Temporal's `Client` that signals need. */
export interface SignalClient {
  workflow: {
    getHandle(workflowId: string): {
      signal(definition: typeof completed, jobId: string): Promise<void>;
    };
  };
}

/**
 * Tells the workflow of a webhook delivery that its job has ended. `url` is the URL of the request, with
 * the parameter `viseme_workflow`. Verify the delivery first: `client.receiveWebhook(headers, body)`.
 *
 * Does nothing if the workflow has ended already.
 */
export async function completeFromWebhook(
  temporal: SignalClient,
  url: string | URL,
  delivery: Delivery,
): Promise<void> {
  // A server knows only the path of a request.
  const workflowId = new URL(url, 'http://localhost').searchParams.get(WORKFLOW_PARAMETER);
  if (workflowId === null) {
    throw new TypeError(`\`url\` must have the parameter \`workflow\`, got ${String(url)}.`);
  }
  try {
    const workflow = temporal.workflow.getHandle(workflowId);
    await workflow.signal(completed, delivery.prediction.id);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error;
  }
}
