//! The paths of the API, as far as they tell a submit from everything else.

/// The first words of the paths below `/api/v3/` that belong to the API itself. A submit is sent to the id of its
/// model, and no model's owner has one of these names.
pub const RESERVED_WORDS: [&str; 9] = [
    "balance",
    "billings",
    "media",
    "model",
    "models",
    "predictions",
    "scheduler",
    "user",
    "webhook",
];
