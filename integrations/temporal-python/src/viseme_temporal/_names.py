"""The names of activities, updates, signals and queries in the history. They must not change."""

UPLOAD = "viseme_upload"
SUBMIT = "viseme_submit"
RECOVER = "viseme_recover"
WAIT = "viseme_wait"
FETCH = "viseme_fetch"

SENDING = "viseme_sending"
COMPLETED = "viseme_completed"
ADOPT = "viseme_adopt"
GIVE_UP = "viseme_give_up"
STATE = "viseme_state"

# The query of the webhook's URL.
WORKFLOW_PARAMETER = "viseme_workflow"
SIGNAL_PARAMETER = "viseme_signal"
