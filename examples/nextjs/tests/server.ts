/** `next start` in a process of its own, and a public URL in front of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const folder = resolve(import.meta.dirname, '..');
const program = join(
  createRequire(import.meta.url).resolve('next/package.json'),
  '../dist/bin/next',
);

/** Runs a command of Next.js; the environment is added to that of the tests. */
function next(words: string[], environment: Record<string, string | undefined>): ChildProcess {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group, so that a kill ends its children too.
    detached: true,
  });
  // Also if the tests are interrupted.
  const end = () => killGroup(child);
  process.once('exit', end);
  child.once('exit', () => process.removeListener('exit', end));
  return child;
}

/** Kills a process and its children, as the end of a machine does. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
}

/** Builds the program, as a machine does that has no key. */
export async function build(): Promise<void> {
  const child = next(['build'], { WAVESPEED_API_KEY: undefined, WAVESPEED_BASE_URL: undefined });
  const output: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`next build failed: ${Buffer.concat(output).toString()}`);
}

/** A URL that forwards to a server, as a proxy in front of it does. The server can be replaced. */
export class PublicUrl implements AsyncDisposable {
  target = '';
  readonly #server = createServer((incoming, response) => {
    const { method, headers, url } = incoming;
    const outgoing = request(`${this.target}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    const fail = () => response.destroy();
    outgoing.on('error', fail);
    incoming.on('close', () => incoming.complete || outgoing.destroy());
    (incoming satisfies IncomingMessage).pipe(outgoing);
  });

  /** Listens on a free port. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** A running server. */
export class Server {
  private constructor(
    readonly url: string,
    readonly child: ChildProcess,
  ) {}

  /** Starts what {@link build} built, on a free port. */
  static async start(environment: Record<string, string>): Promise<Server> {
    const child = next(['start', '--hostname', '127.0.0.1', '--port', '0'], environment);
    try {
      for await (const line of createInterface({ input: child.stdout! })) {
        const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
        if (url !== undefined) {
          child.stdout!.resume();
          return new Server(url, child);
        }
      }
      throw new Error('next start ended without a URL');
    } catch (error) {
      killGroup(child);
      throw error;
    }
  }

  /** Kills the server. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    killGroup(this.child);
    await gone;
  }
}
