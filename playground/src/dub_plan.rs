//! The plan of a dub as the page shows it.

use serde_json::{Value, json};
use viseme_dub::plan::{Plan, SegmentKind, Totals};

/// Returns the segments in their order, and what they cost with and without skipping silence.
pub(crate) fn view(plan: &Plan) -> Value {
    let summary = &plan.summary;
    let seconds =
        |frame| plan.timeline.time_base().duration(plan.timeline.time_at(frame)).as_secs_f64();
    let segments = plan.segments.iter().enumerate().map(|(index, segment)| {
        json!({
            "id": segment_id(index),
            "is_dubbed": segment.kind == SegmentKind::Dub,
            "start": seconds(segment.frames.start),
            "end": seconds(segment.frames.end),
        })
    });
    json!({
        "segments": segments.collect::<Vec<_>>(),
        "seconds": plan.timeline.duration().as_secs_f64(),
        "kept_seconds": summary.totals.kept.as_secs_f64(),
        "dubbed_seconds": summary.totals.dubbed.as_secs_f64(),
        "cost": cost(&summary.totals),
        "cost_without_skipping": cost(&summary.without_skipping),
        "cuts_in_speech": summary.cuts_in_speech,
        "picture_seconds": summary.picture.as_secs_f64(),
        "voice_seconds": summary.voice.as_secs_f64(),
        "is_silent": summary.is_silent,
    })
}

fn cost(totals: &Totals) -> Value {
    json!({ "jobs": totals.jobs, "price_micros": totals.price })
}

/// Returns the id that a segment has in the batch of a dub.
fn segment_id(index: usize) -> String {
    format!("{:04}", index + 1)
}

#[cfg(test)]
mod tests {
    use viseme_dub::plan::{Picture, PlanOptions, Prices, TimeBase, Voice, plan};

    use super::*;

    #[test]
    fn the_segments_cover_the_clip_and_the_saving_is_the_difference_of_two_costs() {
        // 30 s at 25 frames a second, and a voice that is silent from 9 s to 21 s.
        let picture = Picture {
            time_base: TimeBase { num: 1, den: 25 },
            times: (0..750).collect(),
            end: 750,
            scene_changes: Vec::new(),
        };
        let silence = 9_000..21_000;
        let voice = Voice { rate: 1000, samples: 30_000, silences: vec![silence] };
        let prices = Prices::of_model(None, Some(0.07)).unwrap();
        let plan = plan(&picture, &voice, &PlanOptions { prices, ..Default::default() }).unwrap();
        let view = view(&plan);
        let segments = view["segments"].as_array().unwrap();
        let ids: Vec<_> = segments.iter().map(|it| it["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["0001", "0002", "0003"]);
        let dubbed: Vec<_> = segments.iter().map(|it| it["is_dubbed"] == true).collect();
        assert_eq!(dubbed, [true, false, true]);
        assert_eq!(segments[0]["start"], 0.0);
        assert_eq!(segments[2]["end"], 30.0);
        for pair in segments.windows(2) {
            assert_eq!(pair[0]["end"], pair[1]["start"]);
        }
        assert_eq!(view["cost"], json!({"jobs": 2, "price_micros": 140_000}));
        assert_eq!(view["cost_without_skipping"]["jobs"], 4);
        assert_eq!(view["cost_without_skipping"]["price_micros"], 280_000);
    }
}
