"""The codes of errors, which are the types of the ApplicationErrors. docs/errors.md lists them."""

UNKNOWN = "submission_unknown"
"""The POST was sent, and its outcome is unknown."""

NOT_SENT = "not_sent"
"""The workflow did not allow the POST, or could not be asked. It was not sent."""

TEMPORARY = frozenset(
    {
        NOT_SENT,
        "connection",
        "request_timeout",
        "rate_limit",
        "server",
        "unexpected_response",
        "upload",
        "download",
        "wait_timeout",
        "ledger",
    }
)
"""What may go well on the next attempt."""

PERMANENT_OF_A_JOB = frozenset({"job_failed", "job_cancelled", "not_found", "invalid_input"})
"""What ends the wait for a job that is paid for. All else is tried again, even a wrong key."""

REJECTED = frozenset(
    {
        NOT_SENT,
        "config",
        "invalid_input",
        "connection",
        "bad_request",
        "authentication",
        "insufficient_credits",
        "permission_denied",
        "not_found",
        "rate_limit",
        "api_status",
        "ledger",
        "upload",
    }
)
"""The errors of a submit that prove that no job was made: docs/billing-safety.md."""
