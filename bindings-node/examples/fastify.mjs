// Receives webhooks with Fastify. See express.mjs for the details.
import Fastify from 'fastify';
import { Client, fastifyWebhook } from 'viseme';

const client = new Client();
const seen = new Set();

const app = Fastify();
app.register(
  fastifyWebhook(
    client,
    ({ id, prediction }) => {
      if (!seen.has(id)) {
        seen.add(id);
        console.log(`${prediction.status} ${prediction.id}`);
      }
    },
    '/hook',
  ),
);

const port = Number(process.env.PORT ?? 8080);
console.log(`${await app.listen({ host: '127.0.0.1', port })}/hook`);
