/**
 * Moves the lips of a video to a voice, with Kling LipSync on WaveSpeedAI.
 *
 * @packageDocumentation
 */
export type {
  Billing,
  BillingFilter,
  DailyUsage,
  HistoryFilter,
  Model,
  ModelUsage,
  Price,
  Usage,
} from './account';
export { check, run } from './alone';
export { Client } from './client';
export type { Delivery, WebhookBody, WebhookHeaders, WebhookReceiver } from './delivery';
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
export type { ErrorCode, SubmitRecord } from './errors';
export { AnyInput, input } from './inputs';
export type {
  AudioToVideo,
  EffectScene,
  KlingEffects,
  Models,
  TextToVideo,
  VoiceId,
} from './generated/models';
export type { Input, Parameters, ParametersOf, TypedInput } from './inputs';
export { Paginator } from './iterate';
export { Job } from './job';
export type { RunResult } from './many';
export { Media } from './media';
export type { ByteStream, MediaSource } from './media';
export type {
  CallOptions,
  ClientSettings,
  DownloadOptions,
  Pacing,
  RunManyOptions,
  RunOptions,
  DownloadedFile,
  SubmitOptions,
  UploadOptions,
  WaitOptions,
} from './options';
export { Output, Prediction } from './prediction';
export type { Status } from './prediction';
export type { OnProgress, OnUpdate, Progress } from './progress';
export type { MediaInfo, Report, Violation } from './report';
export { expressWebhook, fastifyWebhook, webWebhook, WebhookVerifier } from './webhooks';
export type { OnDelivery } from './webhooks';
