//! Corrupt and random bytes: a probe never panics, always ends, and reads a bounded amount.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::media_files::{Folder, H264, PICTURE, TONE, find};
use bytes::Bytes;
use proptest::prelude::*;
use viseme::media::probe::{BytesSource, ProbeLimits, ReadAt, ReadError, probe, probe_with};
use viseme::media::{Container, MediaInfo, validate};
use viseme::model::{FieldKind, describe};

const LIMIT: u64 = 4 * 1024 * 1024;
/// Far above the time of any of these inputs, so that slow machines pass.
const MOST_READS: u64 = 20_000;

/// Counts the bytes read; hides the size if requested.
struct Counting {
    content: BytesSource,
    hides_size: bool,
    reads: AtomicU64,
    bytes: AtomicU64,
}

impl ReadAt for Counting {
    fn size(&self) -> Option<u64> {
        if self.hides_size { None } else { self.content.size() }
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, ReadError> {
        let bytes_read = self.content.read_at(offset, length)?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes_read.len() as u64, Ordering::Relaxed);
        Ok(bytes_read)
    }
}

/// Probes and validates. Asserts that it ends within its bounds.
fn survives(content: Vec<u8>, hides_size: bool) -> MediaInfo {
    let source = Counting {
        content: BytesSource::new(content),
        hides_size,
        reads: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
    };
    let info = probe_with(&source, ProbeLimits::bytes(LIMIT)).expect("memory can be read");
    assert!(source.bytes.load(Ordering::Relaxed) <= LIMIT);
    assert!(source.reads.load(Ordering::Relaxed) <= MOST_READS);
    for model in viseme::model::descriptions() {
        for field in model.fields {
            if let FieldKind::Media(limits) = field.kind {
                let violations = validate(field.name, "some.mp4", &info, &limits);
                assert!(
                    violations
                        .iter()
                        .all(|it| it.message.starts_with(&format!("`{}`: ", field.name)))
                );
            }
        }
    }
    info
}

/// A valid file, and the positions where corruption has an effect: the first bytes, the last and the index.
struct Seed {
    content: Vec<u8>,
    places: Vec<usize>,
}

impl Seed {
    fn new(content: Vec<u8>) -> Self {
        let index = [&b"moov"[..], b"moof", b"sidx"].into_iter();
        let index = index.filter_map(|kind| find(&content, kind));
        let end = content.len().saturating_sub(2_000);
        let places = [0, end].into_iter().chain(index).collect();
        Self { content, places }
    }
}

/// Returns a small valid file of each kind that has a parser, created once.
fn seeds() -> &'static [Seed] {
    static SEEDS: OnceLock<Vec<Seed>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let folder = Folder::new();
        let both = format!("{PICTURE} {TONE} {H264} -c:a aac");
        let kinds = [
            (format!("{both} -movflags +faststart"), "first.mp4"),
            (both.clone(), "last.mov"),
            (format!("{both} -g 10 -movflags +dash"), "fragments.mp4"),
            (format!("{both} -movflags +dash+global_sidx"), "listed.mp4"),
            (format!("{TONE} -c:a alac"), "sound.m4a"),
            (format!("{TONE} -c:a libmp3lame -q:a 5"), "headed.mp3"),
            (format!("{TONE} -c:a libmp3lame -b:a 32k -write_xing 0"), "bare.mp3"),
            (format!("{TONE} -c:a aac"), "frames.aac"),
            (format!("{TONE} -ar 8000 -c:a pcm_s24le -ac 6"), "extensible.wav"),
            (format!("{TONE} -ar 8000 -c:a pcm_s16le -rf64 always"), "long.wav"),
        ];
        let make = |(arguments, name): &(String, &str)| {
            folder.ffmpeg(&format!("{arguments} {name}"));
            Seed::new(folder.read(name))
        };
        kinds.iter().map(make).collect()
    })
}

