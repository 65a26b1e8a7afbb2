"""What a user of a sample app sees: app, backend, mock server. Only the backend has the key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from accounts import issue_token
from app import SECRET, Backend
from app_under_test import BACKENDS, App, app_command, wait_for_job
from helpers import Programs, wait_until
from viseme_mock import World

QUICK = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "300ms"}]}]}
# Ends only when a test completes the job.
ENDLESS = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "1h"}]}]}

MakeApp = Callable[..., App]


@pytest.fixture(params=BACKENDS)
def start_backend(
    request: pytest.FixtureRequest,
    make_world: Callable[..., World],
    programs: Programs,
    tmp_path: Path,
) -> Callable[..., Backend]:
    """Start a backend; the first argument is the scenario of its world, the others its limits."""

    def start(scenario: dict[str, object], **limits: int) -> Backend:
        words = {name.upper(): str(limit) for name, limit in limits.items()}
        command = [str(word) for word in BACKENDS[request.param]]
        backend = Backend(make_world(**scenario), programs, tmp_path, words, command=command)
        backend.start()
        return backend

    return start


@pytest.fixture
def make_app(programs: Programs, tmp_path: Path) -> MakeApp:
    """Install an app for a user of a backend."""

    def make(backend: Backend, user: str = "ann", token: str | None = None) -> App:
        return App(app_command(), programs, tmp_path, backend, user, token)

    return make


def complete(backend: Backend, job_id: str) -> None:
    """Let a job complete."""
    path = f"/worlds/{backend.world.id}/jobs/{job_id}/complete"
    backend.world.request("POST", path)


def test_a_user_gets_a_video(start_backend: Callable[..., Backend], make_app: MakeApp) -> None:
    backend = start_backend(QUICK)
    app = make_app(backend)
    code, output = app.run()
    assert code == 0, output
    assert app.result.stat().st_size > 0
    assert not app.open_job.exists()
    journal = backend.world.journal()
    # The files did not pass through the backend.
    assert sum(it["kind"] == "put" for it in journal) == 2
    assert len(backend.world.ledger()["charges"]) == 1


def test_a_wrong_token_is_refused(start_backend: Callable[..., Backend], make_app: MakeApp) -> None:
    backend = start_backend(QUICK)
    tokens = {
        "wrong": "You are not signed in.",
        issue_token("ann", SECRET + "!"): "You are not signed in.",
        issue_token("ann", SECRET, seconds=-10): "Your session has expired. Sign in again.",
    }
    for token, sentence in tokens.items():
        app = make_app(backend, token=token)
        code, output = app.run()
        assert code == 1, output
        assert output.splitlines()[-1] == f"authentication: {sentence}"
        assert not app.open_job.exists()
    assert backend.world.journal() == []


def test_the_job_of_another_user_is_refused(
    start_backend: Callable[..., Backend], make_app: MakeApp
) -> None:
    backend = start_backend(ENDLESS)
    ann, bob = make_app(backend, "ann"), make_app(backend, "bob")
    first = ann.start()
    job_id = wait_for_job(ann)
    first.kill()
    # Bob signs in on Ann's device.
    bob.open_job.write_bytes(ann.open_job.read_bytes())
    code, output = bob.run()
    assert code == 1, output
    assert "not_found: You have no such job." in output
    assert not bob.result.exists()
    # It is still Ann's.
    complete(backend, job_id)
    code, output = ann.run()
    assert code == 0, output
    assert ann.submits() == 1


def test_a_user_over_the_daily_limit_is_refused(
    start_backend: Callable[..., Backend], make_app: MakeApp
) -> None:
    backend = start_backend(QUICK, jobs_per_day=1)
    app = make_app(backend)
    assert app.run()[0] == 0
    code, output = app.run()
    assert code == 1, output
    sentence = "You have used your 1 job of the last 24 hours. Try again later."
    assert f"permission_denied: {sentence}" in output
    assert not app.open_job.exists(), "there is no job to resume"
    # The limit is one of the user.
    assert make_app(backend, "bob").run()[0] == 0
    assert app.submits() == 2


def test_a_user_with_a_running_job_waits(
    start_backend: Callable[..., Backend], make_app: MakeApp
) -> None:
    backend = start_backend(ENDLESS, jobs_at_once=1)
    phone, tablet = make_app(backend, "ann"), make_app(backend, "ann")
    tablet.folder = phone.folder / "tablet"
    tablet.folder.mkdir()
    phone.start()
    first = wait_for_job(phone)
    waiting = tablet.start()
    wait_until(
        lambda: "You can run 1 job at a time." in waiting.output, "the second app says why it waits"
    )
    assert tablet.submits() == 1
    complete(backend, first)
    second = wait_for_job(tablet)
    assert second != first
    complete(backend, second)
    assert waiting.wait() == 0, waiting.output


def test_a_killed_app_resumes_its_job(
    start_backend: Callable[..., Backend], make_app: MakeApp
) -> None:
    backend = start_backend(ENDLESS)
    app = make_app(backend)
    first = app.start()
    job_id = wait_for_job(app)
    first.kill()
    complete(backend, job_id)
    code, output = app.run()
    assert code == 0, output
    assert f"resuming job {job_id}" in output
    assert app.result.stat().st_size > 0
    assert app.submits() == 1


def test_an_app_killed_in_its_submit_finds_its_job(
    start_backend: Callable[..., Backend], make_app: MakeApp
) -> None:
    slow = {"at": "submit", "nth": 1, "when": "after_accept", "do": {"delay": "8s"}}
    backend = start_backend({**QUICK, "faults": [slow]})
    app = make_app(backend)
    first = app.start()
    wait_until(backend.world.jobs, "the service accepts the submit")
    first.kill()
    assert app.open_job.read_text().startswith("record "), "the app does not know its job"
    code, output = app.run()
    assert code == 0, output
    assert "looking for the job" in output
    assert app.submits() == 1
    assert len(backend.world.ledger()["charges"]) == 1


def test_an_error_of_our_account_is_not_one_of_the_user(
    start_backend: Callable[..., Backend], make_app: MakeApp
) -> None:
    backend = start_backend({**QUICK, "faults": [{"at": "submit", "do": {"status": 402}}]})
    app = make_app(backend)
    code, output = app.run()
    assert code == 1, output
    assert "Lip-sync is not available at the moment. You were not charged." in output
    assert not app.open_job.exists()


def test_an_app_waits_while_its_backend_restarts(
    start_backend: Callable[..., Backend], make_app: MakeApp
) -> None:
    backend = start_backend(ENDLESS)
    app = make_app(backend)
    program = app.start()
    job_id = wait_for_job(app)
    backend.kill()
    complete(backend, job_id)
    wait_until(lambda: "Trying again" in program.output, "the app misses its backend")
    backend.start()
    assert program.wait() == 0, program.output
    assert app.submits() == 1
