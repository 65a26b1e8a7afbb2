import type { IncomingMessage, ServerResponse } from 'node:http';

import { warn } from './callbacks';
import type { Message } from './core-client';
import { decodeError, makeError, NO_CLIENT, WebhookError } from './errors';
import { WEBHOOK_VERIFICATION_RULES, type DeliveryData } from './generated/dto';
import { native } from './native';
import { Prediction, type Downloader } from './prediction';
import { encodeFields, show } from './serialize';

/** The headers of a request in any order and case: those of Node, of the web, or pairs. */
export type WebhookHeaders =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

/** The raw body of a request, not parsed. */
export type WebhookBody = string | Uint8Array | ArrayBuffer;

/** A verified webhook delivery. */
export interface Delivery {
  /** The delivery's id. The service may send a delivery again: handle each id once. */
  readonly id: string;
  /** When the service sent it. */
  readonly sentAt: Date;
  /** The state of the job, with its input. */
  readonly prediction: Prediction;
}

/** Receives deliveries: a `Client`, whose waits then end, or a `WebhookVerifier`. */
export interface WebhookReceiver {
  /** Verifies and decodes a delivery. */
  receiveWebhook(headers: WebhookHeaders, body: WebhookBody): Promise<Delivery>;
}

/** Decodes a delivery. */
export function decodeDelivery(data: DeliveryData, downloader: Downloader): Delivery {
  const prediction = new Prediction(data.prediction, downloader);
  return { id: data.id, sentAt: new Date(data.sentAt), prediction };
}

/** Returns the headers as pairs. */
export function encodeHeaders(headers: WebhookHeaders): [string, string][] {
  if (typeof headers !== 'object' || headers === null) {
    throw makeError(
      'webhook',
      `\`headers\` must be the headers of a request, got ${show(headers)}.`,
    );
  }
  const pairs =
    Symbol.iterator in headers
      ? [...(headers as Iterable<readonly [string, string]>)]
      : Object.entries(headers);
  return pairs.flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.flatMap((one): [string, string][] => (one === undefined ? [] : [[name, one]]));
  });
}

/** What is wrong with a parsed body. */
const PARSED_BODY =
  'The body of a webhook was parsed before it could be verified: the signature covers its bytes.';

/** Warns the developer, and returns the answer: the service shall send the delivery again. */
function answerToParsedBody(advice: string): WebhookResponse {
  warn('A webhook delivery cannot be verified', new Error(`${PARSED_BODY} ${advice}`));
  return { status: 500, text: `${PARSED_BODY} ${advice}\n` };
}

function isRawBody(body: unknown): body is WebhookBody {
  return typeof body === 'string' || ArrayBuffer.isView(body) || body instanceof ArrayBuffer;
}

/** Returns the body as bytes. */
export function encodeBody(body: WebhookBody): Buffer {
  if (typeof body === 'string') {
    return Buffer.from(body);
  }
  if (ArrayBuffer.isView(body)) {
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }
  if (body instanceof ArrayBuffer) {
    return Buffer.from(body);
  }
  throw makeError(
    'webhook',
    '`body` must be the raw body, not a parsed one: the signature covers its bytes. Use for ' +
      'instance `express.raw({ type: "*/*" })` on this route.',
  );
}

/** The largest body that the handlers read: deliveries have a few kilobytes. */
const MAX_BODY = 1024 * 1024;

/** Verifies deliveries with a secret, for receivers without an API key. */
export class WebhookVerifier implements WebhookReceiver {
  readonly #secrets: readonly string[];
  readonly #tolerance: object;

  /**
   * `secret` is the account's webhook secret, `whsec_…`; pass several while you replace one.
   * `toleranceMs` is how far a delivery's time may be from now, either way. Default: 5 minutes.
   */
  constructor(
    secret: string | readonly string[],
    options: { toleranceMs?: number | undefined } = {},
  ) {
    const { toleranceMs, secrets } = WEBHOOK_VERIFICATION_RULES;
    const what = 'an option of `WebhookVerifier`';
    const encoded = encodeFields({ secret }, { secret: secrets }, what, 'config');
    this.#secrets = encoded['secret'] as string[];
    this.#tolerance = encodeFields(options, { toleranceMs }, what, 'config');
  }

  /** Verifies and decodes a delivery. Throws a {@link WebhookError} that says what is wrong. */
  verify(
    headers: WebhookHeaders,
    body: WebhookBody,
    options: { now?: Date | undefined } = {},
  ): Delivery {
    const { now } = WEBHOOK_VERIFICATION_RULES;
    const request = {
      secrets: this.#secrets,
      headers: encodeHeaders(headers),
      ...this.#tolerance,
      ...encodeFields(options, { now }, 'an option of `verify`', 'webhook'),
    };
    const text = native.verifyWebhook(JSON.stringify(request), encodeBody(body));
    const message = JSON.parse(text) as Message;
    if (message.error !== undefined) {
      throw decodeError(message.error, NO_CLIENT);
    }
    return decodeDelivery(message.value as DeliveryData, NO_CLIENT);
  }

