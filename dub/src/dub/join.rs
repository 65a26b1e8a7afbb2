//! Joins the results: their pictures and those that are kept, with the sound of the original voice.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use super::Dub;
use super::container::{OutputContainer, to_mov};
use super::folder::rename_new;
use super::frame_map::map_frames;
use super::sound::{add_voice, decode_voice};
use super::source_frames::SourceFrames;
use crate::analysis::{input_options, read_packet_times};
use crate::error::DubError;
use crate::frames::{FrameReader, FrameWriter};
use crate::plan::{Segment, SegmentKind};

/// The quality of the pictures of the result: visually the same as those of the segments.
const QUALITY: u8 = 17;

impl Dub {
    /// Writes the output.
    pub(super) async fn join(&self) -> Result<(), DubError> {
        let pictures = self.folder.temporary("pictures.mp4");
        self.join_pictures(&pictures).await?;
        let part = self.folder.temporary("output.mp4");
        let bytes = match add_voice(&pictures, &self.audio, &self.folder, &part).await {
            Ok(bytes) => bytes,
            // The codec of the voice does not fit into an MP4 file: decoded, it does.
            Err(_) => {
                let voice = self.folder.temporary("voice.wav");
                decode_voice(&self.ffmpeg, &self.audio, &voice).await?;
                let added = add_voice(&pictures, &voice, &self.folder, &part).await;
                added.map_err(|error| DubError::io(&self.audio, &io::Error::other(error)))?
            }
        };
        let (part, bytes) = match self.container {
            OutputContainer::Mp4 => (part, bytes),
            OutputContainer::Mov => {
                let time_base = self.plan.timeline.time_base();
                let mov = to_mov(&self.ffmpeg, &part, &self.audio, time_base, &self.folder).await?;
                let written = tokio::fs::metadata(&mov).await;
                (mov.clone(), written.map_err(|error| DubError::io(&mov, &error))?.len())
            }
        };
        self.folder.write_finished(bytes)?;
        rename_new(&part, &self.out)
    }

    async fn join_pictures(&self, to: &Path) -> Result<(), DubError> {
        let timeline = &self.plan.timeline;
        let segments = &self.plan.segments;
        let kept = segments.iter().filter(|segment| segment.kind == SegmentKind::Keep);
        let wanted = kept.flat_map(|segment| self.source_frames(segment));
        let mut original =
            SourceFrames::new(self.ffmpeg.clone(), self.video.clone(), self.format, wanted);
        let total = timeline.frames().len();
        let mut writer =
            FrameWriter::start(&self.ffmpeg, to, self.format, self.encoded(QUALITY)).await?;
        for (number, segment) in segments.iter().enumerate() {
            let mut result = match segment.kind {
                SegmentKind::Keep => None,
                SegmentKind::Dub => Some(self.result_frames(number, segment).await?),
            };
            for frame in segment.frames.clone() {
                let picture = match &mut result {
                    None => original.next().await?,
                    Some(result) => result.next().await?,
                };
                writer.write(timeline.time_at(frame), picture).await?;
                self.updates.joining(frame + 1, total);
            }
        }
        writer.finish().await?;
        Ok(())
    }

    async fn result_frames(
        &self,
        number: usize,
        segment: &Segment,
    ) -> Result<ResultFrames, DubError> {
        let path = self.folder.result(number);
        let times = read_packet_times(&self.ffmpeg, &path).await?;
        let timeline = &self.plan.timeline;
        let begin = timeline.time_at(segment.frames.start);
        let micros = |frame: usize| {
            let ticks = timeline.time_at(frame).saturating_sub(begin);
            i64::try_from(timeline.time_base().duration(ticks).as_micros()).unwrap_or(i64::MAX)
        };
        let wanted: Vec<i64> = segment.frames.clone().map(micros).collect();
        let options = input_options(&path).await?;
        let reader = FrameReader::start(&self.ffmpeg, &path, &options, self.format, None)?;
        let wanted = map_frames(&times, &wanted).into();
        Ok(ResultFrames { path, reader, wanted, read: 0, frame: Vec::new(), next: Vec::new() })
    }
}

/// The frames of the result of a segment, as they are shown in its place.
struct ResultFrames {
    path: PathBuf,
    reader: FrameReader,
    /// The index of each frame in the result.
    wanted: VecDeque<usize>,
    /// How many frames were read.
    read: usize,
    frame: Vec<u8>,
    /// What the next frame is read to.
    next: Vec<u8>,
}

impl ResultFrames {
    async fn next(&mut self) -> Result<&[u8], DubError> {
        let wanted = self.wanted.pop_front().unwrap_or_default();
        while self.read <= wanted {
            if !self.reader.next(&mut self.next).await? {
                // The last frame is held.
                break;
            }
            std::mem::swap(&mut self.frame, &mut self.next);
            self.read += 1;
        }
        if self.read == 0 {
            return Err(DubError::NoPicture(self.path.clone()));
        }
        Ok(&self.frame)
    }
}
