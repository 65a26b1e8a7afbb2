import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** An operation in progress in native code. */
export interface Task {
  /** Returns the next messages as a JSON array; `null` after the last and after cancellation. */
  next(): Promise<string | null>;
  cancel(): void;
  /** Stops a batch: its messages end when the submits in flight have responses. */
  stop(): void;
  /** Sends inputs, as a JSON array, to many runs; returns `false` once they are cancelled. */
  push(inputs: string, contents: Buffer[]): boolean;
  /** Sends an input that could not be encoded to many runs: the message is the error of its run. */
  pushError(message: string): boolean;
  finish(): void;
  job(): NativeJob | null;
  /** Returns the jobs whose results were not received, an `OpenJobs` in JSON. */
  openJobs(): string;
}

/** A client in native code. */
export interface NativeClient {
  start(request: string, contents: Buffer[]): Task;
  job(id: string): NativeJob;
  setApiKey(key: string): void;
  deliver(body: Buffer): string;
}

/** A handle on a job in native code. */
export interface NativeJob {
  id(): string;
  start(request: string): Task;
}

interface Native {
  NativeClient: { open(config: string): NativeClient };
  checkInput(input: string, contents: Buffer[]): Task;
  verifyWebhook(request: string, body: Buffer): string;
  /** Takes the warnings of the library that were not taken yet. */
  takeWarnings(): string[];
  isTestingBuild(): boolean;
  version(): string;
}

/** The native library for this platform. */
export const native: Native = load();

function load(): Native {
  const platform = platformName();
  const file = `viseme.${platform}.node`;
  // Another build of the library: the conformance suite uses its own.
  const configured = process.env['VISEME_NATIVE_ADDON'];
  // In a checkout, the build is here.
  const built = join(__dirname, '..', 'native', file);
  if (configured !== undefined || existsSync(built)) {
    return require(configured ?? built) as Native;
  }
  const name = `@viseme/${platform}`;
  const own = (require('../package.json') as { version: string }).version;
  let found: Native;
  try {
    found = require(name) as Native;
  } catch (cause) {
    throw new Error(
      `viseme: cannot load ${name}, the native library for this platform. It is an optional ` +
        'dependency: install without --omit=optional and --no-optional, on the platform that runs ' +
        'the program. If you install from a clone of the repository, install both files of ' +
        `\`cargo xtask node pack\`: viseme-${own}.tgz and viseme-${platform}-${own}.tgz. ` +
        'If npm has no such package, the platform is not supported. If a bundler made this file, ' +
        'mark `viseme` as external, and install it next to the program.',
      { cause },
    );
  }
  if (found.version() !== own) {
    throw new Error(
      `viseme: this is version ${own}, but ${name} is ${found.version()}. Install viseme again.`,
    );
  }
  return found;
}

function platformName(): string {
  const { platform, arch } = process;
  switch (platform) {
    case 'linux':
      return `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`;
    case 'win32':
      return `win32-${arch}-msvc`;
    default:
      return `${platform}-${arch}`;
  }
}

function isMusl(): boolean {
  // The report is slow if it resolves the names of open sockets.
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  report.excludeNetwork = true;
  const { header } = report.getReport() as unknown as { header: Record<string, unknown> };
  return header['glibcVersionRuntime'] === undefined;
}
