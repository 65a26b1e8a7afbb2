// Receives webhooks with Express. `client` fetches the secret and ends its own waits for the job. A
// receiver without an API key uses `new WebhookVerifier(secret)` instead.
import express from 'express';
import { Client, expressWebhook } from 'viseme';

const client = new Client();
const seen = new Set();

const app = express();
// Before any JSON parser: the signature covers the raw body.
app.post(
  '/hook',
  expressWebhook(client, ({ id, prediction }) => {
    // The service may send a delivery again. Store the ids so that they survive a restart.
    if (!seen.has(id)) {
      seen.add(id);
      console.log(`${prediction.status} ${prediction.id}`);
    }
  }),
);
app.use(express.json());

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/hook`);
});
