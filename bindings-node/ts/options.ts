import type {
  BillingFilterData,
  ClientSettings as NativeSettings,
  DownloadProgress,
  HistoryFilterData,
  UploadProgress,
} from './generated/dto';

/** The settings of a client. A missing one comes from the environment, then from the defaults. */
export interface ClientSettings extends NativeSettings {
  /** Reads no environment variables. Default: false. */
  ignoreEnv?: boolean | undefined;
}

/** Options that every call accepts. */
export interface CallOptions {
  /** Ends the call when aborted: the client sends no further requests for it. */
  signal?: AbortSignal | undefined;
}

/** Options of a download. */
export interface DownloadOptions extends CallOptions {
  /** Rejects outputs that are larger than this many bytes. Default: 2 GiB. */
  maxBytes?: number | undefined;
  /** Called with the bytes received so far, and with the size if it is known. */
  onProgress?: ((progress: DownloadProgress) => unknown) | undefined;
}

/** Options of an upload. */
export interface UploadOptions extends CallOptions {
  /** Called with the bytes sent so far; from 0 again after a failed attempt. */
  onProgress?: ((progress: UploadProgress) => unknown) | undefined;
}

/** Options of a recovery. */
export interface RecoverOptions extends CallOptions {
  /** Ids of jobs that belong to other submits. */
  exclude?: readonly string[] | undefined;
  /** How long after the time of the record the submit may have been sent. Default: 0, at once. */
  sentWithinMs?: number | undefined;
  /**
   * Adopts the only job of the same model and time if the history contains no inputs. It may belong to
   * another program of the account. Default: false.
   */
  matchByTime?: boolean | undefined;
}

/** Options of a price query. */
export interface PriceOptions extends CallOptions {
  /** Uploads local media first, so that the service can measure them. Default: false. */
  upload?: boolean | undefined;
}

/** A type whose fields `K` are dates. */
type WithDates<T, K extends keyof T> = { [P in keyof T]: P extends K ? Date | undefined : T[P] };

/** A filter of past jobs. Default: all jobs of the last seven days. */
export type HistoryFilter = WithDates<HistoryFilterData, 'createdAfter' | 'createdBefore'>;

/** A filter of charges. Default: all charges. */
export type BillingFilter = WithDates<BillingFilterData, 'from' | 'to'>;
