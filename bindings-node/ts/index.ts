/**
 * Lip-syncs a video to an audio track, with Kling LipSync on WaveSpeedAI.
 *
 * @packageDocumentation
 */
export { Batch } from './batch';
export type { BatchItem, BatchOptions, BatchRow } from './batch';
export { Client } from './client';
export { check, run } from './default-client';
export { Dub } from './dub';
export type { DubOptions } from './dub';
export {
  AbortError,
  ApiConnectionError,
  ApiError,
  ApiResponseError,
  ApiStatusError,
  ApiTimeoutError,
  AuthenticationError,
  BadRequestError,
  ConfigError,
  DownloadError,
  InputError,
  InsufficientCreditsError,
  JobCancelledError,
  JobError,
  JobFailedError,
  LedgerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
  SubmissionUnknownError,
  UploadError,
  VisemeError,
  WaitTimeoutError,
  WebhookError,
} from './errors';
export type { SubmitRecord } from './errors';
export type { FitOptions, FitResult } from './fit';
export type {
  Backoff,
  BatchStopReason,
  BatchSummary,
  Billing,
  DailyUsage,
  DownloadedFile,
  DubPlan,
  DubResult,
  DubSegment,
  DubUpdate,
  ErrorCode,
  FitStep,
  FittedFile,
  Fix,
  ItemState,
  LedgerState,
  LedgerSubmit,
  MediaInfo,
  Model,
  ModelUsage,
  Pacing,
  Price,
  Report,
  Status,
  SubmitLimits,
  Usage,
  Violation,
} from './generated/dto';
export type {
  AudioToVideo,
  EffectScene,
  KlingEffects,
  Models,
  TextToVideo,
  VoiceId,
} from './generated/models';
export { AnyInput, input } from './inputs';
export type { Input, Parameters, ParametersOf, TypedInput } from './inputs';
export { Job } from './job';
export { Ledger } from './ledger';
export { Media } from './media';
export type { ByteStream, MediaSource } from './media';
export type {
  BillingFilter,
  CallOptions,
  ClientSettings,
  DownloadOptions,
  HistoryFilter,
  PriceOptions,
  RecoverOptions,
  UploadOptions,
} from './options';
export { Paginator } from './pagination';
export { Output, Prediction } from './prediction';
export type {
  OnProgress,
  OnUpdate,
  Progress,
  RunManyOptions,
  RunOptions,
  SubmitOptions,
  RefreshOptions,
  UpdatesOptions,
  WaitOptions,
} from './progress';
export type { RunResult } from './run-many';
export { expressWebhook, fastifyWebhook, webWebhook, WebhookVerifier } from './webhooks';
export type {
  Delivery,
  OnDelivery,
  WebhookBody,
  WebhookHeaders,
  WebhookReceiver,
} from './webhooks';
