/** Submits clips and tells their states. The ledger knows what was paid for. */
import { BadRequestError, Client, InputError, Media, type Prediction, VisemeError } from 'viseme';

/** A clip to make. */
export interface Clip {
  id: string;
  audio: string;
  video: string;
}

/** The state of a job. */
export interface JobState {
  jobId: string;
  status: string;
  output: string | undefined;
  error: string | undefined;
}

const model = 'kwaivgi/kling-lipsync/audio-to-video';

/** What the routes share. Next.js may load this module once for each of them. */
interface Shared {
  client?: Client;
  /** The jobs that have ended. Your database can take its place; without it, the service is asked. */
  ended: Map<string, JobState>;
}

const shared = ((globalThis as { clips?: Shared }).clips ??= { ended: new Map() });

/** Returns the client. `next build` loads the routes too, without a key: it is created when used. */
export function client(): Client {
  return (shared.client ??= new Client({ ledger: process.env['LEDGER'] ?? 'ledger.db' }));
}

/** Checks the body of a request. Media are URLs: other text would be a file of this server. */
export function parseClip(body: unknown): Clip | undefined {
  const { id, audio, video } = (body ?? {}) as Record<string, unknown>;
  const isUrl = (value: unknown): value is string =>
    typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  return typeof id === 'string' && id !== '' && isUrl(audio) && isUrl(video)
    ? { id, audio, video }
    : undefined;
}

/** Submits a clip and returns the id of its job. The id of a clip pays for one job at most. */
export async function submit({ id, audio, video }: Clip): Promise<string> {
  const input = { model, audio: Media.url(audio), video: Media.url(video) } as const;
  const publicUrl = process.env['PUBLIC_URL'];
  const webhook = publicUrl === undefined ? undefined : `${publicUrl}/api/webhook`;
  return (await client().submit(input, { key: id, webhook })).id;
}

/** Returns the state of a clip, or `undefined` if there is none with this id. */
export async function state(id: string): Promise<JobState | undefined> {
  const submits = (await client().ledger.submits()).filter(({ key }) => key === id);
  const jobId = submits.at(-1)?.jobId;
  if (jobId == null) return undefined;
  return shared.ended.get(jobId) ?? remember(await client().job(jobId).refresh());
}

/** Remembers the end of a job, and returns its state. */
export function remember({ id, status, outputUrl, error, isTerminal }: Prediction): JobState {
  const state = {
    jobId: id,
    status,
    output: outputUrl ?? undefined,
    error: error ?? undefined,
  };
  if (isTerminal) shared.ended.set(id, state);
  return state;
}

/** Returns the response for an error: 4xx if the caller can correct it, or else 503. */
export function errorResponse(error: unknown): Response {
  if (!(error instanceof VisemeError)) throw error;
  const isWrong = error instanceof InputError || error instanceof BadRequestError;
  if (!isWrong) console.error(error.message);
  const body = { error: error.message, code: error.code };
  return Response.json(body, { status: isWrong ? 400 : 503 });
}
