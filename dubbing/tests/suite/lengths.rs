//! The length of the result.

use viseme_dubbing::Length;

use super::media::{Folder, assert_same_pictures};

fn folder() -> Folder {
    let folder = Folder::new();
    let picture = "-f lavfi -i testsrc=size=160x120:rate=25:duration=4";
    folder.ffmpeg(&format!("{picture} -c:v libx264 -bf 3 -g 25 -pix_fmt yuv420p four.mp4"));
    for (name, seconds) in [("two.wav", 2), ("six.wav", 6), ("two.mp3", 2)] {
        folder.ffmpeg(&format!("-f lavfi -i sine=sample_rate=44100:duration={seconds} {name}"));
    }
    folder
}

#[test]
fn the_result_is_as_long_as_the_rule_says() {
    let folder = folder();
    for (voice, length, expected) in [
        ("two.wav", Length::OfPicture, 4.0),
        ("six.wav", Length::OfPicture, 4.0),
        ("two.wav", Length::OfShorter, 2.0),
        ("two.mp3", Length::OfShorter, 2.0),
        ("six.wav", Length::OfShorter, 4.0),
    ] {
        let dubbed = folder.dub_to("four.mp4", voice, "out.mp4", length).unwrap();
        let what = format!("{voice} {length:?}");
        assert!((dubbed.seconds() - expected).abs() < 0.001, "{what}: {}", dubbed.seconds());
        assert!((folder.seconds("out.mp4", "v:0") - expected).abs() < 0.001, "{what}");
        let shown = folder.decode("out.mp4", "s16le").shown;
        let source = folder.decode_pictures("four.mp4");
        // The time base is the same: 25 pictures per second.
        assert_same_pictures(&shown, &source[..(expected * 25.0) as usize], &what);
    }
}

#[test]
fn coded_pictures_after_the_cut_are_left_out() {
    let folder = folder();
    folder.dub_to("four.mp4", "two.wav", "out.mp4", Length::OfShorter).unwrap();
    let (all, kept) = (folder.packets("four.mp4"), folder.packets("out.mp4"));
    assert_same_pictures(&kept, &all[..kept.len()], "coded pictures");
    assert!((50..54).contains(&kept.len()), "{} pictures", kept.len());
}
