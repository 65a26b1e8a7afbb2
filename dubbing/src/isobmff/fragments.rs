//! Movie fragments: the samples of files that were written while they were recorded or streamed.

use super::boxes::{Cursor, child, children};
use crate::error::{Problem, unusable};
use crate::track::{MAX_SAMPLES, Sample};

/// What a track's fragments say if they say nothing else (`trex`, then `tfhd`).
#[derive(Clone, Copy, Debug, Default)]
struct Defaults {
    description: u32,
    duration: u32,
    size: u32,
    flags: u32,
}

/// Collects the samples of one track from the fragments of a file.
pub(super) struct FragmentReader {
    track: u32,
    defaults: Defaults,
    entries: usize,
    file_size: u64,
    /// The decoding time of the first fragment. Time counts from there.
    pub(super) origin: u64,
    /// The decoding time after the last sample.
    time: u64,
    pub(super) samples: Vec<Sample>,
    /// Whether a sample was behind the end of the file.
    ended: bool,
}

impl FragmentReader {
    /// Returns a reader that continues after `samples`, those of the movie box.
    pub(super) fn new(
        movie: &[u8],
        track: u32,
        entries: usize,
        file_size: u64,
        samples: Vec<Sample>,
    ) -> Self {
        let time = samples.iter().map(|sample| u64::from(sample.duration)).sum();
        let defaults = child(movie, b"mvex").and_then(|extends| defaults_of(extends, track));
        let defaults = defaults.unwrap_or(Defaults { description: 1, ..Defaults::default() });
        Self { track, defaults, entries, file_size, origin: 0, time, samples, ended: false }
    }

    /// Adds the samples of a fragment (`moof`, with its header) at this position.
    pub(super) fn add(&mut self, whole: &[u8], position: u64) -> Result<(), Problem> {
        let body = child(whole, b"moof").unwrap_or_default();
        let mut end = position;
        for atom in children(body).filter(|atom| atom.kind == *b"traf") {
            self.add_track(atom.body, position, &mut end)?;
        }
        Ok(())
    }

    /// Adds the samples of a track's fragment. `end` is where the data of the one before it end.
    fn add_track(&mut self, traf: &[u8], position: u64, end: &mut u64) -> Result<(), Problem> {
        let mut cursor = Cursor(child(traf, b"tfhd").unwrap_or_default());
        let (Some((_, flags)), Some(track)) = (cursor.version_and_flags(), cursor.u32()) else {
            return Ok(());
        };
        let is_ours = track == self.track;
        let mut base = if flags & 0x02_0000 == 0 { *end } else { position };
        if flags & 1 != 0 {
            base = cursor.u64().unwrap_or(u64::MAX);
        }
        let mut defaults = if is_ours { self.defaults } else { Defaults::default() };
        let fields = [
            (0x02, &mut defaults.description),
            (0x08, &mut defaults.duration),
            (0x10, &mut defaults.size),
            (0x20, &mut defaults.flags),
        ];
        for (flag, field) in fields {
            if flags & flag != 0 {
                *field = cursor.u32().unwrap_or_default();
            }
        }
        if is_ours {
            self.set_time(traf);
        }
        *end = base;
        for atom in children(traf).filter(|atom| atom.kind == *b"trun") {
            self.add_run(atom.body, base, end, defaults, is_ours)?;
        }
        Ok(())
    }

    /// Moves to the decoding time of the fragment. A gap lengthens the sample before it.
    fn set_time(&mut self, traf: &[u8]) {
        let mut cursor = Cursor(child(traf, b"tfdt").unwrap_or_default());
        let time = cursor.version_and_flags().and_then(|(version, _)| cursor.wide(version));
        let Some(time) = time else { return };
        match self.samples.last_mut() {
            None => self.origin = time,
            Some(last) => {
                let gap = time.saturating_sub(self.origin).saturating_sub(self.time);
                let gap = u32::try_from(gap).unwrap_or_default();
                if let Some(duration) = last.duration.checked_add(gap) {
                    last.duration = duration;
                    self.time = self.time.saturating_add(u64::from(gap));
                }
            }
        }
    }

    fn add_run(
        &mut self,
        body: &[u8],
        base: u64,
        end: &mut u64,
        defaults: Defaults,
        is_ours: bool,
    ) -> Result<(), Problem> {
        let mut cursor = Cursor(body);
        let (Some((_, flags)), Some(count)) = (cursor.version_and_flags(), cursor.u32()) else {
            return Ok(());
        };
        if self.ended {
            return Ok(());
        }
        if flags & 1 != 0 {
            let offset = i64::from(cursor.i32().unwrap_or_default());
            *end = base.saturating_add_signed(offset);
        }
        let first_flags = if flags & 4 != 0 { cursor.u32() } else { None };
        // A run without fields of its own has no bytes that bound the count.
        for index in 0..count.min(MAX_SAMPLES as u32) {
            let mut field = |flag: u32, default: u32| {
                if flags & flag == 0 { Some(default) } else { cursor.u32() }
            };
            let fields = (|| {
                let duration = field(0x100, defaults.duration)?;
                let size = field(0x200, defaults.size)?;
                let own = field(0x400, defaults.flags)?;
                let shift = field(0x800, 0)?.cast_signed();
                Some((duration, size, own, shift))
            })();
            let Some((duration, size, own, shift)) = fields else { break };
            let offset = *end;
            *end = end.saturating_add(u64::from(size));
            let sample_flags = first_flags.filter(|_| index == 0).unwrap_or(own);
            if is_ours {
                let sync = sample_flags & 0x0001_0000 == 0;
                let sample = Sample { offset, size, duration, shift, entry: 0, sync };
                self.push(sample, defaults.description, *end)?;
                if self.ended {
                    break;
                }
            } else if flags & 0xf00 == 0 {
                // All samples are the same: no need to count them.
                let others = u64::from(count.saturating_sub(1));
                *end = end.saturating_add(others.saturating_mul(u64::from(size)));
                break;
            }
        }
        Ok(())
    }

    fn push(&mut self, sample: Sample, description: u32, end: u64) -> Result<(), Problem> {
        self.ended |= end > self.file_size;
        if self.ended {
            return Ok(());
        }
        if self.samples.len() >= MAX_SAMPLES {
            return Err(unusable(format!("has more than {MAX_SAMPLES} samples in a track")));
        }
        let entry = usize::try_from(description).ok().and_then(|number| number.checked_sub(1));
        let Some(entry) = entry.filter(|entry| *entry < self.entries) else {
            return Err(unusable("has samples without a description"));
        };
        self.time = self.time.saturating_add(u64::from(sample.duration));
        self.samples.push(Sample { entry: u16::try_from(entry).unwrap_or_default(), ..sample });
        Ok(())
    }
}

fn defaults_of(extends: &[u8], track: u32) -> Option<Defaults> {
    children(extends).filter(|atom| atom.kind == *b"trex").find_map(|atom| {
        let mut cursor = Cursor(atom.body);
        cursor.version_and_flags()?;
        let is_ours = cursor.u32()? == track;
        let defaults = Defaults {
            description: cursor.u32()?,
            duration: cursor.u32()?,
            size: cursor.u32()?,
            flags: cursor.u32()?,
        };
        is_ours.then_some(defaults)
    })
}
