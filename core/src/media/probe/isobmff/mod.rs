//! MP4, MOV and M4A: reads the few boxes that matter, wherever they are. `mdat` is never read.

mod boxes;
mod fragments;
mod geometry;
mod integrity;
mod movie;
mod sample_entry;
mod sample_table;
mod selection;
mod sps;
mod timing;

use std::time::Duration;

use super::super::info::Detail;
use super::super::{Container, MediaInfo};
use super::ReadError;
use super::window::Window;
use boxes::{BoxAt, BoxWalk};
use fragments::Fragments;
use movie::{Movie, Track};
use selection::{Context, Selection};

/// Longer than any file: a number beyond it is corruption.
const MAX_SECONDS: f64 = 1e7;
/// Boxes before the first well-known one; a real file has one or two.
const MAX_UNKNOWN_BOXES: usize = 16;

/// The boxes on the file's top level.
#[derive(Default)]
struct Layout {
    /// Where the first box starts.
    start: u64,
    brand: Option<[u8; 4]>,
    movie: Option<Movie>,
    /// The box of the index.
    index: Option<BoxAt>,
    fragments: Option<Fragments>,
    /// The end of the file according to the segment indexes.
    listed_end: u64,
    has_media: bool,
    /// The last box of media data.
    media: Option<BoxAt>,
    has_fragment: bool,
    /// The box that the file ends in before that box does.
    cut_in: Option<BoxAt>,
}

/// Returns true if the file starts with boxes that lead to one that only such files have.
pub(super) fn is_box_file(window: &Window<'_>) -> Result<bool, ReadError> {
    let mut walk = BoxWalk::of_file(window, 0);
    for _ in 0..MAX_UNKNOWN_BOXES {
        match walk.next()? {
            Some(found) if matches!(&found.kind, b"ftyp" | b"moov" | b"moof" | b"mdat") => {
                return Ok(true);
            }
            Some(found)
                if !found.overruns
                    && found.declared.is_some()
                    && found.kind.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') => {}
            _ => return Ok(false),
        }
    }
    Ok(false)
}

/// Reads a file whose first box is at `start`.
pub(super) fn read(window: &Window<'_>, start: u64) -> Result<MediaInfo, ReadError> {
    let layout = layout(window, start)?;
    let has_audio_brand =
        matches!(layout.brand.as_ref(), Some(b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B "));
    let context = layout.movie.as_ref().map(|movie| Context {
        movie,
        fragments: layout.fragments.as_ref().filter(|_| layout.has_fragment),
        has_audio_brand,
    });
    let selection = context.as_ref().map(Context::select).unwrap_or_default();
    let (video, audio) = (selection.video, selection.audio);

    let is_audio = video.is_none() && (audio.is_some() || has_audio_brand);
    let container = match layout.brand.as_ref() {
        _ if is_audio => Container::M4a,
        // The first QuickTime files had no brand.
        Some(b"qt  ") | None => Container::Mov,
        _ => Container::Mp4,
    };
    let mut info = MediaInfo::new(container, window.size());
    if let Some(context) = &context {
        (info.duration, info.total_duration) = durations(context, &selection);
        if let Some(size) = video.and_then(|track| picture_size(context.movie, track)) {
            (info.width, info.height) = (Some(size.displayed.0), Some(size.displayed.1));
            info.coded_size = Some(size.coded);
        }
    }
    info.video_codec = video.and_then(codec);
    info.audio_codec = audio.and_then(codec);
    let faults = integrity::faults(window, &layout, &selection)?;
    info.detail = if selection.has_cover {
        Some(Detail::CoverOnly)
    } else if selection.has_empty_video {
        Some(Detail::EmptyVideo)
    } else if start > 0 {
        Some(Detail::Prefix(start))
    } else {
        None
    };
    (info.corruption, info.anomaly) = (faults.corruption, faults.anomaly);
    Ok(info)
}

fn layout(window: &Window<'_>, start: u64) -> Result<Layout, ReadError> {
    let mut layout = Layout { start, ..Layout::default() };
    let mut walk = BoxWalk::of_file(window, start);
    while let Some(found) = walk.next()? {
        if found.declared.is_some() && (found.overruns || !window.reaches(found.end)?) {
            layout.cut_in = Some(found);
        }
        match &found.kind {
            b"ftyp" if layout.brand.is_none() => layout.brand = window.array(found.body)?,
            b"moov" if layout.movie.is_none() => {
                let movie = movie::read(window, &found)?;
                layout.fragments =
                    movie.is_fragmented.then(|| Fragments::new(&movie, window.size()));
                layout.movie = Some(movie);
                layout.index = Some(found);
            }
            b"mdat" => {
                layout.has_media = true;
                layout.media = Some(found);
            }
            b"moof" => {
                layout.has_fragment = true;
                if let Some(fragments) = &mut layout.fragments {
                    fragments.add(window, &found)?;
                }
            }
            b"sidx" => {
                let end = fragments::listed_end(window, &found)?.unwrap_or(0);
                layout.listed_end = layout.listed_end.max(end);
            }
            _ => {}
        }
    }
    Ok(layout)
}

/// Returns how long the video plays (the audio, if there is no video), and how long the longest
/// of both does.
fn durations(
    context: &Context<'_>,
    selection: &Selection<'_>,
) -> (Option<Duration>, Option<Duration>) {
    let main = selection.video.or(selection.audio).and_then(|track| context.period(track));
    let all = [selection.video, selection.audio].map(|it| it.and_then(|it| context.period(it)));
    let origin = all.iter().flatten().map(|period| period.origin).reduce(f64::min).unwrap_or(0.0);
    let end = all.iter().flatten().map(|period| period.end).reduce(f64::max);
    let duration = |end: f64| plausible(end - origin);
    (main.and_then(|period| duration(period.end)), end.and_then(duration))
}

fn plausible(seconds: f64) -> Option<Duration> {
    (seconds > 0.0 && seconds <= MAX_SECONDS).then(|| Duration::from_secs_f64(seconds))
}

fn codec(track: &Track) -> Option<String> {
    track.entry.as_ref().map(|entry| entry.codec.clone())
}

fn picture_size(movie: &Movie, track: &Track) -> Option<geometry::Size> {
    let picture = track.entry.as_ref()?.picture?;
    geometry::size(picture, track.presented, track.matrix.then(movie.matrix))
}
