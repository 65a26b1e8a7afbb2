//! Our verdicts on files of the real world.

use std::collections::BTreeSet;

use crate::media_files::Folder;
use crate::real_world::{Case, cases, refused};
use viseme::media::probe::{BytesSource, probe};
use viseme::media::{FitOptions, Violation, plan_fit, validate};
use viseme::model::describe;

#[test]
fn the_facts_after_the_fixes_of_a_refused_file_pass_the_validation() {
    let model = describe("kwaivgi/kling-lipsync/audio-to-video").expect("a known model");
    let mut fixed = 0;
    for (field, name, content) in refused() {
        let limits = model.media_limits(field).expect("a medium");
        let info = probe(&BytesSource::new(content.to_vec())).expect("memory can be read");
        let plan = plan_fit(field, name, &info, limits, &FitOptions::default());
        let errors: Vec<_> = validate(field, name, &plan.apply(&info), limits)
            .into_iter()
            .filter(Violation::is_error)
            .collect();
        assert_eq!(errors.is_empty(), plan.remaining.is_empty(), "{name}: {errors:?}");
        fixed += usize::from(plan.remaining.is_empty());
    }
    assert!(fixed >= 8, "{fixed}");
}

#[test]
fn files_of_the_real_world_are_judged_as_players_do() {
    let folder = Folder::new();
    let kinds: BTreeSet<_> = cases().iter().map(|case| case.kind).collect();
    assert!(kinds.len() >= 16, "{kinds:?}");
    let faults: Vec<_> = cases().iter().flat_map(|case: &Case| case.faults(&folder)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
