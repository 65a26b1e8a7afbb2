/** `POST /api/webhook` verifies a webhook and remembers the end of its job. */
import { webWebhook } from 'viseme';

import { client, remember } from '../../../lib/clips.ts';

export async function POST(request: Request): Promise<Response> {
  return await webWebhook(client(), ({ prediction }) => remember(prediction))(request);
}
