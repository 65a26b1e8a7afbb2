import { runOperation, type CoreClient } from './core-client';
import type { LedgerState, LedgerSubmit, Request } from './generated/dto';
import type { CallOptions } from './options';
import { encode, encodeOptions } from './serialize';

const TEXT = { kind: 'text' } as const;
const STATES = [
  'sent',
  'accepted',
  'completed',
  'ended',
  'refused',
] as const satisfies LedgerState[];
const STATE = { state: { required: false, rule: { kind: 'words', words: STATES } } } as const;

/** The submits with a key. Get it with `client.ledger`. Its methods reject if the client has none. */
export class Ledger {
  readonly #core: CoreClient;

  /** @internal */
  constructor(core: CoreClient) {
    this.#core = core;
  }

  /**
   * Returns the submits, oldest first; with `state`, only those in that state. Those in the state
   * `sent` have an unknown outcome.
   */
  async submits(
    options: CallOptions & { state?: LedgerState | undefined } = {},
  ): Promise<LedgerSubmit[]> {
    const encoded = encodeOptions('submits', options, STATE);
    return await this.#ask<LedgerSubmit[]>({ op: 'ledgerSubmits', ...encoded }, options);
  }

  /**
   * Gives up the open submit of a key, so that the next call with the key submits again.
   *
   * Call it after a {@link SubmissionUnknownError} if you are sure that the service has no job of the
   * submit, and while no process uses the key. If there is a job, you pay twice. Rejects with a
   * {@link LedgerError} if the key has no open submit.
   */
  async giveUp(key: string, options: CallOptions = {}): Promise<void> {
    encode('key', key, TEXT, 'invalid_input');
    encodeOptions('giveUp', options);
    await this.#ask<null>({ op: 'ledgerGiveUp', key }, options);
  }

  /**
   * Adopts a job as that of the open submit of a key.
   *
   * Call it after a {@link SubmissionUnknownError} if you found the job, for example among its
   * `candidates`. Rejects with a {@link LedgerError} if the key has no open submit, or if the job
   * belongs to another key.
   */
  async adopt(key: string, jobId: string, options: CallOptions = {}): Promise<void> {
    encode('key', key, TEXT, 'invalid_input');
    encode('jobId', jobId, TEXT, 'invalid_input');
    encodeOptions('adopt', options);
    await this.#ask<null>({ op: 'ledgerAdopt', key, jobId }, options);
  }

  /** Makes the ledger accept the API key of this client, which must be of the same account. */
  async replaceApiKey(options: CallOptions = {}): Promise<void> {
    encodeOptions('replaceApiKey', options);
    await this.#ask<null>({ op: 'ledgerReplaceApiKey' }, options);
  }

  async #ask<T>(request: Request, { signal }: CallOptions): Promise<T> {
    return await runOperation<T>(this.#core, { signal }, () => this.#core.start(request));
  }
}
