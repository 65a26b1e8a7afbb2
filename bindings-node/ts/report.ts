/** One broken rule. */
export interface Violation {
  /** The model's parameter, such as `video`. */
  readonly field: string;
  /** The rule's stable code, such as `duration` or `container`. */
  readonly rule: string;
  /** Whether it stops the run. */
  readonly level: 'error' | 'warning';
  /** What was found: `10.52 s`. */
  readonly actual: string;
  /** What is accepted: `2 to 10 s`. */
  readonly allowed: string;
  /** What is wrong where, then what to do. */
  readonly message: string;
}

/** What a media file says of itself. What could not be read is absent. */
export interface MediaInfo {
  /** What the file really is: `mp4`, `mov`, `mp3`, …, or `unknown`. */
  readonly container: string;
  /** Size in bytes. */
  readonly bytes?: number;
  /** Playing time in milliseconds. */
  readonly durationMs?: number;
  /** Displayed width in pixels. */
  readonly width?: number;
  /** Displayed height in pixels. */
  readonly height?: number;
  /** The video track's codec, such as `h264`. */
  readonly videoCodec?: string;
  /** The sound track's codec, such as `aac`. */
  readonly audioCodec?: string;
  /** What is wrong with the file, as a clause that completes "the file …". */
  readonly corruption?: string;
  /** What is odd about a file that most players play all the same. */
  readonly anomaly?: string;
}

/** What a check found. */
export interface Report {
  /** Whether nothing speaks against running the input; warnings do not. */
  readonly ok: boolean;
  /** Every broken rule, errors and warnings. */
  readonly violations: readonly Violation[];
  /** What each medium that could be read says of itself, by the parameter's name. */
  readonly media: Readonly<Record<string, MediaInfo>>;
}
