//! Finds out whether the media data that the index lists are in the file.

use super::super::ReadError;
use super::super::window::Window;
use super::Layout;
use super::boxes::BoxAt;
use super::movie::Track;
use super::selection::Selection;

/// A file that lacks less than one part in so many bytes of its media data plays to the end.
const SLIGHT: u64 = 200;

/// The reasons why a file is unusable or odd.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) corruption: Option<String>,
    pub(super) anomaly: Option<String>,
}

impl Faults {
    fn corrupt(clause: impl Into<String>) -> Self {
        Self { corruption: Some(clause.into()), anomaly: None }
    }

    fn odd(clause: &str) -> Self {
        Self { corruption: None, anomaly: Some(clause.to_owned()) }
    }
}

pub(super) fn faults(
    window: &Window<'_>,
    layout: &Layout,
    selection: &Selection<'_>,
) -> Result<Faults, ReadError> {
    let Some(movie) = &layout.movie else {
        return Ok(Faults::corrupt(without_index(window, layout)));
    };
    if movie.is_compressed && movie.tracks.is_empty() {
        return Ok(Faults::default());
    }
    let mut played = selection.video.into_iter().chain(selection.audio);
    let is_index_cut = layout.cut_in.is_some_and(|cut| &cut.kind == b"moov");
    if is_index_cut && !(movie.tracks.iter().any(is_av) && all_complete(&movie.tracks)) {
        return Ok(Faults::corrupt("is truncated in the middle of its index (moov)"));
    }
    if selection.video.is_none() && selection.audio.is_none() {
        return Ok(Faults::corrupt("has neither a video nor an audio track"));
    }
    if played.any(|track| track.entry.as_ref().is_some_and(|entry| entry.is_encrypted)) {
        return Ok(Faults::corrupt("is encrypted (DRM)"));
    }
    if !window.reaches(layout.listed_end)? {
        return Ok(Faults::corrupt("is truncated: its index lists more data than the file has"));
    }
    if !layout.has_media {
        return Ok(Faults::corrupt("is truncated: it has an index but no media data"));
    }
    if selection.is_empty {
        return Ok(Faults::corrupt(
            "has tracks without any samples: its recording was not finished",
        ));
    }
    if layout.has_fragment {
        let is_cut = layout.fragments.as_ref().is_some_and(|fragments| fragments.is_cut)
            || layout.cut_in.is_some_and(|cut| &cut.kind == b"moof");
        let clause = "ends in the middle of its last fragment and may be truncated";
        return Ok(if is_cut { Faults::odd(clause) } else { Faults::default() });
    }
    missing_data(window, layout, selection)
}

/// Compares the positions of the samples with the size of the file.
fn missing_data(
    window: &Window<'_>,
    layout: &Layout,
    selection: &Selection<'_>,
) -> Result<Faults, ReadError> {
    let played = || selection.video.into_iter().chain(selection.audio);
    let data_end = played().filter_map(|track| track.samples.data_end).max();
    let last_chunk = played().filter_map(|track| track.samples.last_chunk).max();
    let cut_media = layout.cut_in.filter(|cut| &cut.kind == b"mdat");
    let (Some(data_end), Some(last_chunk)) = (data_end, last_chunk) else {
        // Only the header of the media data is left as a witness.
        return Ok(match cut_media {
            Some(cut) => Faults::corrupt(media_clause(window, &cut)),
            None => Faults::default(),
        });
    };
    if layout.start > 0 && !is_at_media_end(layout, data_end) {
        return Ok(Faults::corrupt(format!(
            "has {} bytes of other data before its first box, so the positions in its index (moov) \
             are wrong",
            layout.start
        )));
    }
    let in_index =
        layout.index.is_some_and(|index| index.start <= last_chunk && last_chunk < index.end);
    if window.reaches(data_end)? && !in_index {
        return Ok(Faults::default());
    }
    let is_slight = match window.size() {
        Some(size) => last_chunk < size && data_end.saturating_sub(size) <= data_end / SLIGHT,
        None => false,
    };
    if is_slight && !in_index {
        return Ok(Faults::odd("lacks the last bytes of its media data"));
    }
    Ok(Faults::corrupt(match (cut_media, window.size()) {
        (Some(cut), _) => media_clause(window, &cut),
        (None, Some(size)) if !in_index => format!(
            "is truncated: its index lists media data up to byte {data_end}, but the file has only \
             {size} bytes"
        ),
        _ => "is truncated: its index lists more media data than there are".to_owned(),
    }))
}

/// Returns true if the last sample ends where the media data end.
fn is_at_media_end(layout: &Layout, data_end: u64) -> bool {
    layout.media.is_some_and(|media| media.end == data_end)
}

fn is_av(track: &Track) -> bool {
    track.is_video() || track.is_audio()
}

fn all_complete(tracks: &[Track]) -> bool {
    tracks.iter().filter(|track| is_av(track)).all(|track| track.samples.is_complete)
}

fn without_index(window: &Window<'_>, layout: &Layout) -> String {
    match layout.cut_in {
        Some(cut) if &cut.kind == b"moov" => {
            "is truncated in the middle of its index (moov)".into()
        }
        Some(cut) if &cut.kind == b"mdat" => {
            format!("{}, and its index (moov) is missing", media_clause(window, &cut))
        }
        Some(cut) if matches!(&cut.kind, b"ftyp" | b"moof") => {
            "is truncated: it ends before its index (moov)".into()
        }
        _ if layout.has_fragment => {
            "is one segment of a stream, without the header (moov) that describes it".into()
        }
        _ => "has no index (moov): its recording or download was not finished".into(),
    }
}

fn media_clause(window: &Window<'_>, cut: &BoxAt) -> String {
    match (window.size(), cut.declared) {
        (Some(size), Some(declared)) => {
            let present = size.saturating_sub(cut.start);
            format!("is truncated: {present} of {declared} bytes of its media data are present")
        }
        _ => "is truncated: it ends in the middle of its media data".to_owned(),
    }
}
