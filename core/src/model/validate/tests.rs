//! Tables of inputs and their violations.

use serde_json::json;

use super::super::{AudioToVideo, KlingEffects, TextToVideo, describe};
use super::*;

fn found(input: impl Into<Input>) -> Vec<Violation> {
    let input = input.into();
    validate(&input, describe(input.model()).unwrap())
}

fn rules(input: impl Into<Input>) -> Vec<(String, Rule, Level)> {
    found(input).into_iter().map(|it| (it.field, it.rule, it.level)).collect()
}

fn speech() -> Input {
    TextToVideo::new().video("https://a.example/face.mp4").text("Hello.").voice_id("AOT").into()
}

#[test]
fn valid_inputs_have_no_violations() {
    assert_eq!(found(AudioToVideo::new().audio("a.mp3").video("https://a.example/b.mp4")), []);
    assert_eq!(found(speech()), []);
    let full = TextToVideo::new()
        .video("face.mp4")
        .text("ü".repeat(120))
        .voice_id("AOT")
        .voice_language("zh")
        .voice_speed(1.3);
    assert_eq!(found(full), []);
    assert_eq!(found(KlingEffects::new().effect_scene("let's_ride").image("a.png")), []);
    assert_eq!(
        found(KlingEffects::new().effect_scene("box_of_joy").image("data:image/png;base64,AAAA")),
        []
    );
    assert_eq!(found(speech().set("enable_sync_mode", true)), [], "every model accepts it");
    assert_eq!(found(speech().set("voice_speed", Value::Null)), [], "null counts as absent");
}

#[test]
fn invalid_values_are_violations() {
    use Level::{Error, Warning};
    for (field, value, rule, level) in [
        ("text", json!(null), Rule::Required, Error),
        ("text", json!(" \n"), Rule::Required, Error),
        ("text", json!("ü".repeat(121)), Rule::Length, Error),
        ("text", json!(5), Rule::Type, Error),
        ("voice_id", json!(""), Rule::Required, Error),
        ("voice_id", json!("genshin_klee"), Rule::Choice, Warning),
        ("voice_language", json!("EN"), Rule::Choice, Warning),
        ("voice_speed", json!(0.79), Rule::Range, Error),
        ("voice_speed", json!(2.1), Rule::Range, Error),
        ("voice_speed", json!(1.25), Rule::Step, Warning),
        ("voice_speed", json!("1.2"), Rule::Type, Error),
        ("voice_speed", json!(true), Rule::Type, Error),
        ("video", json!(7), Rule::Type, Error),
        ("video", json!(["https://a.example/b.mp4"]), Rule::Type, Error),
        ("video", json!(""), Rule::Required, Error),
        ("voiceid", json!("AOT"), Rule::UnknownField, Error),
    ] {
        let violations = rules(speech().set(field, value.clone()));
        assert_eq!(violations, [(field.to_owned(), rule, level)], "{field} {value}");
    }
}

#[test]
fn every_step_of_the_voice_speed_is_valid() {
    for tenths in 8..=20 {
        let speed = f64::from(tenths) / 10.0;
        assert_eq!(found(speech().set("voice_speed", speed)), [], "{speed}");
        assert_eq!(found(speech().set("voice_speed", 0.1 * f64::from(tenths))), [], "{speed}");
    }
}

#[test]
fn media_in_a_text_parameter_is_a_violation() {
    let violations = found(speech().media("text", "speech.txt"));
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].message, "`text` must be a string, got the file speech.txt.");
}

#[test]
fn messages_suggest_the_likely_name() {
    let input = Input::new(TextToVideo::MODEL).set("vidoe", "x").set("text", "Hi.");
    let violations = found(input.set("voice_id", "uk_men2"));
    let messages: Vec<_> = violations.iter().map(|it| it.message.as_str()).collect();
    assert!(messages[0].starts_with("`video` is missing"), "{messages:?}");
    assert!(messages[1].contains("not one of the 25") && messages[1].contains("`uk_man2`"));
    assert!(messages[2].contains("Did you mean `video`?"), "{messages:?}");
    assert!(messages[2].contains("charges"), "{messages:?}");

    let violations = found(speech().set("colour", "x".repeat(500)));
    assert!(
        violations[0].message.contains("Known parameters: video, text, voice_id"),
        "{violations:?}"
    );
    let violations = found(speech().set("voice_language", "Klingon"));
    assert!(violations[0].message.ends_with("Known values: zh, en."), "{violations:?}");
    let violations = found(speech().set("voice_speed", "x".repeat(500)));
    assert!(violations[0].message.len() < 120, "{violations:?}");
}

#[test]
fn a_path_or_url_of_media_is_not_a_model_id() {
    let allowed = ["a/b", AudioToVideo::MODEL, "openai/gpt-4.1", "a/b-v2.6", "a/1.0-turbo"];
    assert!(allowed.iter().all(|id| is_model_id(id)));
    for text in [
        "",
        "voice",
        "voice.mp3",
        "media/Voice.MP3",
        "./voice",
        "../a/b",
        "~/voice",
        "/tmp/voice",
        "a//b",
        "a/",
        "C:\\media\\voice.wav",
        "https://a.example/voice",
        "Good evening and/or night",
    ] {
        assert!(!is_model_id(text), "{text}");
    }
    assert_eq!(
        not_a_model_id("voice.mp3").message,
        "`voice.mp3` is not a model's id. The model must be an id of the form owner/name, such as \
         `kwaivgi/kling-lipsync/audio-to-video`. Pass a file as a parameter of the model."
    );
    assert!(not_a_model_id(&"x".repeat(999)).message.len() < 200);
}
