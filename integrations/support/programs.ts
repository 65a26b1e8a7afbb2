/** Programs that tests start and kill, ports, and waiting. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** Long enough for a slow machine. A test that passes does not wait for it. */
export const TIMEOUT_MS = 120_000;

// A runner that ends the tests early must not leave their programs running.
process.once('SIGTERM', () => process.exit(143));
process.setMaxListeners(50);

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Returns a port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Returns the first truthy value of a condition. Throws if there is none in time. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  { timeoutMs = TIMEOUT_MS, pauseMs = 50 } = {},
): Promise<NonNullable<T>> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(pauseMs);
  }
}

/** A program in a process group of its own, whose output is in a file. */
export class Program {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #ended: Promise<unknown>;

  constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.#log = log;
    this.#ended = once(child, 'exit');
  }

  /** What the program wrote so far. */
  get output(): string {
    return readFileSync(this.#log, 'utf8');
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Sends a signal to the program and its children. */
  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#child.pid!, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Kills the program and its children, as the end of a machine does (SIGKILL). */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }

  /** Returns the exit code, once the program has ended. */
  async wait(): Promise<number | null> {
    await until(() => this.hasEnded, 'the program ends');
    return this.#child.exitCode;
  }
}

/** Starts programs in a temporary folder. At the end of the block it kills what still runs of them. */
export class Programs implements AsyncDisposable {
  readonly folder: string;
  readonly #started: Program[] = [];

  readonly #killAll = () => {
    for (const program of this.#started) program.signal('SIGKILL');
  };

  private constructor(folder: string) {
    this.folder = folder;
    process.once('exit', this.#killAll);
  }

  static async create(): Promise<Programs> {
    return new Programs(await mkdtemp(join(tmpdir(), 'test-viseme-integrations-')));
  }

  /** Starts a program. The environment is added to the one of the tests. */
  async start(
    command: string,
    words: string[],
    environment: object = {},
    folder = this.folder,
  ): Promise<Program> {
    const log = join(this.folder, `${this.#started.length}-${basename(command)}.log`);
    const output = openSync(log, 'w');
    const child = spawn(command, words, {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    await once(child, 'spawn');
    const program = new Program(child, log);
    this.#started.push(program);
    return program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#started.reverse()) await program.kill();
    process.removeListener('exit', this.#killAll);
    await rm(this.folder, { recursive: true, force: true });
  }
}
