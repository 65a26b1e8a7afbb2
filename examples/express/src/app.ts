/** The routes of the service. */
import express, { type NextFunction, type Request, type Response } from 'express';
import {
  BadRequestError,
  type Client,
  expressWebhook,
  InputError,
  Media,
  VisemeError,
} from 'viseme';

import { type Clips, parseClip } from './clips.js';

export function createApp(client: Client, clips: Clips): express.Express {
  const app = express();

  // Before any parser: the signature of a webhook is that of the raw body. It ends the wait for its job.
  app.post(
    '/hook',
    expressWebhook(client, ({ prediction }) => {
      console.log(`webhook: ${prediction.id} is ${prediction.status}`);
    }),
  );

  // The body of the request is never in memory as a whole.
  app.put('/media/:name', async (request, response) => {
    const media = Media.bytes(request, String(request.params['name']));
    response.json({ url: await client.upload(media) });
  });

  app.post('/clips', express.json(), async (request, response) => {
    const clip = parseClip(request.body);
    if (clip === undefined) {
      response.status(400).json({ error: 'Send `id`, and the URLs `audio` and `video`.' });
      return;
    }
    response.status(202).json({ id: clip.id, jobId: await clips.submit(clip) });
  });

  app.get('/clips/*id', async (request, response) => {
    const state = await clips.state(([] as string[]).concat(request.params['id'] ?? []).join('/'));
    response.status(state ? 200 : 404).json(state ?? { error: 'There is no such clip.' });
  });

  // 4xx if the caller can correct it, or else 503: the request may be sent again.
  app.use((error: unknown, _: Request, response: Response, next: NextFunction) => {
    if (response.headersSent || !(error instanceof VisemeError)) {
      next(error);
      return;
    }
    const isWrong = error instanceof InputError || error instanceof BadRequestError;
    if (!isWrong) console.error(error.message);
    response.status(isWrong ? 400 : 503).json({ error: error.message, code: error.code });
  });
  return app;
}