  /** The same as a promise, like `client.receiveWebhook`. */
  async receiveWebhook(headers: WebhookHeaders, body: WebhookBody): Promise<Delivery> {
    return this.verify(headers, body);
  }

  /** Returns no secret. */
  toJSON(): object {
    return {};
  }
}

/** Handles a delivery. If it throws, the service sends the delivery again. */
export type OnDelivery = (delivery: Delivery) => unknown;

/**
 * Returns a handler of web `Request`s, for Hono (`(c) => hook(c.req.raw)`), Next.js, Deno and the
 * like. It responds with 204 to a delivery that was handled, with 400 to one that is not genuine, and
 * with 500 or 503 if the service shall send it again.
 */
export function webWebhook(
  receiver: WebhookReceiver,
  onDelivery: OnDelivery,
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.bodyUsed) {
      const { status, text } = answerToParsedBody(
        'Call the handler before anything reads the body.',
      );
      return new Response(text, { status });
    }
    const readBody = async () => await readLimited(request.body ?? []);
    const { status, text } = await handle(receiver, request.headers, readBody, onDelivery);
    return new Response(text, { status });
  };
}

/**
 * Returns a handler for Express and for Node's own `http`: `app.post('/hook', expressWebhook(…))`,
 * before any JSON parser. A body that `express.raw` has read works as well. A body that was parsed
 * goes to Express as an error, and the service sends the delivery again.
 */
export function expressWebhook(
  receiver: WebhookReceiver,
  onDelivery: OnDelivery,
): (
  request: IncomingMessage & { body?: unknown },
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => Promise<void> {
  return async (request, response, next) => {
    const { body } = request;
    if (body !== undefined && !isRawBody(body)) {
      const advice =
        'Put `expressWebhook` before `express.json()`, or `express.raw({ type: "*/*" })` before it ' +
        'on this route.';
      if (next !== undefined) {
        next(makeError('webhook', `${PARSED_BODY} ${advice}`));
        return;
      }
      const { status, text } = answerToParsedBody(advice);
      response.statusCode = status;
      response.end(text);
      return;
    }
    const readBody = async () =>
      body === undefined ? await readLimited(request) : encodeBody(body as WebhookBody);
    const { status, text } = await handle(receiver, request.headers, readBody, onDelivery);
    response.statusCode = status;
    response.end(text ?? undefined);
  };
}

/** The part of Fastify that the plugin uses. */
interface FastifyLike {
  addContentTypeParser(
    type: string,
    options: { parseAs: 'buffer'; bodyLimit: number },
    parser: (request: unknown, body: Buffer, done: (error: null, body: Buffer) => void) => void,
  ): unknown;
  removeAllContentTypeParsers(): void;
  post(
    path: string,
    handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => unknown,
  ): unknown;
}

interface FastifyRequestLike {
  headers: WebhookHeaders;
  body: unknown;
}

interface FastifyReplyLike {
  code(status: number): { send(text?: string): unknown };
}

/**
 * Returns a plugin for Fastify: `app.register(fastifyWebhook(…, '/hook'))`. It does not parse bodies;
 * other routes are not affected.
 */
export function fastifyWebhook(
  receiver: WebhookReceiver,
  onDelivery: OnDelivery,
  path: string,
): (app: FastifyLike) => Promise<void> {
  return async (app) => {
    app.removeAllContentTypeParsers();
    const raw = { parseAs: 'buffer', bodyLimit: MAX_BODY } as const;
    app.addContentTypeParser('*', raw, (_request, body, done) => done(null, body));
    app.post(path, async (request, reply) => {
      const readBody = async () => encodeBody(request.body as WebhookBody);
      const { status, text } = await handle(receiver, request.headers, readBody, onDelivery);
      return reply.code(status).send(text ?? undefined);
    });
  };
}

interface WebhookResponse {
  status: number;
  text: string | null;
}

class BodyTooLarge extends Error {}

async function handle(
  receiver: WebhookReceiver,
  headers: WebhookHeaders,
  readBody: () => Promise<Buffer>,
  onDelivery: OnDelivery,
): Promise<WebhookResponse> {
  let delivery: Delivery;
  try {
    delivery = await receiver.receiveWebhook(headers, await readBody());
  } catch (error) {
    if (error instanceof BodyTooLarge) {
      return { status: 413, text: 'the body is too large\n' };
    }
    if (error instanceof WebhookError) {
      return { status: 400, text: `${error.message}\n` };
    }
    // The secret could not be fetched: the service shall send the delivery again.
    warn('A webhook delivery cannot be verified now', error);
    return { status: 503, text: 'the delivery cannot be verified now\n' };
  }
  try {
    await onDelivery(delivery);
  } catch (error) {
    warn('The handler of a webhook delivery threw an error', error);
    return { status: 500, text: 'the delivery could not be handled\n' };
  }
  return { status: 204, text: null };
}

async function readLimited(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array>,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BODY) {
      throw new BodyTooLarge();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
