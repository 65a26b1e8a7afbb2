// Takes webhooks with nothing but a web `Request` and `Response`, as Next.js, Deno, Bun and edge
// runtimes have them; here below Node's own server. See express.mjs for what to mind.
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { Client, webWebhook } from 'viseme';

const client = new Client();
const seen = new Set();

/** A route as such frameworks know it. */
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
  const answer = await POST(new Request(url, { method, headers, body, duplex: 'half' }));
  outgoing.writeHead(answer.status).end(await answer.text());
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/hook`);
});
