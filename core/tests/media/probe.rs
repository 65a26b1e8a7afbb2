//! The facts read from files of ffmpeg, compared with how the files were created and with ffprobe.

use crate::media_files::{Folder, H264, PICTURE, TONE, ffprobe, turn};
use viseme::media::probe::{FileSource, probe};
use viseme::media::{Container, MediaInfo};

/// A file, and the facts that the probe must find.
struct Made {
    name: String,
    container: Container,
    seconds: f64,
    /// The tolerance of the duration: encoders add part of a frame.
    within: f64,
    size: Option<(u32, u32)>,
    video: Option<&'static str>,
    audio: Option<&'static str>,
    /// The tolerance of ffprobe's duration; `None` if it is known to be wrong, which the test asserts.
    ffprobe_within: Option<f64>,
}

fn video(name: &str, container: Container) -> Made {
    Made {
        name: name.to_owned(),
        container,
        seconds: 3.0,
        within: 0.03,
        size: Some((320, 240)),
        video: Some("h264"),
        audio: Some("aac"),
        ffprobe_within: Some(0.05),
    }
}

fn sound(name: &str, container: Container, codec: &'static str) -> Made {
    Made { size: None, video: None, audio: Some(codec), ..video(name, container) }
}

fn facts(folder: &Folder, name: &str) -> MediaInfo {
    let source = FileSource::open(&folder.path(name)).expect("the file that was made");
    probe(&source).expect("a readable file")
}

/// Checks all files before it fails, so that one run shows all problems.
fn assert_made(folder: &Folder, files: &[Made]) {
    let wrong: Vec<String> = files.iter().flat_map(|made| differences(folder, made)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn differences(folder: &Folder, made: &Made) -> Vec<String> {
    let info = facts(folder, &made.name);
    let truth = ffprobe(&folder.path(&made.name));
    let size = info.width.zip(info.height);
    let seconds = info.duration.map_or(f64::NAN, |duration| duration.as_secs_f64());
    let says = truth.seconds.unwrap_or(f64::NAN);
    let bytes = folder.read(&made.name).len() as u64;
    let checks = [
        ("container", info.container == made.container),
        ("length", (seconds - made.seconds).abs() <= made.within),
        ("size", size == made.size),
        ("video codec", info.video_codec.as_deref() == made.video),
        ("audio codec", info.audio_codec.as_deref() == made.audio),
        ("corruption", info.corruption.is_none()),
        ("anomaly", info.anomaly.is_none()),
        ("bytes", info.bytes == Some(bytes)),
        ("size by ffprobe", is_near(size, truth.size)),
        ("video codec by ffprobe", info.video_codec == truth.video),
        ("audio codec by ffprobe", info.audio_codec == truth.audio.as_deref().map(common_name)),
        ("length by ffprobe", is_as_right(says, made)),
    ];
    checks
        .into_iter()
        .filter(|(_, is_right)| !is_right)
        .map(|(what, _)| format!("{}: {what}: {info:?}, {truth:?}", made.name))
        .collect()
}

fn is_as_right(says: f64, made: &Made) -> bool {
    let off = (says - made.seconds).abs();
    match made.ffprobe_within {
        Some(within) => off <= within.max(made.within),
        None => off > 0.3,
    }
}

/// Rounding may differ by a pixel.
fn is_near(ours: Option<(u32, u32)>, theirs: Option<(u32, u32)>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            ours.0.abs_diff(theirs.0) <= 1 && ours.1.abs_diff(theirs.1) <= 1
        }
        _ => ours == theirs,
    }
}

/// ffprobe distinguishes kinds of PCM by their bits.
fn common_name(codec: &str) -> String {
    match codec {
        _ if codec.starts_with("pcm_f") => "pcm_float".to_owned(),
        "pcm_mulaw" => "mulaw".to_owned(),
        "adpcm_ms" => "adpcm".to_owned(),
        _ if codec.starts_with("pcm_") => "pcm".to_owned(),
        other => other.to_owned(),
    }
}

