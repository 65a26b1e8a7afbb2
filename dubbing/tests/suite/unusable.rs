//! Files that cannot be used: the error says why.

use super::media::Folder;

const PICTURE: &str = "-f lavfi -i testsrc=size=160x120:rate=25:duration=1";
const SOUND: &str = "-f lavfi -i sine=sample_rate=44100:duration=1";

#[test]
fn an_unusable_voice_is_an_error_that_names_its_format() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{PICTURE} -c:v libx264 -pix_fmt yuv420p picture.mp4"));
    for (name, arguments, word) in [
        ("mulaw.wav", "-c:a pcm_mulaw", "µ-law"),
        ("alaw.wav", "-c:a pcm_alaw", "A-law"),
        ("adpcm.wav", "-c:a adpcm_ima_wav", "IMA ADPCM"),
        ("ms.wav", "-c:a adpcm_ms", "Microsoft ADPCM"),
        ("mp3.wav", "-c:a libmp3lame", "MP3 in a WAV file"),
        ("opus.ogg", "-c:a libopus", "Ogg"),
        ("flac.flac", "-c:a flac", "FLAC file"),
        ("pcm.mov", "-c:a pcm_s16le", "uncompressed"),
    ] {
        folder.ffmpeg(&format!("{SOUND} {arguments} {name}"));
        let error = folder.dub("picture.mp4", name, "out.mp4").unwrap_err().to_string();
        assert!(error.starts_with("the audio ") && error.contains(word), "{name}: {error}");
    }
    std::fs::write(folder.path("text.mp3"), "no sound at all").unwrap();
    let error = folder.dub("picture.mp4", "text.mp3", "out.mp4").unwrap_err().to_string();
    assert_eq!(error, "the audio is not MP3, AAC, M4A or WAV");
    let error = folder.dub("picture.mp4", "picture.mp4", "out.mp4").unwrap_err().to_string();
    assert_eq!(error, "the audio has no sound");
}

#[test]
fn an_unusable_video_is_an_error_that_says_why() {
    let folder = Folder::new();
    folder.ffmpeg(&format!("{SOUND} voice.wav"));
    folder.ffmpeg(&format!("{SOUND} voice.m4a"));
    folder.ffmpeg(&format!("{PICTURE} -c:v mjpeg jpeg.mov"));
    folder.ffmpeg(&format!("{PICTURE} -c:v libvpx webm.webm"));
    for (name, words) in [
        ("voice.m4a", "has no picture"),
        ("jpeg.mov", "codec `jpeg`"),
        ("webm.webm", "is not an MP4 or MOV file"),
        ("voice.wav", "is not an MP4 or MOV file"),
    ] {
        let error = folder.dub(name, "voice.wav", "out.mp4").unwrap_err().to_string();
        assert!(error.starts_with("the video ") && error.contains(words), "{name}: {error}");
    }
}
