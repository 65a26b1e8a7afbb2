import type { IncomingMessage, ServerResponse } from 'node:http';

import { inform, type Message } from './call';
import {
  asBody,
  asHeaders,
  deliveryOf,
  type Delivery,
  type DeliveryData,
  type WebhookBody,
  type WebhookHeaders,
  type WebhookReceiver,
} from './delivery';
import { errorOf, WebhookError } from './errors';
import { native } from './native';
import { numbers } from './told';

/** The largest body that is read: deliveries are some kilobytes. */
const MAX_BODY = 1024 * 1024;

/** Verifies deliveries with a secret of your own; for receivers that hold no API key. */
export class WebhookVerifier implements WebhookReceiver {
  readonly #secrets: string[];
  readonly #toleranceMs: number | undefined;

  /**
   * `secret` is the account's webhook secret, `whsec_…`; several while one is being replaced.
   * `toleranceMs` is how far a delivery's time may be from now, either way; default 5 minutes.
   */
  constructor(
    secret: string | readonly string[],
    options: { toleranceMs?: number | undefined } = {},
  ) {
    this.#secrets = typeof secret === 'string' ? [secret] : [...secret];
    this.#toleranceMs = options.toleranceMs;
  }

  /** Verifies a delivery and reads it. Throws a {@link WebhookError} that says what does not fit. */
  verify(
    headers: WebhookHeaders,
    body: WebhookBody,
    options: { now?: Date | undefined } = {},
  ): Delivery {
    const request = {
      secrets: this.#secrets,
      headers: asHeaders(headers),
      ...numbers({ toleranceMs: this.#toleranceMs }),
      now: options.now?.getTime(),
    };
    const text = native.verifyWebhook(JSON.stringify(request), asBody(body));
    const message = JSON.parse(text) as Message;
    if (message.error !== undefined) {
      throw errorOf(message.error);
    }
    return deliveryOf(message.value as DeliveryData);
  }

  /** The same as a promise, as a `Client` has it. */
  async receiveWebhook(headers: WebhookHeaders, body: WebhookBody): Promise<Delivery> {
    return this.verify(headers, body);
  }

  /** Shows no secret. */
  toJSON(): object {
    return {};
  }
}

/** Does what a delivery is about. What it throws has the delivery sent again. */
export type OnDelivery = (delivery: Delivery) => unknown;

/**
 * A handler of web `Request`s, for Hono (`(c) => hook(c.req.raw)`), Next.js, Deno and the like. It
 * answers 204 to what was taken, 400 to what is not genuine, 500 and 503 where it shall come again.
 */
export function webWebhook(
  receiver: WebhookReceiver,
  onDelivery: OnDelivery,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const take = async () => await limited(request.body ?? []);
    const { status, text } = await answer(receiver, request.headers, take, onDelivery);
    return new Response(text, { status });
  };
}

/**
 * A handler for Express and for Node's own `http`: `app.post('/hook', expressWebhook(…))`, before
 * any parser of JSON. A body that `express.raw` has read is taken as well.
 */
export function expressWebhook(
  receiver: WebhookReceiver,
  onDelivery: OnDelivery,
): (request: IncomingMessage & { body?: unknown }, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const { body } = request;
    const take = async () =>
      body === undefined ? await limited(request) : asBody(body as WebhookBody);
    const { status, text } = await answer(receiver, request.headers, take, onDelivery);
    response.statusCode = status;
    response.end(text ?? undefined);
  };
}

/** As much of Fastify as is needed here. */
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
 * A plugin for Fastify: `app.register(fastifyWebhook(…, '/hook'))`. Within it bodies are not parsed;
 * other routes are as they were.
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
      const take = async () => asBody(request.body as WebhookBody);
      const { status, text } = await answer(receiver, request.headers, take, onDelivery);
      return reply.code(status).send(text ?? undefined);
    });
  };
}

interface Answer {
  status: number;
  text: string | null;
}

class TooLarge extends Error {}

async function answer(
  receiver: WebhookReceiver,
  headers: WebhookHeaders,
  take: () => Promise<Buffer>,
  onDelivery: OnDelivery,
): Promise<Answer> {
  let delivery: Delivery;
  try {
    delivery = await receiver.receiveWebhook(headers, await take());
  } catch (error) {
    if (error instanceof TooLarge) {
      return { status: 413, text: 'the body is too large\n' };
    }
    if (error instanceof WebhookError) {
      return { status: 400, text: `${error.message}\n` };
    }
    // The secret could not be fetched: have it sent again.
    return { status: 503, text: 'the delivery cannot be verified now\n' };
  }
  try {
    await onDelivery(delivery);
  } catch (error) {
    inform(() => Promise.reject(error));
    return { status: 500, text: 'the delivery could not be worked on\n' };
  }
  return { status: 204, text: null };
}

async function limited(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array>,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BODY) {
      throw new TooLarge();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
