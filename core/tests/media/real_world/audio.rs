//! Audio files.

use super::Case;
use super::edit::{art, boxed, id3, remove_all, set, set_all};
use crate::media_files::{Folder, find};

const VOICE: &str = "-f lavfi -i aevalsrc='0.4*sin(880*t*t)*lt(mod(t\\,2)\\,1.5)':s=24000:d=3";

/// The files that the cases are made of.
struct Sources {
    wav: Vec<u8>,
    /// With a Xing header, 24 kHz.
    mp3: Vec<u8>,
    /// Without any header.
    bare: Vec<u8>,
    /// As `bare`, at 44.1 kHz.
    bare_44: Vec<u8>,
    m4a: Vec<u8>,
}

pub fn cases(folder: &Folder) -> Vec<Case> {
    folder.ffmpeg(&format!("{VOICE} -ac 1 -c:a pcm_s16le -bitexact voice.wav"));
    let mp3 = "-c:a libmp3lame -b:a 64k -id3v2_version 0";
    folder.ffmpeg(&format!("-i voice.wav {mp3} voice.mp3"));
    folder.ffmpeg(&format!("-i voice.wav {mp3} -write_xing 0 bare.mp3"));
    folder.ffmpeg(&format!("-i voice.wav -ar 44100 {mp3} -write_xing 0 bare44.mp3"));
    folder.ffmpeg("-i voice.wav -c:a aac voice.m4a");
    let sources = Sources {
        wav: folder.read("voice.wav"),
        mp3: folder.read("voice.mp3"),
        bare: folder.read("bare.mp3"),
        bare_44: folder.read("bare44.mp3"),
        m4a: folder.read("voice.m4a"),
    };
    [
        wav_sizes(&sources),
        joined(&sources),
        covers(folder),
        junk(&sources),
        before_the_first_frame(&sources),
        wav_headers(&sources),
        unusable_m4a(&sources),
        other_formats(folder, &sources),
    ]
    .concat()
}

/// The data size in the header is a placeholder or wrong.
fn wav_sizes(sources: &Sources) -> Vec<Case> {
    let data = find(&sources.wav, b"data").expect("a data chunk") + 4;
    let real = u32::try_from(sources.wav.len() - data - 4).expect("a small file");
    let sized = |name, size: u32| {
        let mut file = sources.wav.clone();
        file[data..data + 4].copy_from_slice(&size.to_le_bytes());
        Case::audio("WAV size", name, file).lasting(3.0)
    };
    vec![
        sized("nframes_1e9.wav", 2_000_000_000),
        sized("file_size.wav", real + 44),
        sized("one_sample_more.wav", real + 2),
        sized("doubled.wav", real * 2).warned(),
        sized("ten_hours.wav", 1_728_000_000),
        sized("placeholder.wav", u32::MAX),
        sized("never_written.wav", 0),
    ]
}

/// Streams that were joined by hand.
fn joined(sources: &Sources) -> Vec<Case> {
    let Sources { mp3, bare, bare_44, .. } = sources;
    let mut without_bytes = mp3.clone();
    let header = find(mp3, b"Info").or(find(mp3, b"Xing")).expect("a header");
    // The flag of the byte count; what follows moves up.
    without_bytes[header + 7] &= !2;
    without_bytes.copy_within(header + 16.., header + 12);
    let (short, short_44) = (&bare[..bare.len() / 3], &bare_44[..bare_44.len() / 3]);
    // ffprobe believes the first header of a joined file.
    vec![
        Case::audio("joined", "with_headers.mp3", mp3.repeat(3)).lasting(9.05).unlike_ffprobe(),
        Case::audio("joined", "first_header.mp3", [&mp3[..], bare, bare].concat())
            .lasting(9.05)
            .unlike_ffprobe(),
        Case::audio("joined", "short_second.mp3", [&mp3[..], short].concat())
            .lasting(4.03)
            .unlike_ffprobe(),
        Case::audio("joined", "no_byte_count.mp3", [&without_bytes[..], bare].concat())
            .lasting(6.1)
            .unlike_ffprobe(),
        Case::audio("joined", "tagged.mp3", [&id3(200)[..], mp3, &id3(200), mp3].concat())
            .lasting(6.05)
            .unlike_ffprobe(),
        Case::audio("rates", "24_then_44.mp3", [&bare[..], bare_44].concat())
            .lasting(6.1)
            .unlike_ffprobe(),
        Case::audio("rates", "jingle_44.mp3", [short_44, bare].concat())
            .lasting(4.05)
            .unlike_ffprobe(),
    ]
}

