// @ts-check
// Starts the programs under test.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './browser.js';

/** A running program. */
export class Program {
  /**
   * Starts a program of the debug build. Its first line on standard output is what it tells.
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
    const lines = createInterface({ input: child.stdout });
    const line = await new Promise((resolve, reject) => {
      lines.once('line', resolve);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${path} ended with status ${code}`)));
    });
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

  /** Ends the program. */
  async stop() {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill();
    await ended;
  }
}

/** A mock server, and calls of its control API. */
export class MockServer {
  /** @param {{ port?: number }} [options] */
  static async start({ port = 0 } = {}) {
    const program = await Program.start('viseme-mock', ['--end-with-stdin', '--port', String(port)]);
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
}
