// Receives webhooks with a web `Request` and `Response`, as in Next.js, Deno, Bun and edge runtimes.
// Here Node's own server calls the handler. See express.mjs for the details.
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { Client, webWebhook } from 'viseme';

const client = new Client();
const seen = new Set();

/** A route as such frameworks export it. */
export const POST = webWebhook(client, ({ id, prediction }) => {
  if (!seen.has(id)) {
    seen.add(id);
    console.log(`${prediction.status} ${prediction.id}`);
  }
});

const server = createServer(async (incoming, outgoing) => {
  const { method, headers } = incoming;
  const url = `http://${headers.host}${incoming.url}`;
  const body = Readable.toWeb(incoming);
  const response = await POST(new Request(url, { method, headers, body, duplex: 'half' }));
  outgoing.writeHead(response.status).end(await response.text());
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/hook`);
});
