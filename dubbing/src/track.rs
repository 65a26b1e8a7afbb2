//! A track: samples, the entries that describe them, and the edits that say when they are shown.

/// The most samples of a track. At 24 bytes each they bound the memory.
pub(crate) const MAX_SAMPLES: usize = 1_000_000;

/// The matrix of a picture that is not turned.
pub(crate) const IDENTITY: [u8; 36] = [
    0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
    0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, //
    0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0,
];

/// Picture or sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrackKind {
    Picture,
    Sound,
}

/// One sample: a coded picture, or a frame of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Its position in its file.
    pub(crate) offset: u64,
    pub(crate) size: u32,
    /// Its duration in the track's timescale.
    pub(crate) duration: u32,
    /// From its decoding to its presentation, in the track's timescale.
    pub(crate) shift: i32,
    /// The index of its entry in `Track::entries`.
    pub(crate) entry: u16,
    /// Whether decoding can begin here.
    pub(crate) sync: bool,
}

/// A part of a track's presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The media time that the part begins at, in the track's timescale; `None` shows nothing.
    pub(crate) start: Option<u64>,
    /// How long the part is, in the timescale of the movie; `None` is to the end of the media.
    pub(crate) duration: Option<u64>,
}

/// A track of a file.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(crate) kind: TrackKind,
    /// Units per second of the samples.
    pub(crate) timescale: u32,
    /// Units per second of the edits' durations.
    pub(crate) edit_timescale: u32,
    /// The edits; empty if the whole media is shown from media time 0.
    pub(crate) edits: Vec<Edit>,
    /// Sample entries, as whole boxes.
    pub(crate) entries: Vec<Vec<u8>>,
    /// The samples in decoding order.
    pub(crate) samples: Vec<Sample>,
    /// The transformation of the picture, as in the track header.
    pub(crate) matrix: [u8; 36],
    /// The transformation of all tracks, as in the movie header.
    pub(crate) movie_matrix: [u8; 36],
    /// Width and height in the track header, as 16.16 fixed-point numbers.
    pub(crate) size: (u32, u32),
}

impl Track {
    /// Returns a sound track with one entry and without a picture's facts.
    pub(crate) fn sound(timescale: u32, entry: Vec<u8>, samples: Vec<Sample>) -> Self {
        Self {
            kind: TrackKind::Sound,
            timescale,
            edit_timescale: timescale,
            edits: Vec::new(),
            entries: vec![entry],
            samples,
            matrix: IDENTITY,
            movie_matrix: IDENTITY,
            size: (0, 0),
        }
    }

    /// Iterates over the samples with their decoding time.
    pub(crate) fn timed(&self) -> impl Iterator<Item = (u64, &Sample)> {
        self.samples.iter().scan(0_u64, |time, sample| {
            let at = *time;
            *time = time.saturating_add(u64::from(sample.duration));
            Some((at, sample))
        })
    }

    /// Returns the sum of the durations.
    pub(crate) fn decoding_duration(&self) -> u64 {
        self.samples.iter().map(|sample| u64::from(sample.duration)).sum()
    }
}

/// Returns when a sample is presented. It can be before 0.
pub(crate) fn presented_at(decoded_at: u64, sample: &Sample) -> i64 {
    i64::try_from(decoded_at).unwrap_or(i64::MAX).saturating_add(i64::from(sample.shift))
}
