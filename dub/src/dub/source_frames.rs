//! Reads chosen frames of the original video, in a chosen order.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::PathBuf;

use crate::analysis::input_options;
use crate::error::DubError;
use crate::ffmpeg::Ffmpeg;
use crate::frames::{FrameReader, PictureFormat};

/// Frames of a video. The same frame may be wanted several times, and an earlier one after a later one:
/// then the video is read again.
pub(super) struct SourceFrames {
    ffmpeg: Ffmpeg,
    video: PathBuf,
    format: PictureFormat,
    wanted: VecDeque<usize>,
    /// The reader, and the frames that it still yields.
    reader: Option<(FrameReader, VecDeque<usize>)>,
    current: Option<usize>,
    frame: Vec<u8>,
}

impl SourceFrames {
    pub(super) fn new(
        ffmpeg: Ffmpeg,
        video: PathBuf,
        format: PictureFormat,
        wanted: impl IntoIterator<Item = usize>,
    ) -> Self {
        let wanted = wanted.into_iter().collect();
        Self { ffmpeg, video, format, wanted, reader: None, current: None, frame: Vec::new() }
    }

    /// Returns the next wanted frame.
    pub(super) async fn next(&mut self) -> Result<&[u8], DubError> {
        let wanted = self.wanted.front().copied();
        if wanted.is_some() && wanted == self.current {
            self.wanted.pop_front();
            return Ok(&self.frame);
        }
        if self.reader.as_ref().is_none_or(|(_, ahead)| ahead.front().copied() != wanted) {
            let ahead = ascending(&self.wanted);
            let ranges = ranges(&ahead);
            let options = input_options(&self.video).await?;
            let (video, format) = (&self.video, self.format);
            let reader = FrameReader::start(&self.ffmpeg, video, &options, format, Some(&ranges))?;
            self.reader = Some((reader, ahead));
        }
        let Some((reader, ahead)) = &mut self.reader else { return Ok(&self.frame) };
        if !reader.next(&mut self.frame).await? {
            let message = "The video has fewer frames than before. Did it change?".to_owned();
            return Err(DubError::Io { path: self.video.clone(), message });
        }
        self.current = ahead.pop_front();
        self.wanted.pop_front();
        Ok(&self.frame)
    }
}

/// Returns the frames that one reading yields: those before the first that goes back, each once.
fn ascending(wanted: &VecDeque<usize>) -> VecDeque<usize> {
    let mut ahead: VecDeque<usize> = VecDeque::new();
    for frame in wanted {
        match ahead.back() {
            Some(last) if frame < last => break,
            Some(last) if frame == last => {}
            _ => ahead.push_back(*frame),
        }
    }
    ahead
}

/// Returns ascending numbers as ranges.
fn ranges(numbers: &VecDeque<usize>) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for number in numbers {
        match ranges.last_mut().filter(|last| last.end == *number) {
            Some(last) => last.end += 1,
            None => ranges.push(*number..number + 1),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_yields_what_ascends() {
        let ahead = ascending(&VecDeque::from([3, 4, 4, 7, 8, 2, 9]));
        assert_eq!(ahead, [3, 4, 7, 8]);
        assert_eq!(ranges(&ahead), [3..5, 7..9]);
        assert!(ranges(&VecDeque::new()).is_empty());
    }
}
