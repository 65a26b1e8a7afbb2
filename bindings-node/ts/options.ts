import type { CallOptions } from './call';
import type { OnProgress, OnUpdate } from './progress';

export type { CallOptions } from './call';

/** How a client is set up. What is left out comes from the environment, then from the defaults. */
export interface ClientSettings {
  /** The API key. Default: the variable `WAVESPEED_API_KEY`. */
  apiKey?: string | undefined;
  /** Where the API lives. Default: `WAVESPEED_BASE_URL`, then `https://api.wavespeed.ai`. */
  baseUrl?: string | undefined;
  /** Does without a key: such a client can check media and download outputs, no more. */
  anonymous?: boolean | undefined;
  /** Reads no environment variable. */
  ignoreEnv?: boolean | undefined;
  /** Allows plain `http` to other machines: the key can be read on the way. */
  allowHttp?: boolean | undefined;
  /** How long setting up a connection may take. Default 10,000. */
  connectTimeoutMs?: number | undefined;
  /** How long one request may take, its answer's body included. Default 60,000. */
  requestTimeoutMs?: number | undefined;
  /** How long an upload or a download may stand still. Default 60,000. */
  stallTimeoutMs?: number | undefined;
  /**
   * How long a wait for a job lasts. Default one hour, or `WAVESPEED_TIMEOUT` (seconds); `Infinity`
   * for no limit. After it the job goes on, and can be waited for again by its id.
   */
  timeoutMs?: number | undefined;
  /** When to poll. Default: as fits the model. */
  pacing?: Pacing | undefined;
  /** How many polls a second all jobs of the client may make together. Default 100. */
  maxPollsPerSecond?: number | undefined;
  /** How many requests may be under way at once. Default 100. */
  maxConnections?: number | undefined;
  /** How many polls of a job may fail in a row before its wait ends. Default 12. */
  maxPollFailures?: number | undefined;
  /** How many times a submit is sent that provably was not taken. Default 5. */
  maxSubmitAttempts?: number | undefined;
  /** The pauses after failures. Default 1 s, doubling up to 30 s. */
  backoff?: { baseMs: number; maxMs: number } | undefined;
  /** The longest `Retry-After` that is obeyed. Default 300,000. */
  maxRetryAfterMs?: number | undefined;
  /** How long a submit whose answer was lost is looked for. Default 120,000; 0 turns it off. */
  recoveryWindowMs?: number | undefined;
  /** Keeps to what the account's tier allows: submits wait for their turn. Off by default. */
  submitLimits?:
    'bronze' | 'silver' | 'gold' | 'ultra' | { perMinute: number; concurrent: number } | undefined;
  /** The proxy for all requests (`http://`, `https://` or `socks5://`). */
  proxy?: string | undefined;
  /** A PEM file with the certificates to trust, in place of the system's. */
  caBundle?: string | undefined;
  /** Whether media behind a URL are read before a run, to judge them. Default `true`. */
  checkRemoteMedia?: boolean | undefined;
  /** How long reading one medium behind a URL may take. Default 15,000. */
  remoteCheckTimeoutMs?: number | undefined;
  /** Lets media be read whose URL leads to a private address. Default `false`. */
  allowPrivateAddresses?: boolean | undefined;
  /** What the client calls itself in `X-Client-Name`. Default `viseme`. */
  clientName?: string | undefined;
  /** What stands before `viseme/VERSION` in `User-Agent`, such as `my-app/1.0`. */
  userAgent?: string | undefined;
}

/** When to poll a job that runs as it should. */
export interface Pacing {
  /** From the submit to the first poll. Default `intervalMs`. */
  firstMs?: number;
  /** From the first poll to the second. */
  intervalMs: number;
  /** What each further pause is multiplied by. Default 1. */
  growth?: number;
  /** The longest pause. Default `intervalMs`. */
  maxMs?: number;
  /** The random share of a pause, from 0 (none) to 1. Default 0.1. */
  jitter?: number;
}

/** What a submit may be told. */
export interface SubmitOptions extends CallOptions {
  /** Whether media are judged by the model's rules before anything is sent. Default `true`. */
  checkMedia?: boolean | undefined;
  /** Whether what the check would only report stops the run as well. Default `false`. */
  strict?: boolean | undefined;
  /** Whether the input is judged by the model's schema in the live catalogue. Default `false`. */
  validate?: boolean | undefined;
  /** Sync mode: the answer to the submit waits for the result, up to 90 s. Default `false`. */
  sync?: boolean | undefined;
  /** Whether outputs come as base64 in the prediction itself. Default `false`. */
  base64?: boolean | undefined;
  /** A URL that the service calls when the job has completed or failed. */
  webhook?: string | undefined;
  /** Is told what goes on. What it throws becomes a warning of the process. */
  onProgress?: OnProgress | undefined;
}

/** What a run may be told. */
export interface RunOptions extends SubmitOptions {
  /** How long to wait for the result, counted from the submit. Default: the client's. */
  timeoutMs?: number | undefined;
  /** Is told each new state of the job. What it throws becomes a warning of the process. */
  onUpdate?: OnUpdate | undefined;
}

/** What many runs may be told. Listeners are told the position of the input as well. */
export interface RunManyOptions extends RunOptions {
  /** How many are under way at once. Default 10. */
  limit?: number | undefined;
}

/** What a wait may be told. */
export interface WaitOptions extends CallOptions {
  /** How long to wait; with 0, one look is taken. Default: the client's. */
  timeoutMs?: number | undefined;
  /** Is told what goes on. */
  onProgress?: OnProgress | undefined;
  /** Is told each new state of the job. */
  onUpdate?: OnUpdate | undefined;
}

/** What a download may be told. */
export interface DownloadOptions extends CallOptions {
  /** Refuses outputs larger than this many bytes. Default 2 GiB. */
  maxBytes?: number | undefined;
  /** Is told the bytes received so far, and the size of the whole where it is known. */
  onProgress?: ((news: { received: number; total: number | null }) => unknown) | undefined;
}

/** What an upload may be told. */
export interface UploadOptions extends CallOptions {
  /** Is told the bytes sent so far; from 0 again after a failed attempt. */
  onProgress?: ((news: { sent: number; total: number }) => unknown) | undefined;
}

/** Where a download ended up. */
export interface DownloadedFile {
  /** The file. */
  readonly path: string;
  /** Its size in bytes. */
  readonly bytes: number;
}