#[test]
fn mp4_with_its_index_anywhere() {
    let folder = Folder::new();
    let both = format!("{PICTURE} {TONE} {H264} -c:a aac");
    folder.ffmpeg(&format!("{both} last.mp4"));
    folder.ffmpeg(&format!("{both} -movflags +faststart first.mp4"));
    folder.ffmpeg(&format!("{PICTURE} {H264} silent.mp4"));
    folder.ffmpeg(&format!("{both} movie.mov"));
    folder.ffmpeg(&format!("{both} -f mp4 -brand 3gp6 phone.3gp"));
    folder.ffmpeg(&format!("{both} -map 0 -map 1 -map 1 three.mp4"));
    assert_made(
        &folder,
        &[
            video("last.mp4", Container::Mp4),
            video("first.mp4", Container::Mp4),
            Made { audio: None, ..video("silent.mp4", Container::Mp4) },
            video("movie.mov", Container::Mov),
            video("phone.3gp", Container::Mp4),
            video("three.mp4", Container::Mp4),
        ],
    );
}

#[test]
fn fragmented_mp4_of_every_kind() {
    let folder = Folder::new();
    let plain = format!("{PICTURE} {TONE} {H264} -g 25 -c:a aac");
    let ordered = format!("{PICTURE} {TONE} -c:v libx264 -preset veryfast -bf 2 -g 25 -c:a aac");
    let mut files = Vec::new();
    for (flags, name) in [
        ("+frag_keyframe", "hybrid.mp4"),
        ("+frag_keyframe+empty_moov", "empty_moov.mp4"),
        ("+frag_keyframe+empty_moov+default_base_moof", "default_base.mp4"),
        ("+frag_every_frame+empty_moov", "every_frame.mp4"),
        ("+dash", "dash.mp4"),
        ("+dash+global_sidx", "global_index.mp4"),
        ("+cmaf", "cmaf.mp4"),
        ("+frag_keyframe+empty_moov+delay_moov", "delayed.mp4"),
    ] {
        let reordered = format!("bframes_{name}");
        folder.ffmpeg(&format!("{plain} -movflags {flags} {name}"));
        folder.ffmpeg(&format!("{ordered} -movflags {flags} {reordered}"));
        files.push(video(name, Container::Mp4));
        // Without an edit list the two frames of delay are shown.
        files.push(Made { within: 0.1, ..video(&reordered, Container::Mp4) });
    }
    assert_made(&folder, &files);
}

#[test]
fn a_lost_fragment_leaves_a_gap() {
    let folder = Folder::new();
    let fragments = "-g 25 -movflags +frag_keyframe+empty_moov+default_base_moof";
    folder.ffmpeg(&format!("{PICTURE} {H264} {fragments} whole.mp4"));
    let mut content = folder.read("whole.mp4");
    let from = crate::media_files::find_all(&content, b"moof")[1] - 4;
    let to = crate::media_files::find_all(&content, b"moof")[2] - 4;
    content.drain(from..to);
    folder.write("gap.mp4", &content);
    assert_made(&folder, &[Made { audio: None, ..video("gap.mp4", Container::Mp4) }]);
}

#[test]
fn a_header_without_a_length() {
    let folder = Folder::new();
    let mut content = folder.plain_video("plain.mp4");
    for at in crate::media_files::find_all(&content, b"mdhd") {
        // After the type: version and flags, two times, the timescale.
        content[at + 20..at + 24].fill(0xff);
    }
    // An edit list would contain it as well.
    for at in crate::media_files::find_all(&content, b"edts") {
        content[at..at + 4].copy_from_slice(b"free");
    }
    folder.write("unknown.mp4", &content);
    let info = facts(&folder, "unknown.mp4");
    let seconds = info.duration.map_or(f64::NAN, |duration| duration.as_secs_f64());
    assert!((seconds - 3.0).abs() < 0.1, "{seconds}");
}

