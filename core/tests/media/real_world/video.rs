//! Video files.

use super::Case;
use super::edit::{art, boxed, grow, insert, prepend, remove_all, set, set_all};
use crate::media_files::{Folder, H264, find, find_all, turn};

const HD: &str = "-f lavfi -i testsrc=size=1280x720:rate=24:duration=4";
const TONE: &str = "-f lavfi -i sine=frequency=440:duration=4";
/// A video of four seconds and 1280 × 720 pixels.
const HD_SIZE: (u32, u32) = (1280, 720);

/// The files that the cases are made of.
struct Sources {
    /// The index is at the end.
    last: Vec<u8>,
    /// The index is at the start.
    first: Vec<u8>,
}

fn plain(kind: &'static str, name: &'static str, content: Vec<u8>) -> Case {
    Case::new(kind, name, content).lasting(4.0).sized(HD_SIZE.0, HD_SIZE.1)
}

pub fn cases(folder: &Folder) -> Vec<Case> {
    folder.ffmpeg(&format!("{HD} {TONE} {H264} -g 24 -c:a aac last.mp4"));
    folder.ffmpeg("-i last.mp4 -c copy -movflags +faststart first.mp4");
    let sources = Sources { last: folder.read("last.mp4"), first: folder.read("first.mp4") };
    [
        pixel_aspects(folder),
        lengths_of_tracks(folder),
        disabled_tracks(folder, &sources),
        clean_apertures(&sources),
        first_boxes(&sources),
        media_headers(&sources),
        fragments(folder),
        missing_samples(&sources),
        false_sizes(&sources),
        unusual_boxes(&sources),
        other_sizes(folder),
    ]
    .concat()
}

/// Scaling to a size of slightly other proportions leaves a pixel aspect near 1.
fn pixel_aspects(folder: &Folder) -> Vec<Case> {
    let case = |name: &'static str, source: &str, filter: &str, size: (u32, u32)| {
        let picture = format!("-f lavfi -i testsrc=size={source}:rate=5:duration=3");
        folder.ffmpeg(&format!("{picture} -vf {filter} {H264} {name}"));
        Case::new("aspect", name, folder.read(name)).lasting(3.0).sized(size.0, size.1)
    };
    let pad = |size: &str, sides: &str| {
        format!("scale={size}:force_original_aspect_ratio=decrease,pad={sides}:(ow-iw)/2:(oh-ih)/2")
    };
    vec![
        case("sar_1082.mp4", "1920x1082", "scale=1920:1080", (1920, 1080)),
        case("sar_1078.mp4", "1078x1920", "scale=720:1280", (720, 1280)),
        case("sar_1472.mp4", "832x1472", "scale=720:1280", (720, 1280)),
        case("padded.mp4", "1290x2796", &pad("720:1280", "720:1280"), (720, 1280)),
        // The displayed width of 704 is below the limit, the coded one is not.
        case("sar_704.mp4", "704x1280", "scale=720:1280", (704, 1280)).warned(),
    ]
}

/// The pictures end long before the audio.
fn lengths_of_tracks(folder: &Folder) -> Vec<Case> {
    let make = |name: &'static str, arguments: &str| {
        folder.ffmpeg(&format!("{arguments} {H264} -c:a aac {name}"));
        Case::new("lengths", name, folder.read(name))
    };
    folder.ffmpeg("-f lavfi -i testsrc=size=1280x720 -frames:v 1 picture.png");
    let short = "-f lavfi -i testsrc=size=1280x720:rate=24:duration=1.2";
    let tone = |seconds| format!("-f lavfi -i sine=frequency=440:duration={seconds}");
    vec![
        make("one_picture.mp4", &format!("-i picture.png {}", tone(4))).refused("a single picture"),
        make("short_pictures.mp4", &format!("{short} {}", tone(8))).refused("lasts 1.2"),
        // ffprobe returns the duration of the longest track.
        make("long_audio.mp4", &format!("{HD} {}", tone(15)))
            .lasting(4.0)
            .warned()
            .unlike_ffprobe(),
    ]
}

