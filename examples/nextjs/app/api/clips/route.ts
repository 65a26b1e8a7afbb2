/** `POST /api/clips` submits a clip. */
import { errorResponse, parseClip, submit } from '../../../lib/clips.ts';

export async function POST(request: Request): Promise<Response> {
  const clip = parseClip(await request.json().catch(() => undefined));
  if (clip === undefined) {
    const error = 'Send `id`, and the URLs `audio` and `video`.';
    return Response.json({ error }, { status: 400 });
  }
  try {
    // It ends also if the caller hangs up.
    return Response.json({ id: clip.id, jobId: await submit(clip) }, { status: 202 });
  } catch (error) {
    return errorResponse(error);
  }
}