#[test]
fn edit_lists() {
    let folder = Folder::new();
    let long = "-f lavfi -i testsrc=size=320x240:rate=25:duration=8 \
                -f lavfi -i sine=frequency=440:sample_rate=44100:duration=8";
    let ordered = "-c:v libx264 -preset veryfast -bf 3 -g 50 -c:a aac";
    folder.ffmpeg(&format!("{long} {ordered} whole.mp4"));
    // Copied from between two key frames: the edit list hides the frames before.
    folder.ffmpeg("-ss 3.3 -i whole.mp4 -c copy late.mp4");
    folder.ffmpeg("-ss 3.3 -i whole.mp4 -t 2.5 -c copy middle.mov");
    // Pictures that begin half a second after the sound.
    folder.ffmpeg("-i whole.mp4 -itsoffset 0.5 -i whole.mp4 -map 0:a -map 1:v -c copy delayed.mp4");
    folder.ffmpeg(&format!("{TONE} -c:a aac primed.m4a"));
    let lasting = |name, container, seconds| Made { seconds, ..video(name, container) };
    assert_made(
        &folder,
        &[
            lasting("whole.mp4", Container::Mp4, 8.0),
            Made { within: 0.1, ..lasting("late.mp4", Container::Mp4, 4.7) },
            Made { within: 0.2, ..lasting("middle.mov", Container::Mov, 2.5) },
            lasting("delayed.mp4", Container::Mp4, 8.5),
            sound("primed.m4a", Container::M4a, "aac"),
        ],
    );
}

#[test]
fn rotation_and_pixel_aspect() {
    let folder = Folder::new();
    let mut plain = folder.plain_video("plain.mp4");
    for (quarters, name) in [(1, "right.mp4"), (2, "upside_down.mp4"), (3, "left.mp4")] {
        turn(&mut plain, quarters);
        folder.write(name, &plain);
    }
    folder.ffmpeg(&format!("{PICTURE} {TONE} -vf setsar=4/3 {H264} -c:a aac wide.mp4"));
    folder.ffmpeg(&format!("{PICTURE} {TONE} -vf setsar=3/4 {H264} -c:a aac narrow.mov"));
    let mut wide = folder.read("wide.mp4");
    turn(&mut wide, 1);
    folder.write("wide_right.mp4", &wide);
    // The same proportions, in the track header alone.
    let at = crate::media_files::find(&wide, b"pasp").expect("a pixel aspect");
    wide[at..at + 4].copy_from_slice(b"free");
    turn(&mut wide, 0);
    folder.write("wide_by_header.mp4", &wide);

    let shown = |name, container, size| Made { size: Some(size), ..video(name, container) };
    assert_made(
        &folder,
        &[
            shown("right.mp4", Container::Mp4, (240, 320)),
            shown("upside_down.mp4", Container::Mp4, (320, 240)),
            shown("left.mp4", Container::Mp4, (240, 320)),
            shown("wide.mp4", Container::Mp4, (427, 240)),
            shown("narrow.mov", Container::Mov, (240, 240)),
            shown("wide_right.mp4", Container::Mp4, (240, 427)),
            shown("wide_by_header.mp4", Container::Mp4, (427, 240)),
        ],
    );
}

#[test]
fn disabled_tracks() {
    let folder = Folder::new();
    let mut content = folder.plain_video("plain.mp4");
    let headers = crate::media_files::find_all(&content, b"tkhd");
    assert_eq!(headers.len(), 2, "pictures and sound");
    // The lowest bit of the flags enables a track. Disabled pictures: as in an audio book.
    content[headers[0] + 7] &= 0xfe;
    let mut book = content.clone();
    book[8..12].copy_from_slice(b"M4B ");
    folder.write("book.m4b", &book);
    folder.write("pictures_off.mp4", &content);
    let info = facts(&folder, "book.m4b");
    assert_eq!((info.container, info.video_codec), (Container::M4a, None));
    // All tracks disabled: the flags were never set.
    content[headers[1] + 7] &= 0xfe;
    folder.write("unset.mp4", &content);
    // Players ignore the flag in a video without an enabled picture track.
    let files = ["pictures_off.mp4", "unset.mp4"].map(|name| video(name, Container::Mp4));
    assert_made(&folder, &files);
}

