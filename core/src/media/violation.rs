//! Broken rules of an input, for people and for programs.

use std::fmt;

use super::Fix;
use viseme_spec::Level;

/// The rule that an input breaks. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// The text is not a model's id.
    Model,
    /// A required parameter is missing.
    Required,
    /// The model has no parameter of that name.
    UnknownField,
    /// The file or URL could not be read.
    Readable,
    /// The file has no bytes.
    Empty,
    /// The model does not accept this kind of file.
    Container,
    /// The file is truncated, unfinished, encrypted or has no media.
    Corrupt,
    /// The file is odd, but most players play it.
    Anomalous,
    /// The extension does not fit the content, or the service does not document it.
    Extension,
    /// The value has the wrong type.
    Type,
    /// A text is too long, or a list has too many or too few items.
    Length,
    /// A number is too small or too large.
    Range,
    /// A number lies between two steps.
    Step,
    /// The value is not one of the known values.
    Choice,
    /// The value breaks another rule of the model's schema.
    Schema,
    /// The file has too many bytes.
    Size,
    /// The media are too short or too long.
    Duration,
    /// A displayed side is too short or too long.
    Dimensions,
    /// The picture is too wide or too tall for its other side.
    AspectRatio,
    /// The picture has none of the resolutions that the model accepts.
    Resolution,
    /// The codec is unusual.
    Codec,
    /// A fact that a rule needs could not be determined.
    Undetermined,
}

impl Rule {
    /// Returns the stable code, in snake case.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Model => "model",
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
    /// The value that was found: `10.52 s`.
    pub actual: String,
    /// The accepted values: `2 to 10 s`.
    pub allowed: String,
    /// States the problem, then what to do. Begins with the field's name.
    pub message: String,
    /// The step that mends the file; `None` if there is none. [`plan_fit`](super::plan_fit) decides
    /// about all steps of a file.
    pub fix: Option<Fix>,
}

impl Violation {
    /// Creates a violation. The message must begin with the field's name, state the problem and say
    /// what to do.
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
            fix: None,
        }
    }

    /// Returns true if it stops the run.
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
    fn json_and_display() {
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
                "fix": null,
            })
        );
        assert_eq!(violation.to_string(), "video: it is long.");
        assert!(!violation.is_error());
    }

    #[test]
    fn a_rule_serializes_as_its_code() {
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