/// Disabled tracks.
fn disabled_tracks(folder: &Folder, sources: &Sources) -> Vec<Case> {
    let long = "-f lavfi -i sine=frequency=440:duration=60";
    folder.ffmpeg(&format!("-i last.mp4 {long} -map 0 -map 1 -c:v copy -c:a aac two_audios.mp4"));
    let long = "-f lavfi -i testsrc=size=320x240:rate=1:duration=60";
    let options = "-map 0:v -map 0:a -map 1 -c copy -c:v:1 libx264 -pix_fmt yuv420p";
    folder.ffmpeg(&format!("-i last.mp4 {long} {options} two_videos.mp4"));
    let disabled = |file: &[u8], tracks: &[usize]| {
        let mut file = file.to_vec();
        tracks.iter().for_each(|track| set(&mut file, b"tkhd", *track, 3, &[2]));
        file
    };
    let (audios, videos) = (folder.read("two_audios.mp4"), folder.read("two_videos.mp4"));
    vec![
        // ffprobe counts disabled tracks as well.
        plain("disabled", "long_audio_off.mp4", disabled(&audios, &[2])).unlike_ffprobe(),
        plain("disabled", "long_video_off.mp4", disabled(&videos, &[2])).unlike_ffprobe(),
        plain("disabled", "video_off.mp4", disabled(&sources.last, &[0])),
        plain("disabled", "all_off.mp4", disabled(&sources.last, &[0, 1])),
    ]
}

/// Exports of editors with a clean aperture.
fn clean_apertures(sources: &Sources) -> Vec<Case> {
    let case = |name, width: u32, height: u32| {
        let fields = [width, 1, height, 1, 0, 1, 0, 1];
        let clap: Vec<u8> = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
        let mut file = sources.last.clone();
        let parents = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"];
        insert_in_index(&mut file, &parents, &boxed(b"clap", &clap));
        plain("aperture", name, file)
    };
    vec![case("clap_1248.mp4", 1248, 702), case("clap_704.mp4", 704, 576)]
}

/// As `insert`, though the brands in `ftyp` look like boxes.
fn insert_in_index(file: &mut Vec<u8>, parents: &[&[u8; 4]], added: &[u8]) {
    let at = find(file, b"moov").expect("an index") - 4;
    let mut index = file.split_off(at);
    insert(&mut index, parents, added);
    file.extend(index);
}

/// Boxes before the file type.
fn first_boxes(sources: &Sources) -> Vec<Case> {
    let case = |name, front: &[u8]| plain("start", name, prepend(&sources.last, front));
    vec![
        case("uuid_first.mp4", &boxed(b"uuid", &art(40))),
        case("meta_first.mp4", &boxed(b"meta", &[0; 24])),
        case("pdin_first.mp4", &boxed(b"pdin", &[0; 12])),
        case("pict_first.mp4", &boxed(b"PICT", &[0; 24])),
        case("two_first.mp4", &[boxed(b"prfl", &[0; 24]), boxed(b"junk", &[0; 8])].concat()),
    ]
}

/// Media headers and edit lists that disagree with the sample durations.
fn media_headers(sources: &Sources) -> Vec<Case> {
    // After the type: version and flags, two times, the timescale.
    const DURATION: usize = 16;
    let with = |name, duration: u32, keeps_edits: bool| {
        let mut file = sources.last.clone();
        set_all(&mut file, b"mdhd", DURATION, &duration.to_be_bytes());
        if !keeps_edits {
            remove_all(&mut file, b"edts");
        }
        plain("durations", name, file)
    };
    let edited = |name, length: u32, rate: u32| {
        let mut file = sources.last.clone();
        set_all(&mut file, b"elst", 8, &length.to_be_bytes());
        set_all(&mut file, b"elst", 16, &rate.to_be_bytes());
        plain("durations", name, file)
    };
    vec![
        with("movie_units.mp4", 4_000, true),
        with("too_long.mp4", 491_520, false),
        with("absurd.mp4", u32::MAX - 1, false),
        with("unknown.mp4", u32::MAX, false),
        with("zero.mp4", 0, false),
        edited("media_units.mp4", 49_152, 0x1_0000),
        edited("rate_zero.mp4", 49_152, 0),
        edited("whole.mp4", 0, 0x1_0000),
    ]
}

