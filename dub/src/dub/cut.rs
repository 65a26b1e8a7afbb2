//! Cuts the segments: pictures to the frame, and the voice to the sample.

use std::io::SeekFrom;
use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::folder::rename;
use super::source_frames::SourceFrames;
use super::{Dub, WorkFolder};
use crate::analysis::{Pcm, usual_duration};
use crate::error::DubError;
use crate::frames::{EncodedAs, FrameWriter};
use crate::plan::Segment;

/// The quality of the pictures of a segment: visually the same as the source.
const QUALITY: u8 = 16;

impl Dub {
    /// Cuts the segments that are neither cut nor done.
    pub(super) async fn cut(&self, done: &[String]) -> Result<(), DubError> {
        let missing: Vec<(usize, &Segment)> = self
            .dubbed_segments()
            .filter(|(number, _)| !done.contains(&WorkFolder::segment_id(*number)))
            .filter(|(number, _)| {
                !(self.folder.segment_video(*number).exists()
                    && self.folder.segment_audio(*number).exists())
            })
            .collect();
        let total = missing.iter().map(|(_, segment)| segment.frames.len()).sum();
        let wanted = missing.iter().flat_map(|(_, segment)| self.source_frames(segment));
        let mut frames =
            SourceFrames::new(self.ffmpeg.clone(), self.video.clone(), self.format, wanted);
        let mut cut = 0;
        for (number, segment) in missing {
            // The voice first: a segment whose pictures are there is complete.
            self.cut_voice(number, segment).await?;
            let part = self.folder.temporary("segment.mp4");
            let mut writer =
                FrameWriter::start(&self.ffmpeg, &part, self.format, self.encoded(QUALITY)).await?;
            let begin = self.plan.timeline.time_at(segment.frames.start);
            for frame in segment.frames.clone() {
                let at = self.plan.timeline.time_at(frame).saturating_sub(begin);
                writer.write(at, frames.next().await?).await?;
                cut += 1;
                self.updates.cutting(cut, total);
            }
            writer.finish().await?;
            rename(&part, &self.folder.segment_video(number))?;
        }
        Ok(())
    }

    /// Returns the frames of the original video that a segment shows.
    pub(super) fn source_frames(&self, segment: &Segment) -> impl Iterator<Item = usize> + use<'_> {
        let frames = self.plan.timeline.frames().get(segment.frames.clone());
        frames.unwrap_or_default().iter().map(|frame| frame.source)
    }

    /// Returns how pictures are encoded.
    pub(super) fn encoded(&self, quality: u8) -> EncodedAs<'static> {
        let times: Vec<i64> = self.plan.timeline.frames().iter().map(|it| it.start).collect();
        EncodedAs {
            time_base: self.plan.timeline.time_base(),
            frame_ticks: usual_duration(&times),
            preset: self.options.preset.name(),
            quality,
        }
    }

    async fn cut_voice(&self, number: usize, segment: &Segment) -> Result<(), DubError> {
        let pcm_file = self.folder.pcm();
        let frame = self.pcm.frame_bytes();
        let end = segment.samples.end.min(self.pcm.samples);
        let begin = segment.samples.start.min(end);
        let failed = |error| DubError::io(&pcm_file, &error);
        let mut file = tokio::fs::File::open(&pcm_file).await.map_err(failed)?;
        file.seek(SeekFrom::Start(begin * frame)).await.map_err(failed)?;
        // A segment has some megabytes at most.
        let length = usize::try_from((segment.samples.end - segment.samples.start) * frame);
        let mut samples = Vec::new();
        file.take((end - begin) * frame).read_to_end(&mut samples).await.map_err(failed)?;
        // After its end the voice is silent.
        samples.resize(length.unwrap_or(samples.len()), 0);
        let part = self.folder.temporary("segment.wav");
        let written = write_wav(&part, self.pcm, &samples).await;
        written.map_err(|error| DubError::io(&part, &error))?;
        rename(&part, &self.folder.segment_audio(number))
    }
}

/// Writes a WAV file.
async fn write_wav(to: &Path, pcm: Pcm, samples: &[u8]) -> std::io::Result<()> {
    let mut file = tokio::fs::File::create(to).await?;
    file.write_all(&wav_header(pcm, samples.len())).await?;
    file.write_all(samples).await?;
    file.flush().await
}

/// Returns the header of a WAV file with 16-bit samples of this many bytes.
fn wav_header(pcm: Pcm, bytes: usize) -> Vec<u8> {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    let frame = pcm.channels.saturating_mul(2);
    let mut header = Vec::with_capacity(44);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&bytes.saturating_add(36).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16_u32.to_le_bytes());
    header.extend_from_slice(&1_u16.to_le_bytes());
    header.extend_from_slice(&pcm.channels.to_le_bytes());
    header.extend_from_slice(&pcm.rate.to_le_bytes());
    header.extend_from_slice(&pcm.rate.saturating_mul(u32::from(frame)).to_le_bytes());
    header.extend_from_slice(&frame.to_le_bytes());
    header.extend_from_slice(&16_u16.to_le_bytes());
    header.extend_from_slice(b"data");
    header.extend_from_slice(&bytes.to_le_bytes());
    header
}
