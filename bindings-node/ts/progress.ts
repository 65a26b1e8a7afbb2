import { inform } from './call';
import { errorOf, type ErrorData, type SubmitRecord, type VisemeError } from './errors';
import type { Reach } from './native';
import { Prediction, type PredictionData } from './prediction';
import type { Report } from './report';

/** One piece of news from a run. Words that are added later are to be ignored. */
export type Progress =
  /** The input was checked; warnings are in the report. */
  | { readonly event: 'checked'; readonly report: Report }
  /** A medium is being uploaded: bytes so far, and its size. */
  | {
      readonly event: 'uploading';
      readonly field: string;
      readonly sent: number;
      readonly total: number;
    }
  /** A medium was uploaded. */
  | { readonly event: 'uploaded'; readonly field: string; readonly url: string }
  /**
   * The POST that costs money goes out. The record, saved now, lets `client.recover` find the job
   * even if this process dies before the answer comes.
   */
  | { readonly event: 'submitting'; readonly attempt: number; readonly record: SubmitRecord }
  /** The answer to the submit was lost; the job is looked for in the history. */
  | { readonly event: 'recovering' }
  /** There is a job. */
  | { readonly event: 'submitted'; readonly jobId: string }
  /** The job's state changed. */
  | { readonly event: 'update'; readonly prediction: Prediction }
  /** A step failed in a way that may pass, and is tried again after a while. */
  | { readonly event: 'retrying'; readonly error: VisemeError; readonly afterMs: number };

/** Is told what goes on; in many runs also the position of the input. */
export type OnProgress = (progress: Progress, index?: number) => unknown;

/** Is told each new state of the job; in many runs also the position of the input. */
export type OnUpdate = (prediction: Prediction, index?: number) => unknown;

/** News as they come over the border. */
export type ProgressData = { event: string } & Record<string, unknown>;

interface Listeners {
  onProgress?: OnProgress | undefined;
  onUpdate?: OnUpdate | undefined;
}

/** Tells the listeners of a run. */
export function teller(reach: Reach, listeners: Listeners) {
  return (data: ProgressData, ...index: [number?]): void => {
    const news = progressOf(data, reach);
    inform(listeners.onProgress, news, ...index);
    if (news.event === 'update') {
      inform(listeners.onUpdate, news.prediction, ...index);
    }
  };
}

function progressOf(data: ProgressData, reach: Reach): Progress {
  switch (data.event) {
    case 'update': {
      const prediction = new Prediction(data['prediction'] as PredictionData, reach);
      return { event: 'update', prediction };
    }
    case 'retrying':
      return {
        ...data,
        error: errorOf(data['error'] as ErrorData, reach),
      } as unknown as Progress;
    default:
      return data as unknown as Progress;
  }
}