/// Fragmented files with edit lists, without times, and with false headers.
fn fragments(folder: &Folder) -> Vec<Case> {
    let delayed = "-i last.mp4 -itsoffset 0.5 -i last.mp4 -map 0:a -map 1:v -c copy -movflags";
    folder.ffmpeg(&format!("{delayed} +frag_keyframe+delay_moov late.mp4"));
    folder.ffmpeg("-i last.mp4 -c copy -movflags +frag_keyframe+empty_moov fragments.mp4");
    let fragments = folder.read("fragments.mp4");
    let mut untimed = fragments.clone();
    remove_all(&mut untimed, b"tfdt");
    set_all(&mut untimed, b"mdhd", 16, &49_152_u32.to_be_bytes());
    let mut scraps = fragments.clone();
    scraps.extend(b"\0\0\x08\0moof\0\0\0\x10mfhd");
    let mut unfinished = fragments.clone();
    unfinished.truncate(fragments.len() - fragments.len() / 5);

    // An edit list shows 3 of 4 seconds, and announced fragments are missing.
    let mut announced = folder.read("last.mp4");
    for (track, start) in [12_288_u32, 44_100].into_iter().enumerate() {
        let edit = [3_000_u32.to_be_bytes(), start.to_be_bytes()].concat();
        set(&mut announced, b"elst", track, 8, &edit);
    }
    let defaults: Vec<u8> =
        [0_u32, 1, 1, 0, 0, 0].iter().flat_map(|field| field.to_be_bytes()).collect();
    insert_in_index(&mut announced, &[b"moov"], &boxed(b"mvex", &boxed(b"trex", &defaults)));
    vec![
        plain("fragments", "late.mp4", folder.read("late.mp4")).lasting(4.5),
        plain("fragments", "untimed.mp4", untimed),
        plain("fragments", "scraps.mp4", scraps),
        // A recorder crashed: the existing part plays.
        plain("fragments", "unfinished.mp4", unfinished).lasting(3.0).warned().unlike_ffprobe(),
        plain("fragments", "announced.mp4", announced).lasting(3.0),
    ]
}

/// The index lists samples that the file does not have.
fn missing_samples(sources: &Sources) -> Vec<Case> {
    let mut empty = sources.last.clone();
    for (kind, offset) in [(b"stts", 4), (b"stsc", 4), (b"stsz", 8), (b"stco", 4)] {
        set_all(&mut empty, kind, offset, &[0; 4]);
    }
    let mut no_pictures = sources.last.clone();
    for (kind, offset) in [(b"stts", 4), (b"stsc", 4), (b"stsz", 8), (b"stco", 4)] {
        set(&mut no_pictures, kind, 0, offset, &[0; 4]);
    }
    // The media data are shorter, and their header says so.
    let shortened = |file: &[u8], by: usize| {
        let media = find(file, b"mdat").expect("media data") - 4;
        let mut file = file[..file.len() - by].to_vec();
        let size = u32::try_from(file.len() - media).expect("a small file");
        file[media..media + 4].copy_from_slice(&size.to_be_bytes());
        file
    };
    let half = sources.first.len() / 2;
    let mut middle = sources.last.clone();
    let media = find(&middle, b"mdat").expect("media data") - 4;
    let cut = u32::try_from(half).expect("a small file");
    middle.drain(media + 100..media + 100 + half);
    grow(&mut middle, b"mdat", 0_u32.wrapping_sub(cut));
    vec![
        plain("samples", "empty.mp4", empty).refused("without any samples"),
        Case::new("samples", "no_pictures.mp4", no_pictures).refused("no pictures"),
        plain("samples", "beyond.mp4", shortened(&sources.first, half)).refused("is truncated"),
        plain("samples", "in_the_middle.mp4", middle).refused("is truncated"),
        plain("samples", "last_bytes.mp4", shortened(&sources.first, 12)).warned(),
    ]
}

