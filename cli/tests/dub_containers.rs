//! The containers of a dub: the frames and the voice are exact in both, and other names are refused.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use crate::support::batch::quick;
use crate::support::dub::DubTest;
use crate::support::media::codecs;
use viseme_dub::testing::VoiceFormat;

#[tokio::test(flavor = "multi_thread")]
async fn a_mov_file_has_the_copied_voice_or_its_samples() {
    for (format, codec) in
        [(VoiceFormat::Wav, "pcm_s16le"), (VoiceFormat::Mp3, "mp3"), (VoiceFormat::M4a, "aac")]
    {
        // AAC and MP3 files are longer than their voice by some padding: no frame is held for it.
        let test = DubTest::with_voice(quick(), format).await.named("out.mov");
        test.resume_and_expect_done().await;
        assert_eq!(codecs(&test.out()), ["h264", codec]);
        let file = std::fs::read(test.out()).unwrap();
        assert_eq!(file.get(4..12), Some(&b"ftypqt  "[..]));
        let position = |kind: &[u8]| file.windows(4).position(|bytes| bytes == kind);
        assert!(position(b"moov") < position(b"mdat"), "the index is at the end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_of_another_kind_is_refused_before_anything_is_paid() {
    let test = DubTest::new(quick()).await.named("out.mkv");
    let result = test.run().await;
    assert_eq!(result.code, Some(2), "{result:?}");
    assert!(result.err.contains("out.mkv ends in neither .mp4 nor .mov"), "{result:?}");
    assert!(test.harness.world.journal().is_empty(), "a request was sent");
    assert!(!test.work("").exists());
}
