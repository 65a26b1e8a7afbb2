export { binaryPath } from './binary';
export { MockServer } from './server';
export type { MockServerOptions, WorldOptions } from './server';
export { World } from './world';
export type { Clock, Exchange, Fault, Ledger, Scenario } from './world';
