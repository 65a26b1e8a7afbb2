//! Files that are cut or changed: an error or a result, but never a crash.

use std::io;

use proptest::prelude::*;
use viseme_dubbing::{Length, dub};

use super::any_input::check;
use super::media::Folder;

struct Seeds {
    pictures: Vec<Vec<u8>>,
    voices: Vec<Vec<u8>>,
}

fn seeds() -> &'static Seeds {
    static SEEDS: std::sync::OnceLock<Seeds> = std::sync::OnceLock::new();
    SEEDS.get_or_init(|| {
        let folder = Folder::new();
        let picture = "-f lavfi -i testsrc=size=64x48:rate=10:duration=1";
        let sound = "-f lavfi -i sine=sample_rate=8000:duration=0.6";
        let x264 = "-c:v libx264 -bf 2 -pix_fmt yuv420p";
        let make = |name: &str, arguments: String| {
            folder.ffmpeg(&format!("{arguments} {name}"));
            std::fs::read(folder.path(name)).unwrap()
        };
        Seeds {
            pictures: vec![
                make("a.mp4", format!("{picture} {sound} {x264} -movflags +faststart")),
                make("b.mp4", format!("{picture} {x264} -movflags +frag_keyframe+empty_moov")),
                make("c.mov", format!("{picture} {x264}")),
            ],
            voices: vec![
                make("a.mp3", format!("{sound} -c:a libmp3lame")),
                make("a.aac", format!("{sound} -c:a aac")),
                make("a.m4a", format!("{sound} -c:a aac")),
                make("a.wav", sound.to_owned()),
            ],
        }
    })
}

#[test]
fn the_seeds_are_usable() {
    for picture in &seeds().pictures {
        for voice in &seeds().voices {
            dub(picture, voice, &mut io::sink(), Length::OfPicture).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_files_never_crash(
        picture in 0..3_usize,
        voice in 0..4_usize,
        of_picture in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![Just(0_u8), Just(255), any::<u8>()]), 1..12),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (mut picture, mut voice) =
            (seeds().pictures[picture].clone(), seeds().voices[voice].clone());
        let changed = if of_picture { &mut picture } else { &mut voice };
        for (place, value) in changes {
            // Most of what decides is near the start.
            let length = changed.len();
            let place = place.index(length);
            let place = if value.is_multiple_of(3) { place } else { place % length.min(1600) };
            changed[place] = value;
        }
        if let Some(cut) = cut {
            let length = cut.index(changed.len());
            changed.truncate(length);
        }
        check(&picture, &voice, Length::OfPicture);
        check(&picture, &voice, Length::OfShorter);
    }
}