/// Audio with a cover picture in a track of its own.
fn covers(folder: &Folder) -> Vec<Case> {
    folder.ffmpeg("-f lavfi -i testsrc=size=600x600 -frames:v 1 cover.jpg");
    let both = "-i voice.wav -i cover.jpg -map 0 -map 1";
    let case = |name: &'static str, arguments: &str| {
        folder.ffmpeg(&format!("{both} {arguments} {name}"));
        Case::audio("cover", name, folder.read(name)).lasting(3.0)
    };
    vec![
        case("h264_cover.m4a", "-c:a aac -pix_fmt yuv420p"),
        case("mjpeg_cover.m4a", "-c:v mjpeg -c:a aac -f mp4"),
        case("png_cover.m4a", "-c:v png -c:a aac -f mp4"),
        case("alac_cover.m4a", "-c:v mjpeg -c:a alac -f mov"),
    ]
}

/// Bytes that are no audio, and headers with impossible numbers.
fn junk(sources: &Sources) -> Vec<Case> {
    let Sources { mp3, bare, .. } = sources;
    let header = find(mp3, b"Info").or(find(mp3, b"Xing")).expect("a header");
    let counted = |name, at: usize, count: u32| {
        let mut file = mp3.clone();
        file[header + at..header + at + 4].copy_from_slice(&count.to_be_bytes());
        Case::audio("junk", name, file).lasting(3.0)
    };
    let tagged = [&id3(100_000)[..], mp3].concat();
    let whole = u32::try_from(tagged.len()).expect("a small file");
    let mut counts_tag = tagged;
    let place = find(&counts_tag, b"Info").or(find(&counts_tag, b"Xing")).expect("a header") + 12;
    counts_tag[place..place + 4].copy_from_slice(&whole.to_be_bytes());
    let ape_footer = [&b"APETAGEX\xd0\x07\0\0"[..], &120_032_u32.to_le_bytes(), &[0; 16]].concat();
    let after = |name, tail: &[u8]| {
        Case::audio("junk", name, [&bare[..], tail].concat()).lasting(3.05).unlike_ffprobe()
    };
    vec![
        after("ape_without_header.mp3", &[&art(120_000)[..], &ape_footer].concat()),
        after("zeros_behind.mp3", &[0; 100_000]),
        after("art_behind.mp3", &art(60_000)).warned(),
        Case::audio("junk", "zeros_between.mp3", [&bare[..], &[0; 5_000], bare].concat())
            .lasting(6.1)
            .unlike_ffprobe(),
        counted("absurd_frames.mp3", 8, u32::MAX).unlike_ffprobe(),
        counted("no_frames.mp3", 8, 0),
        counted("absurd_bytes.mp3", 12, u32::MAX),
        Case::audio("junk", "bytes_with_tag.mp3", counts_tag).lasting(3.0),
    ]
}

/// Tags of a false size, zeros and text at the start.
fn before_the_first_frame(sources: &Sources) -> Vec<Case> {
    let Sources { wav, mp3, m4a, .. } = sources;
    let mut short_tag = id3(120_000);
    short_tag[6..10].copy_from_slice(&[0, 3, 6, 80]);
    // 120,000 as a plain number.
    let mut plain_tag = id3(120_000);
    plain_tag[6..10].copy_from_slice(&120_004_u32.to_be_bytes());
    let mut long_tag = id3(100);
    long_tag[6..10].copy_from_slice(&[0x7f, 0, 0, 0]);
    let text = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n".repeat(130);
    let ape = [&b"APETAGEX\xd0\x07\0\0"[..], &20_000_u32.to_le_bytes(), &[0; 16], &art(20_000)];
    let case = |name, front: &[u8], file: &[u8]| {
        Case::audio("start", name, [front, file].concat()).lasting(3.0)
    };
    vec![
        case("tag.wav", &id3(30), wav),
        case("zeros.mp3", &[0; 8_192], mp3),
        case("many_zeros.mp3", &[0; 200_000], mp3).unlike_ffprobe(),
        case("text.mp3", &text, mp3),
        case("short_tag.mp3", &short_tag, mp3).unlike_ffprobe(),
        case("plain_tag.mp3", &plain_tag, mp3).unlike_ffprobe(),
        case("long_tag.mp3", &long_tag, mp3).unlike_ffprobe(),
        case("ape.mp3", &ape.concat(), mp3).unlike_ffprobe(),
        case("tag.m4a", &id3(30), m4a).refused("tail -c +"),
    ]
}

/// Missing numbers and padding in WAV headers.
fn wav_headers(sources: &Sources) -> Vec<Case> {
    let fmt = find(&sources.wav, b"fmt ").expect("a format") + 8;
    let with = |name, at: usize, bytes: &[u8]| {
        let mut file = sources.wav.clone();
        file[fmt + at..fmt + at + bytes.len()].copy_from_slice(bytes);
        Case::audio("WAV header", name, file).lasting(3.0)
    };
    let data = find(&sources.wav, b"data").expect("a data chunk");
    let mut unpadded = sources.wav.clone();
    unpadded.splice(data..data, *b"LIST\x05\0\0\0INFOx");
    vec![
        with("no_block.wav", 12, &[0, 0]),
        with("no_byte_rate.wav", 8, &[0; 4]),
        with("no_rate.wav", 4, &[0; 8]).refused("impossible format"),
        // ffprobe reads the missing byte as part of the next chunk.
        Case::audio("WAV header", "unpadded.wav", unpadded).lasting(3.0).unlike_ffprobe(),
    ]
}

