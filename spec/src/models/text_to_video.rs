//! `kwaivgi/kling-lipsync/text-to-video`. Limits as documented on the model's page (`llms.txt`),
//! unless noted otherwise.

use super::{FIRST_POLL, MAX_POLL_INTERVAL, MB};
use crate::container::{Container, MediaKind};
use crate::model::{Field, FieldKind, Level, MediaLimits, ModelDescription, NumberLimits, Range};

pub(super) const DESCRIPTION: ModelDescription = ModelDescription {
    id: "kwaivgi/kling-lipsync/text-to-video",
    title: "Kling LipSync: text to video",
    summary: "Speaks a text with one of Kling's voices and lip-syncs a video to it.",
    category: "digital-human",
    fields: &[
        Field {
            name: "video",
            description: "The video of the face to lip-sync.",
            required: true,
            default_is_sent: false,
            kind: FieldKind::Media(MediaLimits {
                kind: MediaKind::Video,
                containers: &[Container::Mp4, Container::Mov],
                extensions: &["mp4", "mov"],
                max_bytes: 100 * MB,
                max_bytes_level: Level::Error,
                // The newest page allows 2 to 60 seconds and says that longer videos are trimmed;
                // an older page allowed 2 to 10. A length in between is a warning. A longer one is
                // an error: the service would trim the video and charge for all of it.
                seconds: &[
                    Range::documented(2.0, 60.0),
                    Range::unofficial(
                        2.0,
                        10.0,
                        "according to an older page of the service; the newest says 60 s",
                    ),
                ],
                side_px: Some(Range::documented(720, 1920)),
                short_side_px: &[],
                aspect_ratio: None,
                data_uris: false,
            }),
        },
        Field {
            name: "text",
            description: "The text to speak.",
            required: true,
            default_is_sent: false,
            kind: FieldKind::Text { max_chars: Some(120) },
        },
        Field {
            name: "voice_id",
            description: "The voice that speaks the text.",
            required: true,
            default_is_sent: true,
            kind: FieldKind::Choice { values: VOICES, default: Some("genshin_klee2") },
        },
        Field {
            name: "voice_language",
            description: "The language of the voice. It should match the text.",
            required: false,
            default_is_sent: false,
            // Kling's own default; the service's page names none.
            kind: FieldKind::Choice { values: &["zh", "en"], default: Some("en") },
        },
        Field {
            name: "voice_speed",
            description: "The speed of the voice. 1 is normal speed.",
            required: false,
            default_is_sent: false,
            kind: FieldKind::Number(NumberLimits {
                range: Range::documented(0.8, 2.0),
                step: Some(0.1),
                default: Some(1.0),
            }),
        },
    ],
    first_poll: FIRST_POLL,
    max_poll_interval: MAX_POLL_INTERVAL,
};

const VOICES: &[&str] = &[
    "genshin_vindi2",
    "zhinen_xuesheng",
    "AOT",
    "ai_shatang",
    "genshin_klee2",
    "genshin_kirara",
    "ai_kaiya",
    "oversea_male1",
    "ai_chenjiahao_712",
    "girlfriend_4_speech02",
    "chat1_female_new-3",
    "chat_0407_5-1",
    "cartoon-boy-07",
    "uk_boy1",
    "cartoon-girl-01",
    "PeppaPig_platform",
    "ai_huangzhong_712",
    "ai_huangyaoshi_712",
    "ai_laoguowang_712",
    "chengshu_jiejie",
    "you_pingjing",
    "calm_story1",
    "uk_man2",
    "laopopo_speech02",
    "heainainai_speech02",
];
