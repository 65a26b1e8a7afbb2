//! Chooses the tracks that a player shows: not covers, chapters or empty tracks.

use super::fragments::Fragments;
use super::movie::{Movie, Track};
use super::timing;

/// The tracks that are played, and why others are not.
#[derive(Default)]
pub(super) struct Selection<'m> {
    pub(super) video: Option<&'m Track>,
    pub(super) audio: Option<&'m Track>,
    /// The file has a picture in a track of its own, but no video.
    pub(super) has_cover: bool,
    /// The file has a video track without samples, and no other.
    pub(super) has_empty_video: bool,
    /// None of the tracks has samples.
    pub(super) is_empty: bool,
}

/// The movie as far as the choice depends on it.
pub(super) struct Context<'m> {
    pub(super) movie: &'m Movie,
    pub(super) fragments: Option<&'m Fragments>,
    /// The brand is one for audio files.
    pub(super) has_audio_brand: bool,
}

impl<'m> Context<'m> {
    pub(super) fn select(&self) -> Selection<'m> {
        let tracks = &self.movie.tracks;
        let of_chapters = |track: &Track| tracks.iter().any(|it| it.chapters.contains(&track.id));
        let videos: Vec<_> =
            tracks.iter().filter(|track| track.is_video() && !of_chapters(track)).collect();
        let audios: Vec<_> = tracks.iter().filter(|track| track.is_audio()).collect();

        let with_samples = |tracks: &[&'m Track]| -> Vec<&'m Track> {
            tracks.iter().copied().filter(|track| self.samples(track) != Some(0)).collect()
        };
        let (filled, audible) = (with_samples(&videos), with_samples(&audios));
        if filled.is_empty() && audible.is_empty() {
            let is_empty = !(videos.is_empty() && audios.is_empty());
            let (video, audio) = (preferred(&videos), preferred(&audios));
            return Selection { video, audio, is_empty, ..Selection::default() };
        }
        let audio = preferred(&audible);
        let moving: Vec<_> =
            filled.iter().copied().filter(|track| !self.is_cover(track, audio)).collect();
        let video = preferred(&moving).filter(|video| {
            // Audio books have disabled pictures; in videos the flag was never set.
            let is_book = self.has_audio_brand && audio.is_some_and(|audio| audio.is_enabled);
            video.is_enabled || !is_book
        });
        Selection {
            video,
            audio,
            has_cover: video.is_none() && !filled.is_empty(),
            has_empty_video: filled.is_empty() && !videos.is_empty(),
            is_empty: false,
        }
    }

    /// Returns the number of samples of a track in the whole file.
    pub(super) fn samples(&self, track: &Track) -> Option<u64> {
        match self.fragments.and_then(|fragments| fragments.of(track.id)) {
            Some(fragments) => Some(fragments.samples),
            None => track.samples.count,
        }
    }

    pub(super) fn period(&self, track: &Track) -> Option<timing::Period> {
        let fragments = self.fragments.and_then(|fragments| fragments.of(track.id));
        timing::period(track, self.movie, fragments.and_then(|fragments| fragments.span))
    }

    /// Returns true for a single picture beside an audio track that plays longer.
    fn is_cover(&self, track: &Track, audio: Option<&Track>) -> bool {
        let (Some(1), Some(audio)) = (self.samples(track), audio) else { return false };
        let codec = track.entry.as_ref().map(|entry| entry.codec.as_str());
        let is_still_image = matches!(codec, Some("mjpeg" | "png"));
        let seconds = |track: &Track| self.period(track).map_or(0.0, |period| period.end);
        is_still_image || self.has_audio_brand || seconds(track) * 2.0 < seconds(audio)
    }
}

/// Returns the first enabled track, or the first if none is enabled.
fn preferred<'m>(tracks: &[&'m Track]) -> Option<&'m Track> {
    tracks.iter().find(|track| track.is_enabled).or(tracks.first()).copied()
}
