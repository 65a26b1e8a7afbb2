/** The backend of a mobile app: it holds the API key, and passes on what each user may do. */
import express, { type NextFunction, type Request, type Response } from 'express';

import { verifyToken } from './accounts.js';
import { Refused, sendError, sendSuccess } from './answers.js';
import { Jobs } from './jobs.js';
import { Reads, type Answer } from './reads.js';
import type { Settings } from './settings.js';
import { Submits } from './submits.js';

type Locals = { user: string };
type Handler = (request: Request, response: Response<unknown, Locals>) => Promise<void>;

/** Creates the backend. `verify` returns the id of the user to whom a token belongs. */
export async function createBackend(settings: Settings, verify = verifyToken) {
  const jobs = new Jobs(settings);
  const reads = new Reads(settings);
  const submits = new Submits(settings, jobs);
  await submits.resume();

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');

  app.use(async (request: Request, response: Response<unknown, Locals>, next: NextFunction) => {
    const [scheme, token] = (request.get('authorization') ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token) {
      throw new Refused(401, 'You are not signed in.');
    }
    response.locals.user = await verify(token, settings.tokenSecret);
    next();
  });
  app.use(express.json({ limit: '1mb', type: () => true }));

  const poll: Handler = async (request, response) => {
    const job = jobs.find(response.locals.user, String(request.params['id']));
    if (job === undefined) throw new Refused(404, 'You have no such job.');
    passOn(response, await reads.poll(job));
  };

  const history: Handler = async (request, response) => {
    const wanted = bodyOf(request);
    const { page = 1, page_size: size = 20 } = wanted as { page?: number; page_size?: number };
    if (!Number.isInteger(page) || !Number.isInteger(size) || page < 1 || size < 1 || size > 100) {
      throw new Refused(400, '`page` must be 1 or more, and `page_size` 1 to 100.');
    }
    const found = jobs.search(response.locals.user, wanted);
    const shown = found.slice((page - 1) * size, page * size);
    // Jobs that nobody has polled for a while. The limit of a user keeps them few.
    await Promise.allSettled(shown.filter((job) => job.mayRun).map((job) => reads.poll(job)));
    const withInputs = wanted['include_inputs'] === true;
    sendSuccess(response, { page, items: shown.map((job) => job.show(withInputs)) });
  };

  const presign: Handler = async (request, response) => {
    const wanted = bodyOf(request);
    const size = wanted['size'];
    const isAudio = String(wanted['content_type'] ?? '').startsWith('audio/');
    const limit = isAudio ? settings.maxAudioBytes : settings.maxVideoBytes;
    if (typeof size !== 'number' || !(size >= 0)) {
      throw new Refused(400, '`size` must be the size of the file in bytes.');
    }
    if (size > limit) {
      const [has, allowed] = [size, limit].map((bytes) => bytes.toLocaleString('en'));
      throw new Refused(413, `The file has ${has} bytes; at most ${allowed} are allowed.`);
    }
    jobs.countUpload(response.locals.user);
    passOn(response, await reads.send('POST', '/api/v3/media/uploads', wanted));
  };

  const submit: Handler = async (request, response) => {
    const given = bodyOf(request);
    const model = ([] as string[]).concat(request.params['model'] ?? []).join('/');
    const { user } = response.locals;
    // Their ends make room for this job, whether or not the app has seen them.
    const running = jobs.running(user);
    if (running.length >= settings.jobsAtOnce) {
      await Promise.allSettled(running.map((job) => reads.poll(job)));
    }
    const job = await submits.submit(user, model, given);
    sendSuccess(response, job.show());
  };

  app.get('/api/v3/predictions/:id/result', poll);
  app.post('/api/v3/predictions', history);
  app.post('/api/v3/media/uploads', presign);
  app.post('/api/v3/*model', submit);
  app.use(() => {
    throw new Refused(404, 'There is no such path.');
  });
  app.use((error: unknown, _: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else sendError(response, error instanceof Refused ? error : unexpected(error));
  });
  return { app, close: () => submits.close() };
}

/** Returns the answer for an error of this program, or of the request as Express found it. */
function unexpected(error: unknown): Refused {
  const { status } = error as { status?: unknown };
  if (typeof status === 'number' && status < 500) {
    return new Refused(status, 'The request is invalid.');
  }
  console.error('an error of the backend', error);
  // A 500 would make the client of the app search for a job that cannot exist.
  return new Refused(424, 'Something went wrong. You were not charged.');
}

function bodyOf(request: Request): Record<string, unknown> {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Refused(400, 'The body must be a JSON object.');
  }
  return body as Record<string, unknown>;
}

function passOn(response: Response, { status, headers, body }: Answer): void {
  response.status(status).set(headers).send(body);
}
