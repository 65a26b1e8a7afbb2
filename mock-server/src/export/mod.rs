//! Exports of a world: as a scenario, as a conformance case, and as an HTTP archive.

mod case;
mod har;
mod scenario;
mod yaml;

use crate::Scenario;
use crate::world::World;

pub(crate) use har::har;

impl Scenario {
    /// Returns the scenario in YAML, without what is so by default.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml::document(&scenario::written(self))
    }
}

impl World {
    /// Returns a scenario that repeats what happened: the faults that triggered, and the jobs as they went,
    /// in YAML.
    #[must_use]
    pub fn export_scenario(&self) -> String {
        let text = yaml::document(&scenario::of(&self.state(), true));
        format!("# What happened in the world {}.\n{text}", self.id())
    }

    /// Returns a conformance case that repeats what happened, in YAML.
    ///
    /// # Errors
    /// If there is nothing that a case can repeat.
    pub fn export_case(&self) -> Result<String, String> {
        case::of(self.id(), &self.state()).map(|case| yaml::document(&case))
    }
}