#[test]
fn codecs_of_pictures() {
    let folder = Folder::new();
    let small = "-f lavfi -i testsrc=size=256x144:rate=10:duration=2 -pix_fmt yuv420p";
    let hevc = "-c:v libx265 -preset ultrafast -x265-params log-level=none";
    folder.ffmpeg(&format!("{small} {hevc} -tag:v hvc1 hvc1.mp4"));
    folder.ffmpeg(&format!("{small} {hevc} -tag:v hev1 hev1.mov"));
    folder.ffmpeg(&format!("{small} -c:v mpeg4 part2.mp4"));
    folder.ffmpeg(&format!("{small} -c:v prores_ks -pix_fmt yuv422p10le prores.mov"));
    folder.ffmpeg(&format!("{small} -c:v mjpeg -pix_fmt yuvj420p motion.mov"));
    folder.ffmpeg(&format!("{small} -c:v libaom-av1 -cpu-used 8 -usage realtime av1.mp4"));
    folder.ffmpeg(&format!("{small} -c:v libvpx-vp9 -deadline realtime vp9.mp4"));
    let coded = |name, container, codec| Made {
        seconds: 2.0,
        size: Some((256, 144)),
        video: Some(codec),
        audio: None,
        ..video(name, container)
    };
    assert_made(
        &folder,
        &[
            coded("hvc1.mp4", Container::Mp4, "hevc"),
            coded("hev1.mov", Container::Mov, "hevc"),
            coded("part2.mp4", Container::Mp4, "mpeg4"),
            coded("prores.mov", Container::Mov, "prores"),
            coded("motion.mov", Container::Mov, "mjpeg"),
            coded("av1.mp4", Container::Mp4, "av1"),
            coded("vp9.mp4", Container::Mp4, "vp9"),
        ],
    );
}

#[test]
fn mp3_of_every_kind() {
    let folder = Folder::new();
    // A tone that changes, so that a variable bit rate varies.
    let voice = "-f lavfi -i aevalsrc='sin(880*t*t)*lt(mod(t\\,2)\\,1)':s=44100:d=20";
    let mp3 = "-c:a libmp3lame";
    folder.ffmpeg(&format!("{voice} {mp3} -b:a 128k constant.mp3"));
    folder.ffmpeg(&format!("{voice} {mp3} -b:a 64k -write_xing 0 -id3v2_version 0 bare.mp3"));
    folder.ffmpeg(&format!("{voice} {mp3} -q:a 4 variable.mp3"));
    folder.ffmpeg(&format!("{voice} {mp3} -q:a 4 -write_xing 0 variable_bare.mp3"));
    folder.ffmpeg(&format!("{voice} {mp3} -ar 22050 -ac 1 -b:a 32k second_version.mp3"));
    folder.ffmpeg(&format!("{voice} {mp3} -ar 8000 -ac 1 -b:a 16k third_version.mp3"));
    // 2 MB of cover art before the first frame.
    folder.ffmpeg("-f lavfi -i nullsrc=size=900x700,geq=random(1)*255:128:128 -frames:v 1 art.png");
    let art = "-i art.png -map 0:a -map 1:v -c:v copy -disposition:v attached_pic";
    folder.ffmpeg(&format!("{voice} {art} {mp3} -b:a 128k art.mp3"));
    let mut tagged = folder.read("bare.mp3");
    tagged.extend(b"TAG");
    tagged.extend([b' '; 125]);
    folder.write("tag_at_the_end.mp3", &tagged);
    // Joined by hand: the first header describes only its own file.
    folder
        .write("joined.mp3", &[folder.read("variable.mp3"), folder.read("variable.mp3")].concat());
    assert!(folder.read("art.mp3").len() > 300_000);

    let lasting = |name| Made { seconds: 20.0, within: 0.06, ..sound(name, Container::Mp3, "mp3") };
    assert_made(
        &folder,
        &[
            lasting("constant.mp3"),
            lasting("bare.mp3"),
            lasting("variable.mp3"),
            Made { ffprobe_within: None, ..lasting("variable_bare.mp3") },
            // ffprobe counts the padding of the encoder at both ends; players skip it.
            Made { ffprobe_within: Some(0.1), ..lasting("second_version.mp3") },
            Made { ffprobe_within: Some(0.2), ..lasting("third_version.mp3") },
            lasting("art.mp3"),
            lasting("tag_at_the_end.mp3"),
            Made { seconds: 40.0, within: 0.15, ffprobe_within: None, ..lasting("joined.mp3") },
        ],
    );
}

