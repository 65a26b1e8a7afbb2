/** `PUT /api/media/voice.mp3` uploads the body, which is never in memory as a whole. */
import { Media } from 'viseme';

import { client, errorResponse } from '../../../../lib/clips.ts';

interface Context {
  params: Promise<{ name: string }>;
}

export async function PUT(request: Request, { params }: Context): Promise<Response> {
  const { name } = await params;
  if (request.body === null) {
    return Response.json({ error: 'The body must be the file.' }, { status: 400 });
  }
  try {
    return Response.json({ url: await client().upload(Media.bytes(request.body, name)) });
  } catch (error) {
    return errorResponse(error);
  }
}
