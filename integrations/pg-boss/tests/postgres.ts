/** A PostgreSQL server of one test, on a socket in a temporary folder. */
import { execFileSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { until, type Program, type Programs } from '../../support/programs.ts';

/** A user and a group without rights. PostgreSQL does not run as root. */
const NOBODY = 65534;

export class Postgres implements AsyncDisposable {
  readonly #folder: string;
  readonly #server: Program;

  private constructor(folder: string, server: Program) {
    this.#folder = folder;
    this.#server = server;
  }

  /** Starts a server. */
  static async start(programs: Programs): Promise<Postgres> {
    // The path of a socket must be short, and the user of the server may enter the folder.
    const folder = await mkdtemp(join(tmpdir(), 'pg'));
    const data = join(folder, 'data');
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(folder, NOBODY, NOBODY);
    const user = isRoot
      ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--']
      : ['env'];
    const run = async (program: string, ...words: string[]) => {
      const [first, ...rest] = [...user, join(programFolder(), program), ...words];
      return await programs.start(first!, rest, {}, folder);
    };
    const init = await run('initdb', '-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8');
    if ((await init.wait()) !== 0) throw new Error(init.output);
    const server = await run('postgres', '-D', data, '-k', folder, '-c', 'listen_addresses=');
    const ready = () => server.hasEnded || server.output.includes('ready to accept connections');
    await until(ready, 'PostgreSQL starts');
    if (server.hasEnded) throw new Error(server.output);
    return new Postgres(folder, server);
  }

  get url(): string {
    return `postgres://postgres@localhost/postgres?host=${this.#folder}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Returns the folder of PostgreSQL's programs, which Debian has outside of PATH. */
function programFolder(): string {
  return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
}