#[test]
fn other_sound() {
    let folder = Folder::new();
    for (arguments, name) in [
        ("-c:a aac", "plain.m4a"),
        ("-c:a aac -movflags +faststart", "first.m4a"),
        ("-c:a aac -f mp4", "sound_in.mp4"),
        ("-c:a aac -f mov", "sound_in.mov"),
        ("-c:a alac", "lossless.m4a"),
        ("-c:a aac -movflags +frag_keyframe+empty_moov", "fragmented.m4a"),
        ("-c:a libmp3lame -f mp4", "mp3_in.mp4"),
        ("-c:a pcm_s16be -f mov", "pcm_in.mov"),
        ("-c:a aac", "adts.aac"),
        ("-c:a aac -ar 16000 -ac 1 -write_id3v2 1", "tagged.aac"),
        ("-c:a mp2", "layer2.mp2"),
        ("-c:a pcm_s16le", "pcm.wav"),
        ("-c:a pcm_u8 -ar 8000", "eight_bits.wav"),
        ("-c:a pcm_f32le", "float.wav"),
        ("-c:a pcm_s24le -ac 6", "extensible.wav"),
        ("-c:a pcm_s16le -rf64 always", "rf64.wav"),
        ("-c:a pcm_mulaw -ar 8000", "mulaw.wav"),
        ("-c:a adpcm_ms", "adpcm.wav"),
    ] {
        folder.ffmpeg(&format!("{TONE} {arguments} {name}"));
    }
    // Written to a pipe: the sizes are placeholders.
    folder.ffmpeg(&format!("{TONE} -c:a pcm_s16le -f wav -seekable 0 file:streamed.wav"));
    let streamed = folder.read("streamed.wav");
    let at = crate::media_files::find(&streamed, b"data").expect("a data chunk");
    assert_eq!(streamed[at + 4..at + 8], [0xff; 4], "the size is a placeholder");
    let mut never_closed = streamed;
    never_closed[at + 4..at + 8].fill(0);
    folder.write("never_closed.wav", &never_closed);

    let m4a = |name, codec| Made { within: 0.05, ..sound(name, Container::M4a, codec) };
    let wav = |name, codec| sound(name, Container::Wav, codec);
    assert_made(
        &folder,
        &[
            m4a("plain.m4a", "aac"),
            m4a("first.m4a", "aac"),
            m4a("sound_in.mp4", "aac"),
            m4a("sound_in.mov", "aac"),
            m4a("lossless.m4a", "alac"),
            m4a("fragmented.m4a", "aac"),
            m4a("mp3_in.mp4", "mp3"),
            m4a("pcm_in.mov", "pcm"),
            Made { within: 0.1, ..sound("adts.aac", Container::Adts, "aac") },
            Made { within: 0.2, ..sound("tagged.aac", Container::Adts, "aac") },
            Made { within: 0.1, ..sound("layer2.mp2", Container::Mp2, "mp2") },
            wav("pcm.wav", "pcm"),
            wav("eight_bits.wav", "pcm"),
            wav("float.wav", "pcm_float"),
            wav("extensible.wav", "pcm"),
            wav("rf64.wav", "pcm"),
            wav("mulaw.wav", "mulaw"),
            wav("adpcm.wav", "adpcm"),
            wav("streamed.wav", "pcm"),
            wav("never_closed.wav", "pcm"),
        ],
    );
}
