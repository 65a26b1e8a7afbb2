// Receives webhooks with Hono. See express.mjs for the details.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Client, webWebhook } from 'viseme';

const client = new Client();
const seen = new Set();
const hook = webWebhook(client, ({ id, prediction }) => {
  if (!seen.has(id)) {
    seen.add(id);
    console.log(`${prediction.status} ${prediction.id}`);
  }
});

const app = new Hono();
app.post('/hook', (context) => hook(context.req.raw));

const port = Number(process.env.PORT ?? 8080);
serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, (address) => {
  console.log(`http://127.0.0.1:${address.port}/hook`);
});
