//! Reads the frames of a video: when each is shown, and how much it differs from the one before.

use std::path::Path;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::ChildStdout;

use super::source::input_options;
use crate::error::DubError;
use crate::ffmpeg::{Ffmpeg, Running};
use crate::plan::{Picture, TimeBase};

/// A frame that differs by this much from the one before begins a new scene: the score of ffmpeg's filter,
/// whose authors recommend 0.3 to 0.5.
const SCENE_SCORE: f32 = 0.35;
/// A video with more frames has hours of them; the planner refuses it with words.
const MAX_FRAMES: usize = 4_000_000;

/// Returns the displayed size of the pictures, in pixels.
pub(crate) async fn read_size(ffmpeg: &Ffmpeg, video: &Path) -> Result<(u32, u32), DubError> {
    let options = ["-map", "0:V:0", "-frames:v", "1", "-f", "framecrc"];
    let header = read_header(ffmpeg, video, &options).await?;
    let size = header.iter().find_map(|line| {
        let (width, height) = line.strip_prefix("#dimensions 0: ")?.split_once('x')?;
        Some((width.parse::<u32>().ok()?, height.parse::<u32>().ok()?))
    });
    let ratio = header.iter().find_map(|line| {
        let (one, other) = line.strip_prefix("#sar 0: ")?.split_once('/')?;
        Some((one.parse::<u64>().ok()?, other.parse::<u64>().ok()?))
    });
    let Some((width, height)) = size else { return Err(DubError::no_picture(video)) };
    let (one, other) = ratio.filter(|(one, other)| *one > 0 && *other > 0).unwrap_or((1, 1));
    let width = u64::from(width).saturating_mul(one) / other;
    Ok((u32::try_from(width).unwrap_or(u32::MAX), height))
}

/// Returns the frames of a video, as they are decoded.
pub(crate) async fn read_picture(
    ffmpeg: &Ffmpeg,
    video: &Path,
    mut on_frame: impl FnMut(usize),
) -> Result<Picture, DubError> {
    let (time_base, packets) = read_packets(ffmpeg, video).await?;
    let filters = "scale=64:36:flags=fast_bilinear,format=gray,select=gte(scene\\,0),\
                   metadata=mode=print:file=-";
    let mut running = ffmpeg
        .command()
        .input(video, &input_options(video).await?)
        .map_err(|error| DubError::io(video, &error))?
        .output_to_stdout(&[
            "-map",
            "0:V:0",
            "-vf",
            filters,
            "-fps_mode",
            "passthrough",
            "-f",
            "null",
        ])
        .start()?;
    let stdout = output(&mut running, video)?;
    let mut lines = BufReader::new(stdout).lines();
    let (mut times, mut scene_changes) = (Vec::new(), Vec::new());
    while let Some(line) = lines.next_line().await.map_err(|error| DubError::io(video, &error))? {
        if let Some(time) = frame_time(&line) {
            // Two frames at one time: the second replaces the first as soon as it is shown.
            let after_last = times.last().map_or(time, |last: &i64| time.max(last + 1));
            times.push(after_last);
            on_frame(times.len());
            if times.len() >= MAX_FRAMES {
                break;
            }
        } else if scene_score(&line).is_some_and(|score| score >= SCENE_SCORE) {
            scene_changes.push(times.len().saturating_sub(1));
        }
    }
    drop(lines);
    if times.len() < MAX_FRAMES {
        running.finish().await?;
    }
    if times.is_empty() {
        return Err(DubError::no_picture(video));
    }
    let duration = last_duration(&packets).unwrap_or_else(|| usual_duration(&times));
    let end = times.last().copied().unwrap_or_default().saturating_add(duration);
    Ok(Picture { time_base, times, end, scene_changes })
}

/// Returns the usual duration of a frame: the median.
pub(crate) fn usual_duration(times: &[i64]) -> i64 {
    let mut durations: Vec<i64> =
        times.windows(2).filter_map(|pair| pair.last()?.checked_sub(*pair.first()?)).collect();
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or(1).max(1)
}

/// Returns the times of the frames of a video in microseconds after the first, without decoding them.
pub(crate) async fn read_packet_times(ffmpeg: &Ffmpeg, video: &Path) -> Result<Vec<i64>, DubError> {
    let (time_base, packets) = read_packets(ffmpeg, video).await?;
    let mut times: Vec<i64> = packets.into_iter().map(|packet| packet.time).collect();
    times.sort_unstable();
    let first = times.first().copied().unwrap_or_default();
    let micros = |ticks: i64| time_base.duration(ticks.saturating_sub(first)).as_micros();
    Ok(times.into_iter().map(|time| i64::try_from(micros(time)).unwrap_or(i64::MAX)).collect())
}

/// A frame before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packet {
    time: i64,
    duration: i64,
}

