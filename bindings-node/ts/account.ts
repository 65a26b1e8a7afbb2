import type { Status } from './prediction';

/** A model as the service's catalogue has it. */
export interface Model {
  /** Its id, as it stands in the URL of a submit. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** The service's category (`image-to-video`, …). */
  readonly category: string;
  /** The price a run starts from, in dollars. */
  readonly basePrice: number | null;
  /** How the price is computed, in JSONata, where it is not just the base price. */
  readonly formula: string | null;
  /** The schema of its input: JSON Schema with keys of the service's own. */
  readonly schema: unknown;
  /** Every other field of the service's record. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** What the service would charge for an input. */
export interface Price {
  /** What is charged: the discounted amount, where there is one. */
  readonly due: number;
  readonly model: string;
  /** The price before any discount. */
  readonly amount: number;
  /** The price after the account's discount. */
  readonly discounted: number | null;
  readonly currency: string;
  /** Parameters that were left out because their media are not uploaded. */
  readonly leftOut: readonly string[];
  readonly extra: Readonly<Record<string, unknown>>;
}

/** Which past jobs are asked for; all of the last seven days by default. */
export interface HistoryFilter {
  /** Jobs of this model alone. */
  model?: string | undefined;
  /** Jobs in this state alone. */
  status?: Status | undefined;
  /** Jobs made at this moment or later, by the service's clock. */
  createdAfter?: Date | undefined;
  /** Jobs made at this moment or earlier. */
  createdBefore?: Date | undefined;
  /** Whether each job comes with its input. Default `false`. */
  includeInputs?: boolean | undefined;
  /** How many jobs are asked for at a time, from 1 to 100. Default 100. */
  pageSize?: number | undefined;
}

/** Which records of the bill are asked for; all by default. */
export interface BillingFilter {
  /** Records of this kind alone, such as `deduct`. */
  kind?: string | undefined;
  /** Records of these jobs alone. */
  jobIds?: readonly string[] | undefined;
  /** Records made at this moment or later. */
  from?: Date | undefined;
  /** Records made at this moment or earlier. */
  to?: Date | undefined;
}

/** One record of the account's bill. What the service leaves out is `null`. */
export interface Billing {
  readonly id: string;
  /** What it is: `deduct` for a charge. */
  readonly kind: string;
  /** The amount in dollars. */
  readonly amount: number | null;
  /** The amount before any discount. */
  readonly originalAmount: number | null;
  /** The job that was charged for. */
  readonly jobId: string | null;
  readonly model: string | null;
  readonly status: Status | null;
  /** The name of the API key that was used. */
  readonly keyName: string | null;
  readonly createdAt: Date | null;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** What was used and spent in a while. What the service leaves out is `null` or empty. */
export interface Usage {
  /** All of it, in dollars. */
  readonly cost: number | null;
  /** How many runs were asked for. */
  readonly requests: number | null;
  /** How many of them succeeded. */
  readonly succeeded: number | null;
  readonly models: readonly ModelUsage[];
  readonly days: readonly DailyUsage[];
  readonly extra: Readonly<Record<string, unknown>>;
}

/** What was used of one model. */
export interface ModelUsage {
  readonly model: string;
  readonly cost: number | null;
  readonly requests: number | null;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** What was used on one day. */
export interface DailyUsage {
  /** The day, as the service writes it: `2025-10-01`. */
  readonly day: string;
  readonly cost: number | null;
  readonly requests: number | null;
  readonly models: readonly ModelUsage[];
  readonly extra: Readonly<Record<string, unknown>>;
}
