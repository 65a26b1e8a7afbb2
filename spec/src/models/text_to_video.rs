//! `kwaivgi/kling-lipsync/text-to-video`. Limits as documented on the model's page (`llms.txt`),
//! unless said otherwise.

use super::{FIRST_POLL, MAX_POLL_INTERVAL, MB};
use crate::container::{Container, MediaKind};
use crate::model::{Field, FieldKind, Level, MediaLimits, ModelDescription, NumberLimits, Range};

pub(super) const DESCRIPTION: ModelDescription = ModelDescription {
    id: "kwaivgi/kling-lipsync/text-to-video",
    title: "Kling LipSync: text to video",
    summary: "Speaks a text with one of Kling's voices and moves the lips of a video to it.",
    category: "digital-human",
    fields: &[
        Field {
            name: "video",
            description: "The video of the face whose lips shall move.",
            required: true,
            kind: FieldKind::Media(MediaLimits {
                kind: MediaKind::Video,
                containers: &[Container::Mp4, Container::Mov],
                extensions: &["mp4", "mov"],
                max_bytes: 100 * MB,
                max_bytes_level: Level::Error,
                // The newest page takes 2 to 60 seconds and says that longer videos are trimmed;
                // an older one took 2 to 10. What lies between is reported; what would come back
                // trimmed, for the price of the whole, is refused.
                seconds: &[
                    Range::documented(2.0, 60.0),
                    Range::hearsay(
                        2.0,
                        10.0,
                        "by an older page of the service; a newer one says 60 s",
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
            description: "What shall be said.",
            required: true,
            kind: FieldKind::Text { max_chars: Some(120) },
        },
        Field {
            name: "voice_id",
            description: "Who says it.",
            required: true,
            kind: FieldKind::Choice { values: VOICES, default: Some("genshin_klee2") },
        },
        Field {
            name: "voice_language",
            description: "The language of the voice; it should be the text's.",
            required: false,
            // The default is Kling's own; the service's page names none.
            kind: FieldKind::Choice { values: &["zh", "en"], default: Some("en") },
        },
        Field {
            name: "voice_speed",
            description: "How fast the voice speaks: 1 is its usual speed.",
            required: false,
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
