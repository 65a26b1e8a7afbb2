/** The code under test: makes the clip of an order. */
import { join } from 'node:path';

import { type Client, InputError, InsufficientCreditsError, JobError } from 'viseme';

const model = 'kwaivgi/kling-lipsync/audio-to-video';

/** There is no clip. The message is for the customer. */
export class ClipFailed extends Error {}

/** Makes the clip of an order, and pays for it once however often this is called. */
export async function makeClip(
  client: Client,
  order: string,
  files: { audio: string; video: string },
  folder: string,
): Promise<string> {
  try {
    const prediction = await client.run({ model, ...files }, { key: order });
    const { path } = await client.downloadOutput(prediction, join(folder, `${order}.mp4`));
    return path;
  } catch (cause) {
    if (cause instanceof InputError) {
      throw new ClipFailed(`Please send other files: ${cause.message}`, { cause });
    }
    if (cause instanceof InsufficientCreditsError) {
      const message = 'We cannot make clips at the moment. Please try again later.';
      throw new ClipFailed(message, { cause });
    }
    if (cause instanceof JobError) {
      throw new ClipFailed('The clip could not be made. You have not been charged.', { cause });
    }
    throw cause;
  }
}
