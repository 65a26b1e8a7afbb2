import { refused } from './errors';
import type { Reach } from './native';
import { Prediction, type PredictionData } from './prediction';

/** A request's headers, in any order and case: those of Node, of the web, or pairs. */
export type WebhookHeaders =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

/** A request's body as it came, byte by byte. */
export type WebhookBody = string | Uint8Array | ArrayBuffer;

/** A webhook's delivery that was verified. */
export interface Delivery {
  /** Its id. The service may send a delivery again: do each id's work once. */
  readonly id: string;
  /** When it was sent. */
  readonly sentAt: Date;
  /** The state of the job, with its input. */
  readonly prediction: Prediction;
}

/** What takes deliveries: a `Client`, which also ends its waits, or a `WebhookVerifier`. */
export interface WebhookReceiver {
  /** Verifies a delivery and reads it. */
  receiveWebhook(headers: WebhookHeaders, body: WebhookBody): Promise<Delivery>;
}

/** A delivery as it comes over the border. */
export interface DeliveryData {
  id: string;
  sentAt: number;
  prediction: PredictionData;
}

/** The delivery in the types of JavaScript. */
export function deliveryOf(data: DeliveryData, reach?: Reach): Delivery {
  const prediction = new Prediction(data.prediction, reach);
  return { id: data.id, sentAt: new Date(data.sentAt), prediction };
}

/** The headers as pairs. */
export function asHeaders(headers: WebhookHeaders): [string, string][] {
  const pairs =
    Symbol.iterator in headers
      ? [...(headers as Iterable<readonly [string, string]>)]
      : Object.entries(headers);
  return pairs.flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.flatMap((one): [string, string][] => (one === undefined ? [] : [[name, one]]));
  });
}

/** The body as bytes. */
export function asBody(body: WebhookBody): Buffer {
  if (typeof body === 'string') {
    return Buffer.from(body);
  }
  if (ArrayBuffer.isView(body)) {
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }
  if (body instanceof ArrayBuffer) {
    return Buffer.from(body);
  }
  throw refused(
    'webhook',
    "The webhook's body was parsed before it got here, so its signature cannot be verified. Take " +
      'the raw body: `express.raw({ type: "*/*" })` on this route, for instance.',
  );
}
