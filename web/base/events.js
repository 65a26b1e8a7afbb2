// @ts-check
// A client of server-sent events that resumes with `Last-Event-ID`. Unlike `EventSource`, it also
// reconnects after an error response and reports the state of its connection.

/**
 * One event.
 *
 * @typedef {object} ServerEvent
 * @property {string} id the id to resume after; empty if the server sends none
 * @property {string} type the name of the event; `message` if the server sends none
 * @property {string} data
 */

/** @typedef {'connecting' | 'open' | 'waiting' | 'closed'} ConnectionState */

/**
 * @typedef {object} SubscribeOptions
 * @property {(event: ServerEvent) => void} onEvent is called for each event, in order
 * @property {(state: ConnectionState) => void} [onState] is called when the connection changes
 * @property {string} [lastEventId] the id to start after
 * @property {typeof fetch} [fetch] sends the requests
 * @property {number} [minRetryMs] the pause after the first failure; it doubles with each
 * @property {number} [maxRetryMs] the longest pause
 */

/** A running subscription. */
export class Subscription {
  /**
   * @param {string} url
   * @param {SubscribeOptions} options
   */
  constructor(url, options) {
    /** @private */
    this.url = url;
    /** @private */
    this.options = options;
    /** The id of the last event that was received. */
    this.lastEventId = options.lastEventId ?? '';
    /** @private */
    this.controller = new AbortController();
  }

  /** Ends the subscription. No further event is reported. */
  close() {
    if (this.controller.signal.aborted) return;
    this.controller.abort();
    this.options.onState?.('closed');
  }

  /**
   * Connects until the subscription is closed, and again after each failure.
   *
   * @returns {Promise<void>}
   */
  async run() {
    const { signal } = this.controller;
    const min = this.options.minRetryMs ?? 250;
    const max = this.options.maxRetryMs ?? 5000;
    let pause = min;
    while (!signal.aborted) {
      this.options.onState?.('connecting');
      const received = await this.receive().catch(() => false);
      if (signal.aborted) return;
      pause = received ? min : Math.min(pause * 2, max);
      this.options.onState?.('waiting');
      await delay(pause, signal);
    }
  }

  /**
   * Receives one response to its end.
   *
   * @private
   * @returns {Promise<boolean>} whether it was a stream of events
   */
  async receive() {
    const { signal } = this.controller;
    const request = this.options.fetch ?? fetch;
    /** @type {Record<string, string>} */
    const headers = { Accept: 'text/event-stream' };
    if (this.lastEventId !== '') headers['Last-Event-ID'] = this.lastEventId;
    const response = await request(this.url, { headers, signal, cache: 'no-store' });
    if (!response.ok || response.body === null) return false;
    this.options.onState?.('open');
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return true;
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        if (event.id !== '') this.lastEventId = event.id;
        this.options.onEvent(event);
      }
    }
  }
}

/**
 * Subscribes to a stream of events.
 *
 * @param {string} url
 * @param {SubscribeOptions} options
 * @returns {Subscription}
 */
export function subscribe(url, options) {
  const subscription = new Subscription(url, options);
  void subscription.run();
  return subscription;
}

/** Splits a stream of text into events. */
export class EventParser {
  constructor() {
    /** @private */
    this.rest = '';
    /** @private */
    this.id = '';
    /** @private */
    this.type = '';
    /** @private @type {string[]} */
    this.data = [];
  }

  /**
   * Returns the events that this piece of text completes.
   *
   * @param {string} text
   * @returns {ServerEvent[]}
   */
  push(text) {
    /** @type {ServerEvent[]} */
    const events = [];
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = this.line(line);
      if (event !== null) events.push(event);
    }
    return events;
  }

  /**
   * @private
   * @param {string} line
   * @returns {ServerEvent | null}
   */
  line(line) {
    if (line === '') return this.end();
    const colon = line.indexOf(':');
    if (colon === 0) return null;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.data.push(value);
    if (name === 'event') this.type = value;
    if (name === 'id' && !value.includes('\0')) this.id = value;
    return null;
  }

  /**
   * @private
   * @returns {ServerEvent | null}
   */
  end() {
    const event = { id: this.id, type: this.type || 'message', data: this.data.join('\n') };
    const isEmpty = this.data.length === 0;
    this.type = '';
    this.data = [];
    return isEmpty ? null : event;
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function delay(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
