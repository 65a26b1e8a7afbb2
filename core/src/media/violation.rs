//! What is wrong with an input, in a form for people and for programs.

use std::fmt;

use crate::model::Level;

/// The rule that an input breaks. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// A field that the model demands is absent.
    Required,
    /// The model has no field of that name.
    UnknownField,
    /// The file or URL could not be read.
    Readable,
    /// The file has no bytes.
    Empty,
    /// The file is of a kind that the model does not take.
    Container,
    /// The file is cut, unfinished, encrypted or empty of media.
    Corrupt,
    /// The file is odd, though most players play it.
    Anomalous,
    /// The name's extension does not fit the content, or is none that the service documents.
    Extension,
    /// A value of another type than the parameter's.
    Type,
    /// A text with too many characters, or a list with too many or too few items.
    Length,
    /// A number that is too small or too large.
    Range,
    /// A number between two of the steps.
    Step,
    /// None of the values that are known.
    Choice,
    /// Another rule of the model's schema.
    Schema,
    /// Too many bytes.
    Size,
    /// Too short or too long.
    Duration,
    /// A displayed side is too short or too long.
    Dimensions,
    /// Too wide or too high for its other side.
    AspectRatio,
    /// Not one of the resolutions the model takes.
    Resolution,
    /// The codec is an unusual one.
    Codec,
    /// A fact that a rule needs could not be read.
    Undetermined,
}

impl Rule {
    /// The stable code, in snake case.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::UnknownField => "unknown_field",
            Self::Readable => "readable",
            Self::Empty => "empty",
            Self::Container => "container",
            Self::Corrupt => "corrupt",
            Self::Anomalous => "anomalous",
            Self::Extension => "extension",
            Self::Type => "type",
            Self::Length => "length",
            Self::Range => "range",
            Self::Step => "step",
            Self::Choice => "choice",
            Self::Schema => "schema",
            Self::AspectRatio => "aspect_ratio",
            Self::Size => "size",
            Self::Duration => "duration",
            Self::Dimensions => "dimensions",
            Self::Resolution => "resolution",
            Self::Codec => "codec",
            Self::Undetermined => "undetermined",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Violation {
    /// The model's parameter, such as `video`.
    pub field: String,
    /// The rule.
    pub rule: Rule,
    /// Whether it stops the run.
    pub level: Level,
    /// What was found: `10.52 s`.
    pub actual: String,
    /// What is accepted: `2 to 10 s`.
    pub allowed: String,
    /// What is wrong where, then what to do. Begins with the field's name.
    pub message: String,
}

impl Violation {
    /// A broken rule of a field. The message shall say what is wrong where, then what to do, and
    /// begin with the field's name.
    pub fn new(
        field: impl Into<String>,
        rule: Rule,
        level: Level,
        actual: impl Into<String>,
        allowed: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            rule,
            level,
            actual: actual.into(),
            allowed: allowed.into(),
            message: message.into(),
        }
    }

    /// Whether it stops the run.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_people_can_read_it() {
        let violation = Violation::new(
            "video",
            Rule::UnknownField,
            Level::Warning,
            "10.52 s",
            "2 to 10 s",
            "video: it is long.",
        );
        let json = serde_json::to_value(&violation).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "field": "video",
                "rule": "unknown_field",
                "level": "warning",
                "actual": "10.52 s",
                "allowed": "2 to 10 s",
                "message": "video: it is long.",
            })
        );
        assert_eq!(violation.to_string(), "video: it is long.");
        assert!(!violation.is_error());
    }

    #[test]
    fn a_code_is_what_is_serialized() {
        for rule in [
            Rule::Required,
            Rule::UnknownField,
            Rule::Readable,
            Rule::Empty,
            Rule::Container,
            Rule::Corrupt,
            Rule::Anomalous,
            Rule::Extension,
            Rule::Type,
            Rule::Length,
            Rule::Range,
            Rule::Step,
            Rule::Choice,
            Rule::Schema,
            Rule::AspectRatio,
            Rule::Size,
            Rule::Duration,
            Rule::Dimensions,
            Rule::Resolution,
            Rule::Codec,
            Rule::Undetermined,
        ] {
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.code());
        }
    }
}