/// Boxes whose size is a little too large, and extra bytes at the end.
fn false_sizes(sources: &Sources) -> Vec<Case> {
    let mut media = sources.first.clone();
    grow(&mut media, b"mdat", 16);
    let mut index = sources.last.clone();
    grow(&mut index, b"moov", 8);
    let with = |name, scraps: &[u8]| plain("sizes", name, [&sources.last[..], scraps].concat());
    vec![
        plain("sizes", "media.mp4", media),
        plain("sizes", "index.mp4", index),
        plain("sizes", "cut_description.mp4", sources.last[..sources.last.len() - 20].to_vec()),
        with("zeros.mp4", &[0; 7]),
        with("text.mp4", b"\r\n--boundary--\r\n"),
        with("half_a_box.mp4", b"\0\0\x04\0mdat\0\0"),
    ]
}

/// Boxes in an unusual order or with unusual content.
fn unusual_boxes(sources: &Sources) -> Vec<Case> {
    let mut turned = sources.last.clone();
    turn(&mut turned, 1);
    remove_all(&mut turned, b"pasp");
    let sides: Vec<u8> =
        [720_u32 << 16, 1280 << 16].iter().flat_map(|it| it.to_be_bytes()).collect();
    set(&mut turned, b"tkhd", 0, 76, &sides);

    // The coded height, before cropping.
    let mut uncropped = sources.last.clone();
    let entry = find(&uncropped, b"avc1\0\0\0\0\0\0\0\x01").expect("a description");
    uncropped[entry + 30..entry + 32].copy_from_slice(&736_u16.to_be_bytes());
    set(&mut uncropped, b"tkhd", 0, 80, &(736_u32 << 16).to_be_bytes());

    let mut late_handler = sources.last.clone();
    for handler in find_all(&late_handler.clone(), b"hdlr").into_iter().take(2) {
        let size = |at: usize| {
            let bytes = late_handler[at - 4..at].try_into().expect("four bytes");
            usize::try_from(u32::from_be_bytes(bytes)).expect("a small box")
        };
        let (length, information) = (size(handler), handler + size(handler));
        let end = information - 4 + size(information);
        late_handler[handler - 4..end].rotate_left(length);
    }

    let mut upper = sources.last.clone();
    upper[entry..entry + 4].copy_from_slice(b"AVC1");
    let mut no_handler = sources.last.clone();
    for handler in find_all(&no_handler.clone(), b"hdlr").into_iter().take(2) {
        no_handler[handler..handler + 4].copy_from_slice(b"free");
    }
    let mut encrypted = sources.last.clone();
    encrypted[entry..entry + 4].copy_from_slice(b"encv");
    vec![
        // ffprobe makes narrow pixels of the turned size.
        plain("boxes", "turned.mp4", turned).sized(720, 1280).unlike_ffprobe(),
        plain("boxes", "uncropped.mp4", uncropped),
        plain("boxes", "late_handler.mp4", late_handler),
        plain("boxes", "no_handler.mp4", no_handler).unlike_ffprobe(),
        plain("boxes", "upper_case.mp4", upper),
        plain("advice", "encrypted.mp4", encrypted).refused("copy protection"),
    ]
}

/// Sides within the documented range that are neither plain 720p nor 1080p.
fn other_sizes(folder: &Folder) -> Vec<Case> {
    let case = |name: &'static str, width: u32, height: u32| {
        let picture = format!("-f lavfi -i testsrc=size={width}x{height}:rate=5:duration=3");
        folder.ffmpeg(&format!("{picture} {H264} {name}"));
        Case::new("resolution", name, folder.read(name)).lasting(3.0).sized(width, height)
    };
    vec![
        case("laptop.mp4", 1366, 768).warned(),
        case("square.mp4", 1024, 1024).warned(),
        case("portrait.mp4", 832, 1248).warned(),
        case("wide.mp4", 1600, 900).warned(),
        case("small.mp4", 640, 360).refused("640 × 360"),
    ]
}
