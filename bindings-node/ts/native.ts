import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Something under way in the native part. */
export interface Task {
  /** The next messages as a JSON array; `null` after the last and once it is cancelled. */
  next(): Promise<string | null>;
  cancel(): void;
  /** Adds inputs, as a JSON array, to many runs; `false` once it is cancelled. */
  push(inputs: string, contents: Buffer[]): boolean;
  finish(): void;
  job(): NativeJob | null;
}

/** What the native part can do for an object that holds it. */
export interface NativeClient {
  start(request: string, contents: Buffer[]): Task;
  job(id: string): NativeJob;
  setApiKey(key: string): void;
  deliver(body: Buffer): string;
}

/** A handle on a job in the native part. */
export interface NativeJob {
  id(): string;
  start(request: string): Task;
}

interface Native {
  NativeClient: { open(settings: string): NativeClient };
  checkInput(input: string, contents: Buffer[]): Task;
  verifyWebhook(request: string, body: Buffer): string;
  isTestingBuild(): boolean;
  version(): string;
}

/** The client that an object may turn to. */
export interface Reach {
  readonly native: NativeClient;
  /** The tasks under way, which end with the client. */
  readonly tasks: Set<Task>;
  closed: boolean;
}

/** The native part of this platform. */
export const native: Native = load();

function load(): Native {
  const platform = platformName();
  const file = `viseme.${platform}.node`;
  // Another build of the native part: the conformance suite has one of its own.
  const given = process.env['VISEME_NATIVE_ADDON'];
  // In a checkout, where it was built.
  const built = join(__dirname, '..', 'native', file);
  if (given !== undefined || existsSync(built)) {
    return require(given ?? built) as Native;
  }
  const name = `@viseme/${platform}`;
  let found: Native;
  try {
    found = require(name) as Native;
  } catch (cause) {
    throw new Error(
      `viseme: the native part for this platform, ${name}, could not be loaded. It is an optional ` +
        'dependency: install without --omit=optional and --no-optional, on the platform it is to ' +
        'run on. Where there is no such package, the platform is not supported.',
      { cause },
    );
  }
  const own = (require('../package.json') as { version: string }).version;
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
  // Looking up the names of open sockets would take long.
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  report.excludeNetwork = true;
  const { header } = report.getReport() as unknown as { header: Record<string, unknown> };
  return header['glibcVersionRuntime'] === undefined;
}
