//! Sync mode: the submit's answer waits until the job has ended.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Done, result};
use crate::clock::ClockMode;
use crate::reply::Reply;
use crate::world::World;

/// How long the service waits, on the world's clock, as seen.
const LIMIT: Duration = Duration::from_secs(90);
/// How often the world's clock is looked at, in real time.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The answer once the job has ended, or what the service says when it waited too long. A job
/// that goes by polls ends at once, as nobody polls it: a choice of the mock.
pub(super) async fn wait(world: &World, done: Done) -> Done {
    let Some(id) = done.job_id.clone() else { return done };
    let began = {
        let mut state = world.state();
        if let Some(job) = state.job_mut(&id) {
            job.polls = job.polls.max(job.timeline.polls_to_the_end());
        }
        state.clock.elapsed()
    };
    loop {
        {
            let state = world.state();
            let now = state.clock.elapsed();
            let Some(job) = state.job(&id) else { return done };
            if viseme_spec::Status::from_word(job.status(now)).is_terminal() {
                return Done { rule: done.rule, ..result::present(&state, world.id(), job) };
            }
            if now.saturating_sub(began) >= LIMIT {
                let reply = Reply::success(&still_running(&id, job.status(now), world.base_url()));
                return Done { reply, ..done };
            }
        }
        if !pass_by_itself(world, &id, began) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// In lockstep and `auto` the client waits with its request, so nobody but the service moves the clock on: to
/// the job's end, or to that of its patience. `false` where the clock moves otherwise.
fn pass_by_itself(world: &World, id: &str, began: Duration) -> bool {
    let step = {
        let state = world.state();
        if !matches!(state.clock.mode(), ClockMode::Virtual | ClockMode::Auto) {
            return false;
        }
        let limit = began.saturating_add(LIMIT);
        let job = state.job(id);
        let end = job.and_then(|job| Some(job.submitted.saturating_add(job.timeline.ends()?.0)));
        end.unwrap_or(limit).min(limit).saturating_sub(state.clock.elapsed())
    };
    world.advance(step);
    !step.is_zero()
}

fn still_running(id: &str, status: &str, base: &str) -> Value {
    json!({
        "id": id,
        "status": status,
        "code": 5004,
        "error": "Sync mode timed out after 90 seconds. The prediction is still processing \
                  asynchronously.",
        "urls": {"get": format!("{base}/api/v3/predictions/{id}/result")},
    })
}
