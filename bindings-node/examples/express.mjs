// Takes webhooks with Express. `client` fetches the secret and ends its own waits for the job; a
// receiver without an API key uses `new WebhookVerifier(secret)` in its place.
import express from 'express';
import { Client, expressWebhook } from 'viseme';

const client = new Client();
const seen = new Set();

const app = express();
// Before any parser of JSON: the signature is that of the body as it came.
app.post(
  '/hook',
  expressWebhook(client, ({ id, prediction }) => {
    // A delivery may come again; a real service keeps the ids where a restart finds them.
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