/// M4A files that cannot be played.
fn unusable_m4a(sources: &Sources) -> Vec<Case> {
    let mut empty = sources.m4a.clone();
    for (kind, offset) in [(b"stts", 4), (b"stsc", 4), (b"stsz", 8), (b"stco", 4)] {
        set_all(&mut empty, kind, offset, &[0; 4]);
    }
    remove_all(&mut empty, b"edts");
    let mut audible = sources.m4a.clone();
    let entry = find(&audible, b"mp4a\0\0\0\0\0\0\0\x01").expect("a description");
    audible[entry..entry + 4].copy_from_slice(b"aavd");
    let mut nowhere = sources.m4a.clone();
    set(&mut nowhere, b"stco", 0, 4, &[0; 4]);
    vec![
        Case::audio("samples", "no_samples.m4a", empty).refused("without any samples"),
        Case::audio("samples", "no_chunks.m4a", nowhere).refused("without any samples"),
        Case::audio("samples", "audible.m4a", audible).refused("encrypted"),
    ]
}

/// Formats that the model does not accept: the message says how to convert them.
fn other_formats(folder: &Folder, sources: &Sources) -> Vec<Case> {
    use base64::Engine as _;
    for arguments in [
        "voice.caf",
        "voice.au",
        "voice.w64",
        "voice.ac3",
        "voice.voc",
        "-c:a aac -f latm voice.loas",
    ] {
        folder.ffmpeg(&format!("-i voice.wav {arguments}"));
    }
    folder.ffmpeg("-f lavfi -i testsrc=size=1280x720:rate=5:duration=3 silent.mp4");
    let data = find(&sources.wav, b"data").expect("a data chunk") + 8;
    let raw = &sources.wav[data..];
    let text = base64::engine::general_purpose::STANDARD.encode(&sources.mp3);
    let hexadecimal: String = sources.mp3.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut big_endian = sources.wav.clone();
    big_endian[..4].copy_from_slice(b"RIFX");
    let floats: Vec<u8> = raw
        .chunks_exact(2)
        .flat_map(|two| (f32::from(i16::from_le_bytes([two[0], two[1]])) / 32_768.0).to_le_bytes())
        .collect();
    let case = |name, content: Vec<u8>, words| Case::audio("advice", name, content).refused(words);
    vec![
        case("voice.caf", folder.read("voice.caf"), "ffmpeg -i voice.caf -vn voice.mp3"),
        case("voice.au", folder.read("voice.au"), "ffmpeg -i voice.au"),
        case("voice.w64", folder.read("voice.w64"), "Wave64"),
        case("voice.aac", folder.read("voice.loas"), "LOAS/LATM"),
        case("raw.wav", raw.to_vec(), "ffmpeg -f s16le -ar 24000"),
        case("raw_after_silence.wav", [&[0; 9_600], raw].concat(), "ffmpeg -f s16le"),
        case("raw_floats.wav", floats, "ffmpeg -f f32le"),
        case("text.mp3", text.clone().into_bytes(), "base64 -d text.mp3 > text-fixed.mp3"),
        case("uri.mp3", format!("data:audio/mpeg;base64,{text}").into_bytes(), "sed 's/"),
        case("hex.mp3", hexadecimal.into_bytes(), "xxd -r -p hex.mp3 hex-fixed.mp3"),
        case(
            "voice.ac3",
            folder.read("voice.ac3"),
            "plays it, convert it to MP3: ffmpeg -i voice.ac3",
        ),
        case("voice.voc", folder.read("voice.voc"), "convert it to MP3: ffmpeg -i voice.voc"),
        case("answer.mp3", br#"{"audio":"SUQz"}"#.to_vec(), "base64 or hexadecimal text"),
        case("hole.wav", vec![0; 100_000], "download it again"),
        case("silk.mp3", b"\x02#!SILK_V3\x0c\0\xa5".repeat(50), "SILK"),
        case("big_endian.wav", big_endian, "sox big_endian.wav"),
        case(
            "voice.mp3.gz",
            [&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], &art(900)].concat(),
            "gzip -dc",
        ),
        case("silent.mp4", folder.read("silent.mp4"), "no audio track"),
        case("boxes.m4a", [&b"\r\n\r\n"[..], &sources.m4a].concat(), "4 bytes of other data"),
        case("nested.m4a", boxed(b"data", &sources.m4a), "tail -c +9 nested.m4a"),
    ]
}
