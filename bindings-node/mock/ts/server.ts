import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { binaryPath } from './binary';
import { World, type Clock, type Scenario } from './world';

/** Options of a mock server. */
export interface MockServerOptions {
  /** The scenario of the world of the key `mock-key`. */
  scenario?: Scenario | undefined;
  /** The port to listen on. Default: a free one. */
  port?: number | undefined;
  /** Allows webhooks to other machines. Default: false. */
  remoteWebhooks?: boolean | undefined;
  /** The path of the program. Default: the one in this platform's package. */
  binary?: string | undefined;
}

/** Options of a world. */
export interface WorldOptions {
  id?: string | undefined;
  seed?: number | undefined;
  clock?: Clock | undefined;
  scenario?: Scenario | undefined;
}

/**
 * A mock server in its own process, on a loopback address. It does not keep this process alive, and
 * it ends with this process.
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

  private constructor(child: ChildProcess, startup: Startup) {
    this.#child = child;
    this.baseUrl = startup.url;
    this.key = startup.key;
    this.port = startup.port;
    this.version = startup.version;
    this.world = new World({ id: 'default', key: startup.key, baseUrl: startup.url }, startup.url);
    process.once('exit', this.#kill);
  }

  /** Starts a server and waits until it is ready. */
  static async start(options: MockServerOptions = {}): Promise<MockServer> {
    const { binary = binaryPath(), port = 0, remoteWebhooks, scenario } = options;
    const flags = ['--port', String(port), ...(remoteWebhooks ? ['--remote-webhooks'] : [])];
    // It ends with its standard input, and so with this process, even if that is killed.
    const child = spawn(binary, [...flags, '--end-with-stdin'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const server = new MockServer(child, await readStartup(child));
    child.unref();
    for (const pipe of [child.stdin, child.stdout] as unknown as { unref(): void }[]) {
      pipe.unref();
    }
    if (scenario !== undefined) {
      await server.world.setScenario(scenario);
    }
    return server;
  }

  /** Creates another world: an API key with its own jobs, faults, clock, journal and ledger. */
  async makeWorld(options: WorldOptions = {}): Promise<World> {
    return await World.make(this.baseUrl, options);
  }

  /** Stops the server. */
  async stop(): Promise<void> {
    process.removeListener('exit', this.#kill);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.ref();
      this.#child.kill();
      await gone;
    }
  }

  /** Stops the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

interface Startup {
  url: string;
  port: number;
  version: string;
  key: string;
}

async function readStartup(child: ChildProcess): Promise<Startup> {
  const lines = createInterface({ input: child.stdout! });
  const line = new Promise<Startup>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`viseme-mock exited with code ${code}`)));
    lines.once('line', (text) => resolve(JSON.parse(text) as Startup));
  });
  return await line;
}
