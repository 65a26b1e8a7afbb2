/** `GET /api/clips/ID` returns the state of a clip. */
import { errorResponse, state } from '../../../../lib/clips.ts';

interface Context {
  params: Promise<{ id: string[] }>;
}

export async function GET(_: Request, { params }: Context): Promise<Response> {
  const id = (await params).id.map(decodeURIComponent).join('/');
  try {
    const found = await state(id);
    return found === undefined
      ? Response.json({ error: 'There is no such clip.' }, { status: 404 })
      : Response.json({ id, ...found });
  } catch (error) {
    return errorResponse(error);
  }
}
