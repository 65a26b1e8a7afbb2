// @ts-check
// Starts the programs under test.

import { spawn } from 'node:child_process';
import { Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './browser.js';

/** The programs that were not stopped yet. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
// They end with the tests, also if one fails before it stops its programs.
process.once('exit', () => {
  for (const child of running) child.kill();
});

/** A running program. */
export class Program {
  /**
   * Starts a program of the debug build. Its first line on standard output is JSON about it.
   *
   * @param {string} name
   * @param {string[]} args
   * @param {NodeJS.ProcessEnv} [env] more variables of its environment
   */
  static async start(name, args, env = {}) {
    const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
    const path = join(target, 'debug', name);
    const child = spawn(path, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.unref();
    const lines = createInterface({ input: child.stdout });
    const line = await new Promise((resolve, reject) => {
      lines.once('line', resolve);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${path} ended with status ${code}`)));
    });
    for (const stream of [child.stdin, child.stdout]) {
      if (stream instanceof Socket) stream.unref();
    }
    return new Program(child, String(line));
  }

  /**
   * @private
   * @param {import('node:child_process').ChildProcess} child
   * @param {string} line
   */
  constructor(child, line) {
    this.child = child;
    this.line = line;
  }

  /**
   * Ends the program.
   *
   * @param {NodeJS.Signals} [signal]
   */
  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.ref();
    this.child.kill(signal);
    await ended;
  }
}

/** A mock server, and calls of its control API. */
export class MockServer {
  /** @param {{ port?: number }} [options] */
  static async start({ port = 0 } = {}) {
    const program = await Program.start('viseme-mock', [
      '--end-with-stdin',
      '--port',
      String(port),
    ]);
    return new MockServer(program, JSON.parse(program.line).url);
  }

  /**
   * @private
   * @param {Program} program
   * @param {string} url
   */
  constructor(program, url) {
    this.program = program;
    this.url = url;
  }

  /**
   * Calls the control API. Returns the JSON of the response.
   *
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>}
   */
  async control(method, path, body) {
    const response = await fetch(`${this.url}/_mock/v1/${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /**
   * Creates a world.
   *
   * @param {object} [options]
   * @returns {Promise<World>}
   */
  async world(options = {}) {
    return new World(this, await this.control('POST', 'worlds', options));
  }

  async stop() {
    await this.program.stop();
  }
}

/** A world of a mock server, and a client of its API. */
export class World {
  /**
   * @param {MockServer} server
   * @param {{ id: string, key: string }} world
   */
  constructor(server, world) {
    this.server = server;
    this.id = world.id;
    this.key = world.key;
    /** The page that shows the world. */
    this.page = `${server.url}/worlds/${world.id}`;
  }

  /**
   * Calls the control API about this world.
   *
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>}
   */
  control(method, path, body) {
    return this.server.control(method, `worlds/${this.id}/${path}`, body);
  }

  /**
   * Calls the mocked API.
   *
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<Response>}
   */
  call(method, path, body) {
    return fetch(`${this.server.url}/api/v3/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /**
   * Submits a lip-sync job. Returns its id.
   *
   * @param {{ webhook?: string, voice?: string }} [options]
   * @returns {Promise<string>}
   */
  async submit({ webhook, voice = 'voice' } = {}) {
    const query = webhook === undefined ? '' : `?webhook=${encodeURIComponent(webhook)}`;
    const response = await this.call('POST', `kwaivgi/kling-lipsync/audio-to-video${query}`, {
      video: 'https://media.example/face.mp4',
      audio: `https://media.example/${voice}.mp3`,
    });
    const body = await response.json();
    if (!response.ok) throw new Error(`submit: HTTP ${response.status}: ${JSON.stringify(body)}`);
    return body.data.id;
  }

  /**
   * Reads the status of a job.
   *
   * @param {string} job
   * @returns {Promise<number>} the HTTP status
   */
  async poll(job) {
    const response = await this.call('GET', `predictions/${job}/result`);
    await response.arrayBuffer();
    return response.status;
  }

  /**
   * Reads the status of a job many times, over one connection without waits between the requests.
   *
   * @param {string} job
   * @param {number} count
   * @returns {Promise<void>}
   */
  pollOften(job, count) {
    const { hostname, port } = new URL(this.server.url);
    const request = `GET /api/v3/predictions/${job}/result HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${this.key}\r\n\r\n`;
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(request.repeat(count)));
      let answered = 0;
      let end = '';
      socket.setEncoding('latin1');
      socket.on('data', (text) => {
        // A status line can be in two pieces.
        const piece = end + text;
        answered += piece.split('HTTP/1.1 ').length - 1;
        end = piece.slice(-8);
        if (answered < count) return;
        socket.destroy();
        resolve();
      });
      socket.on('error', reject);
      socket.on('close', () => reject(new Error(`the server closed after ${answered} responses`)));
    });
  }
}

/** A proxy in front of a server, whose connections can be cut. */
export class Proxy {
  /** @param {string} url the server */
  static async start(url) {
    const target = new URL(url);
    /** @type {Set<import('node:net').Socket>} */
    const sockets = new Set();
    const proxy = createServer((client) => {
      const server = connect(Number(target.port), target.hostname);
      for (const [one, other] of /** @type {const} */ ([
        [client, server],
        [server, client],
      ])) {
        sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', () => resolve(undefined)));
    return new Proxy(proxy, sockets);
  }

  /**
   * @private
   * @param {import('node:net').Server} server
   * @param {Set<import('node:net').Socket>} sockets
   */
  constructor(server, sockets) {
    this.server = server;
    this.sockets = sockets;
    const address = /** @type {import('node:net').AddressInfo} */ (server.address());
    this.port = address.port;
    this.url = `http://127.0.0.1:${address.port}`;
  }

  /** Ends all connections, and accepts none until `restore`. */
  async cut() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async restore() {
    await new Promise((resolve) =>
      this.server.listen(this.port, '127.0.0.1', () => resolve(undefined)),
    );
  }
}