fn corruption() -> impl Strategy<Value = (usize, usize, usize, Vec<u8>)> {
    let numbers = prop_oneof![
        Just(vec![0; 4]),
        Just(vec![0xff; 4]),
        Just(vec![0, 0, 0, 1]),
        Just(vec![0x7f, 0xff, 0xff, 0xff]),
        Just(vec![0xff; 16]),
        proptest::collection::vec(any::<u8>(), 1..12),
    ];
    (any::<usize>(), any::<usize>(), 0..2_000_usize, numbers)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() })]

    #[test]
    fn damaged_files(
        strokes in proptest::collection::vec(corruption(), 1..6),
        cut in proptest::option::of(0.0..1.0_f64),
        hides_size in any::<bool>(),
    ) {
        let seed = &seeds()[strokes[0].0 % seeds().len()];
        let mut content = seed.content.clone();
        for (_, place, offset, bytes) in strokes {
            let at = seed.places[place % seed.places.len()] + offset;
            for (index, byte) in bytes.iter().enumerate() {
                if let Some(target) = content.get_mut(at + index) {
                    *target = *byte;
                }
            }
        }
        if let Some(part) = cut {
            content.truncate((content.len() as f64 * part) as usize);
        }
        survives(content, hides_size);
    }

    #[test]
    fn random_bytes(content in proptest::collection::vec(any::<u8>(), 0..6_000), hides in any::<bool>()) {
        survives(content, hides);
    }

    #[test]
    fn random_bytes_behind_a_signature(
        signature in proptest::sample::select(vec![
            &b"\0\0\0\x10ftypisom\0\0\0\0\0\0\x10\0moov"[..],
            b"\0\0\0\x08moov",
            b"\0\0\0\0moof",
            b"RIFF\0\0\0\0WAVE",
            b"RF64\xff\xff\xff\xffWAVEds64",
            b"ID3\x04\0\0\0\0\0\x10",
            b"\xff\xfb\x90\x64",
            b"\xff\xf1\x50\x80",
        ]),
        content in proptest::collection::vec(any::<u8>(), 0..6_000),
        hides_size in any::<bool>(),
    ) {
        survives([signature, &content].concat(), hides_size);
    }
}

#[test]
fn every_cut_of_a_small_file() {
    for Seed { content, places } in seeds() {
        for place in places {
            for end in (*place..content.len().min(place + 600)).step_by(7) {
                survives(content[..end].to_vec(), false);
            }
        }
    }
}

/// Random bytes are not audio: three frames in a row are required.
#[test]
fn noise_is_no_sound() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    for _ in 0..300 {
        let content: Vec<u8> = (0..20_000).map(|_| byte()).collect();
        let info = probe(&BytesSource::new(content)).expect("memory can be read");
        assert_eq!(info.container, Container::Unknown, "{info:?}");
    }
}

#[test]
fn handwritten_worst_cases_end() {
    let megabytes = 8 * 1024 * 1024;
    let repeated = |unit: &[u8]| unit.repeat(megabytes / unit.len());
    for (name, content) in [
        ("tiny boxes", [&b"\0\0\0\x10ftypisom\0\0\0\0"[..], &repeated(b"\0\0\0\x08free")].concat()),
        ("nested boxes", repeated(b"\0\x10\0\0moov\0\x0f\xff\xf0trak")),
        ("tags in a row", repeated(b"ID3\x04\0\0\0\0\0\0")),
        ("set bits", repeated(&[0xff])),
        ("frames that lead nowhere", repeated(b"\xff\xfb\x90\x64")),
        ("the shortest frames", repeated(b"\xff\xf1\x50\x80\x01\x1f\xfc\0")),
        ("empty chunks", [&b"RIFF\0\0\0\0WAVE"[..], &repeated(b"junk\0\0\0\0")].concat()),
        ("a boastful chunk", b"RIFF\0\0\0\0WAVEfmt \xff\xff\xff\xff".to_vec()),
    ] {
        for hides_size in [false, true] {
            let info = survives(content.clone(), hides_size);
            println!("{name}: {info:?}");
        }
    }
    let model = describe("kwaivgi/kling-lipsync/audio-to-video");
    assert!(model.is_some(), "otherwise nothing was validated");
}