/// Lists the frames that are shown, in the order in which they are decoded.
async fn read_packets(ffmpeg: &Ffmpeg, video: &Path) -> Result<(TimeBase, Vec<Packet>), DubError> {
    let options = ["-map", "0:V:0", "-c", "copy", "-f", "framecrc"];
    let lines = read_header(ffmpeg, video, &options).await?;
    let time_base = time_base(&lines).ok_or_else(|| DubError::no_picture(video))?;
    Ok((time_base, lines.iter().filter_map(|line| packet(line)).collect()))
}

/// Returns the packet in a line such as `0,  -1001,  3003,  1001,  414, 0x4f48c8e9, F=0x0`. `None` for one
/// that an edit list excludes: it is decoded for the frames after it, and not shown.
fn packet(line: &str) -> Option<Packet> {
    const DISCARD: u32 = 4;
    let mut fields = line.split(',').map(str::trim);
    let (time, duration) = (fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?);
    let flags = fields.find_map(|field| field.strip_prefix("F=0x"));
    let flags = flags.map_or(Ok(0), |flags| u32::from_str_radix(flags, 16)).ok()?;
    (flags & DISCARD == 0).then_some(Packet { time, duration })
}

/// Returns how long the last frame is shown, if the file states it. The duration of a packet is the time to
/// the next one that is decoded, so it counts only if the last packet is also the last frame.
fn last_duration(packets: &[Packet]) -> Option<i64> {
    let last = packets.last()?;
    let is_last_shown = packets.iter().all(|packet| packet.time <= last.time);
    Some(last.duration).filter(|duration| is_last_shown && *duration > 0)
}

fn time_base(header: &[String]) -> Option<TimeBase> {
    header.iter().find_map(|line| {
        let (num, den) = line.strip_prefix("#tb 0: ")?.split_once('/')?;
        Some(TimeBase { num: num.parse().ok()?, den: den.parse().ok()? })
    })
}

/// Returns the lines that ffmpeg prints of a stream before its first frame.
pub(crate) async fn read_header(
    ffmpeg: &Ffmpeg,
    file: &Path,
    options: &[&str],
) -> Result<Vec<String>, DubError> {
    let command = ffmpeg.command().input(file, &input_options(file).await?);
    let command = command.map_err(|error| DubError::io(file, &error))?;
    let mut running = command.output_to_stdout(options).start()?;
    let mut stdout = output(&mut running, file)?;
    let mut text = String::new();
    let read = stdout.read_to_string(&mut text).await;
    running.finish().await?;
    read.map_err(|error| DubError::io(file, &error))?;
    Ok(text.lines().map(str::to_owned).collect())
}

pub(super) fn output(running: &mut Running, file: &Path) -> Result<ChildStdout, DubError> {
    let missing = || DubError::io(file, &std::io::Error::from(std::io::ErrorKind::BrokenPipe));
    running.stdout.take().ok_or_else(missing)
}

/// Returns the time in a line such as `frame:12   pts:12012   pts_time:0.4004`.
fn frame_time(line: &str) -> Option<i64> {
    let rest = line.strip_prefix("frame:")?;
    rest.split_whitespace().find_map(|word| word.strip_prefix("pts:"))?.parse().ok()
}

fn scene_score(line: &str) -> Option<f32> {
    line.strip_prefix("lavfi.scene_score=")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_filter() {
        assert_eq!(frame_time("frame:12   pts:12012   pts_time:0.4004"), Some(12_012));
        assert_eq!(frame_time("frame:0    pts:-1      pts_time:-0.04"), Some(-1));
        assert_eq!(frame_time("lavfi.scene_score=0.5"), None);
        assert_eq!(scene_score("lavfi.scene_score=0.500000"), Some(0.5));
    }

    #[test]
    fn frames_that_an_edit_list_excludes_are_not_shown() {
        let line = |flags: &str| packet(&format!("0, -1001, 3003, 1001, 414, 0x4f48c8e9{flags}"));
        let shown = Some(Packet { time: 3_003, duration: 1_001 });
        assert_eq!([line(""), line(", F=0x0")], [shown, shown]);
        assert_eq!([line(", F=0x4"), line(", F=0x5")], [None, None]);
        assert_eq!(packet("#tb 0: 1/30000"), None);
    }

    #[test]
    fn the_last_packet_states_a_duration_only_if_it_is_the_last_frame() {
        let of = |times: &[i64]| {
            let packets = times.iter().map(|time| Packet { time: *time, duration: 7 });
            last_duration(&packets.collect::<Vec<_>>())
        };
        assert_eq!(of(&[0, 2, 1, 3]), Some(7));
        assert_eq!(of(&[0, 3, 1, 2]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn the_usual_duration_is_the_median() {
        assert_eq!(usual_duration(&[0, 40, 80, 1_000, 1_040]), 40);
        assert_eq!(usual_duration(&[7]), 1);
    }
}
