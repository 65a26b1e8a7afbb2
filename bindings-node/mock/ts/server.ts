import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { binaryPath } from './binary';
import { World, type Clock, type Scenario } from './world';

/** How a mock server is started. */
export interface MockServerOptions {
  /** The script of the world of the key `mock-key`. */
  scenario?: Scenario | undefined;
  /** The port to listen on. Default: a free one. */
  port?: number | undefined;
  /** Lets webhooks go to other machines. Default `false`. */
  remoteWebhooks?: boolean | undefined;
  /** The program. Default: that of the package of this platform. */
  binary?: string | undefined;
}

/** How a world is made. */
export interface WorldOptions {
  id?: string | undefined;
  seed?: number | undefined;
  clock?: Clock | undefined;
  scenario?: Scenario | undefined;
}

/**
 * A mock server in a process of its own, on a loopback address. It does not keep this process alive,
 * and ends with it.
 *
 * ```ts
 * await using mock = await MockServer.start();
 * const client = new Client({ baseUrl: mock.baseUrl, apiKey: mock.key });
 * ```
 */
export class MockServer implements AsyncDisposable {
  /** The server's address, for a client's `baseUrl`. */
  readonly baseUrl: string;
  /** The API key of the first world. */
  readonly key: string;
  /** The port it listens on. */
  readonly port: number;
  /** Its version. */
  readonly version: string;
  /** The world of {@link key}. */
  readonly world: World;
  readonly #child: ChildProcess;
  readonly #kill = () => void this.#child.kill();

  private constructor(child: ChildProcess, first: First) {
    this.#child = child;
    this.baseUrl = first.url;
    this.key = first.key;
    this.port = first.port;
    this.version = first.version;
    this.world = new World({ id: 'default', key: first.key, baseUrl: first.url }, first.url);
    process.once('exit', this.#kill);
  }

  /** Starts one, and waits until it is ready. */
  static async start(options: MockServerOptions = {}): Promise<MockServer> {
    const { binary = binaryPath(), port = 0, remoteWebhooks, scenario } = options;
    const flags = ['--port', String(port), ...(remoteWebhooks ? ['--remote-webhooks'] : [])];
    // With its standard input it ends with this process, even where that is killed.
    const child = spawn(binary, [...flags, '--end-with-stdin'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const server = new MockServer(child, await firstLine(child));
    child.unref();
    for (const pipe of [child.stdin, child.stdout] as unknown as { unref(): void }[]) {
      pipe.unref();
    }
    if (scenario !== undefined) {
      await server.world.setScenario(scenario);
    }
    return server;
  }

  /** Makes another world: a key with jobs, faults, a clock and books of its own. */
  async makeWorld(options: WorldOptions = {}): Promise<World> {
    return await World.make(this.baseUrl, options);
  }

  /** Stops it. */
  async stop(): Promise<void> {
    process.removeListener('exit', this.#kill);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.ref();
      this.#child.kill();
      await gone;
    }
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

interface First {
  url: string;
  port: number;
  version: string;
  key: string;
}

async function firstLine(child: ChildProcess): Promise<First> {
  const lines = createInterface({ input: child.stdout! });
  const line = new Promise<First>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`viseme-mock ended at once (${code})`)));
    lines.once('line', (text) => resolve(JSON.parse(text) as First));
  });
  return await line;
}
