//! MP4, MOV and M4A: the few boxes that matter, wherever they lie. `mdat` is never read.

mod boxes;
mod fragments;
mod geometry;
mod movie;
mod sample_entry;
mod timing;

use std::time::Duration;

use super::super::{Container, MediaInfo};
use super::ReadError;
use super::window::Window;
use boxes::{BoxAt, BoxWalk};
use fragments::Fragments;
use movie::{Movie, Track};

/// Longer than any file: a number beyond it is corruption.
const LONGEST_SECONDS: f64 = 1e7;

/// What was seen on the file's top level.
#[derive(Default)]
struct Layout {
    brand: Option<[u8; 4]>,
    movie: Option<Movie>,
    fragments: Option<Fragments>,
    /// How far the segment indexes say that the file reaches.
    listed_end: u64,
    has_media: bool,
    has_fragment: bool,
    /// The box the file ends in, before that box does.
    cut_in: Option<BoxAt>,
}

/// Reads a file that begins like ISO base media or QuickTime.
pub(super) fn read(window: &Window<'_>) -> Result<MediaInfo, ReadError> {
    let layout = layout(window)?;
    let tracks = layout.movie.as_ref().map_or(&[][..], |movie| &movie.tracks);
    let video = chosen(tracks, Track::is_video);
    let sound = chosen(tracks, Track::is_sound);

    let container = container(layout.brand, video.is_some(), sound.is_some());
    let mut info = MediaInfo::new(container, window.size());
    info.duration = playing_time(&layout, tracks);
    info.video_codec = video.and_then(codec);
    info.audio_codec = sound.and_then(codec);
    if let Some(size) = video.and_then(|track| displayed_size(&layout, track)) {
        info.width = Some(size.0);
        info.height = Some(size.1);
    }
    info.corruption = corruption(window, &layout, video, sound)?;
    Ok(info)
}

fn layout(window: &Window<'_>) -> Result<Layout, ReadError> {
    let mut layout = Layout::default();
    let mut walk = BoxWalk::whole_file(window);
    while let Some(found) = walk.next()? {
        if found.declared.is_some() && (found.overruns || !window.reaches(found.end)?) {
            layout.cut_in = Some(found);
        }
        match &found.kind {
            b"ftyp" if layout.brand.is_none() => layout.brand = window.array(found.body)?,
            b"moov" if layout.movie.is_none() => {
                let movie = movie::read(window, &found)?;
                layout.fragments = movie.is_fragmented.then(|| Fragments::new(&movie));
                layout.movie = Some(movie);
            }
            b"mdat" => layout.has_media = true,
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

/// The first track of a kind. Tracks that are switched off, such as the pictures of an audio
/// book's chapters, count only where all are: some writers leave the switch alone.
fn chosen(tracks: &[Track], of_kind: fn(&Track) -> bool) -> Option<&Track> {
    let uses_enabled_flag = tracks.iter().any(|track| track.is_enabled);
    tracks.iter().find(|track| of_kind(track) && (track.is_enabled || !uses_enabled_flag))
}

fn container(brand: Option<[u8; 4]>, has_video: bool, has_sound: bool) -> Container {
    let sound_brand = matches!(brand.as_ref(), Some(b"M4A " | b"M4B " | b"M4P " | b"F4A "));
    match brand.as_ref() {
        _ if !has_video && (has_sound || sound_brand) => Container::M4a,
        // QuickTime's files had no brand at first.
        Some(b"qt  ") | None => Container::Mov,
        _ => Container::Mp4,
    }
}

fn playing_time(layout: &Layout, tracks: &[Track]) -> Option<Duration> {
    let timescale = layout.movie.as_ref()?.timescale;
    tracks
        .iter()
        .filter(|track| track.is_video() || track.is_sound())
        .filter_map(|track| {
            let span = layout.fragments.as_ref().and_then(|fragments| fragments.span(track.id));
            timing::seconds(track, timescale, span)
        })
        .reduce(f64::max)
        .and_then(plausible)
}

fn plausible(seconds: f64) -> Option<Duration> {
    (seconds > 0.0 && seconds <= LONGEST_SECONDS).then(|| Duration::from_secs_f64(seconds))
}

fn codec(track: &Track) -> Option<String> {
    track.entry.as_ref().map(|entry| entry.codec.clone())
}

fn displayed_size(layout: &Layout, track: &Track) -> Option<(u32, u32)> {
    let movie = layout.movie.as_ref()?;
    let picture = track.entry.as_ref()?.picture?;
    geometry::displayed(picture, track.presented, track.matrix.then(movie.matrix))
}

fn corruption(
    window: &Window<'_>,
    layout: &Layout,
    video: Option<&Track>,
    sound: Option<&Track>,
) -> Result<Option<String>, ReadError> {
    if let Some(cut) = layout.cut_in.filter(|cut| matters(cut.kind)) {
        return Ok(Some(cut_clause(window, layout, cut)));
    }
    let clause = if layout.movie.is_none() {
        if layout.has_fragment {
            "is one segment of a stream, without the header (moov) that says what it holds"
        } else {
            "has no index (moov): its recording or download was not finished"
        }
    } else if video.is_none() && sound.is_none() {
        "has neither a video nor an audio track"
    } else if [video, sound].into_iter().flatten().any(is_encrypted) {
        "is encrypted (DRM)"
    } else if !window.reaches(layout.listed_end)? {
        "is truncated: its index lists more data than the file has"
    } else if !layout.has_media {
        "is truncated: it has an index but no media data"
    } else {
        return Ok(None);
    };
    Ok(Some(clause.to_owned()))
}

fn is_encrypted(track: &Track) -> bool {
    track.entry.as_ref().is_some_and(|entry| entry.is_encrypted)
}

/// A cut in anything else is not missed by a player.
fn matters(kind: [u8; 4]) -> bool {
    matches!(&kind, b"moov" | b"mdat" | b"moof" | b"ftyp")
}

fn cut_clause(window: &Window<'_>, layout: &Layout, cut: BoxAt) -> String {
    if &cut.kind == b"moov" {
        return "is truncated in the middle of its index (moov)".to_owned();
    }
    let without_index = layout.movie.is_none();
    match (&cut.kind, window.size(), cut.declared) {
        (b"mdat", Some(size), Some(declared)) => {
            let there = size.saturating_sub(cut.start);
            let index = if without_index { ", and its index (moov) is missing" } else { "" };
            format!(
                "is truncated: {there} of {declared} bytes of its media data are present{index}"
            )
        }
        _ if without_index => "is truncated: it ends before its index (moov)".to_owned(),
        _ => "is truncated: it ends in the middle of its media data".to_owned(),
    }
}
