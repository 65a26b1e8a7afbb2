"""What an app gets from the backend, in front of the mock server."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import viseme
from accounts import issue_token
from app import GIVEN, MODEL, SECRET, Backend, requests
from helpers import Programs, wait_until
from viseme_mock import World

QUICK = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "300ms"}]}]}
ENDLESS = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "1h"}]}]}
REMOTE = viseme.AudioToVideo(**GIVEN)

StartBackend = Callable[..., Backend]


@pytest.fixture
def start_backend(
    make_world: Callable[..., World], programs: Programs, tmp_path: Path
) -> StartBackend:
    """Start a backend; the first argument is the scenario of its world, the others its limits."""

    def start(scenario: dict[str, object], **limits: int) -> Backend:
        words = {name.upper(): str(limit) for name, limit in limits.items()}
        backend = Backend(make_world(**scenario), programs, tmp_path, words)
        backend.start()
        return backend

    return start


def test_an_app_runs_a_job_with_uploads(
    start_backend: StartBackend, samples: Path, tmp_path: Path
) -> None:
    backend = start_backend(QUICK)
    with backend.client("ann") as client:
        given = viseme.AudioToVideo(audio=samples / "voice.mp3", video=samples / "face.mp4")
        saved = client.run(given).save(tmp_path / "result.mp4")
    assert saved.bytes > 0
    assert len(backend.world.ledger()["charges"]) == 1
    # The files did not pass through the backend, and the service never saw the user's token.
    assert requests(backend.world, "put") == 2


def test_users_see_their_own_jobs_only(start_backend: StartBackend) -> None:
    backend = start_backend(QUICK)
    with backend.client("ann") as ann, backend.client("bob") as bob:
        job = ann.submit(REMOTE)
        with pytest.raises(viseme.NotFoundError, match="You have no such job"):
            bob.job(job.id).refresh()
        assert list(bob.history()) == []
        (seen,) = ann.history(model=MODEL, include_inputs=True)
        assert (seen.id, seen.input) == (job.id, GIVEN)
        assert ann.job(job.id).wait().status == "completed"
        # Jobs that are nobody's here, such as those of another program of the account.
        other = viseme.Client(**backend.world.settings, check_remote_media=False)
        assert (
            backend.send("ann", "GET", f"predictions/{other.submit(REMOTE).id}/result").json()[
                "code"
            ]
            == 404
        )
        assert len(list(ann.history())) == 1


def test_without_a_valid_token_nothing_is_passed_on(start_backend: StartBackend) -> None:
    backend = start_backend(QUICK)
    tokens = {
        "none": "",
        "another secret": issue_token("ann", SECRET + "!"),
        "expired": issue_token("ann", SECRET, seconds=-10),
    }
    for token in tokens.values():
        with backend.client("ann", api_key=token or "x") as client:
            with pytest.raises(viseme.AuthenticationError):
                client.submit(REMOTE)
            with pytest.raises(viseme.AuthenticationError):
                client.job("x").wait()
            with pytest.raises(viseme.AuthenticationError):
                list(client.history())
    assert backend.world.journal() == []


def test_the_daily_limit_is_a_final_error(start_backend: StartBackend) -> None:
    backend = start_backend(QUICK, jobs_per_day=1)
    with backend.client("ann") as ann, backend.client("bob") as bob:
        ann.run(REMOTE)
        with pytest.raises(
            viseme.PermissionDeniedError, match="You have used your 1 job of"
        ) as caught:
            ann.submit(REMOTE)
        assert caught.value.retry_after is not None
        assert 3600 < caught.value.retry_after <= 86_400
        bob.run(REMOTE)
    assert requests(backend.world, "submit") == 2


def test_a_submit_waits_while_the_users_jobs_run(start_backend: StartBackend) -> None:
    backend = start_backend(ENDLESS, jobs_at_once=1)
    with backend.client("ann") as ann:
        job = ann.submit(REMOTE)
        refused = backend.submit("ann")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        assert "at a time" in refused.json()["message"]
        with (
            backend.client("ann", max_retries=0) as hasty,
            pytest.raises(viseme.RateLimitError, match="at a time"),
        ):
            hasty.submit(REMOTE)
        # The app never polls this job. Its end makes room all the same.
        backend.world.request("POST", f"/worlds/{backend.world.id}/jobs/{job.id}/complete")
        assert ann.submit(REMOTE).id != job.id


def test_large_files_are_refused(start_backend: StartBackend) -> None:
    backend = start_backend(QUICK, uploads_per_day=1)
    wanted = {"filename": "a.mp3", "size": 6 * 1024 * 1024, "content_type": "audio/mpeg"}
    refused = backend.send("ann", "POST", "media/uploads", wanted)
    assert refused.status_code == 413
    assert "6,291,456 bytes; at most 5,242,880 are allowed" in refused.json()["message"]
    # A refused upload does not count.
    fitting = {**wanted, "size": 1000}
    assert backend.send("ann", "POST", "media/uploads", fitting).status_code == 200
    assert backend.send("ann", "POST", "media/uploads", fitting).status_code == 403
    assert requests(backend.world, "presign") == 1


def test_only_urls_are_media(start_backend: StartBackend) -> None:
    backend = start_backend(QUICK)
    for value in ("/etc/passwd", "settings.py", "file:///etc/passwd", "https:key", 3, None):
        refused = backend.submit("ann", {**GIVEN, "audio": value})
        assert refused.status_code == 400, value
        assert "`audio` must be the URL" in refused.json()["message"]
    assert backend.world.journal() == []


def test_an_app_uploads_to_another_address_of_the_mock_server(start_backend: StartBackend) -> None:
    backend = start_backend(QUICK)
    given = {**GIVEN, "audio": "http://10.0.2.2:9/voice.mp3"}
    assert backend.submit("ann", given).status_code == 200


def test_other_models_and_paths_are_refused(start_backend: StartBackend) -> None:
    backend = start_backend(QUICK)
    assert backend.submit("ann", model="openai/sora").status_code == 403
    assert backend.submit("ann", {**GIVEN, "video": ""}).status_code == 400
    assert backend.send("ann", "GET", "balance").status_code in (404, 405)
    assert backend.world.journal() == []


def test_a_submit_is_finished_if_the_app_hangs_up(start_backend: StartBackend) -> None:
    slow = {"at": "submit", "nth": 1, "when": "after_accept", "do": {"delay": "5s"}}
    backend = start_backend({**QUICK, "faults": [slow]})
    # The app gives up waiting for the answer, and finds its job in its history.
    with backend.client("ann", request_timeout=2.5) as client:
        job = client.submit(REMOTE)
        assert client.job(job.id).wait().status == "completed"
    ledger = backend.world.ledger()
    assert (len(ledger["charges"]), ledger["duplicates"]) == (1, 0)


def test_a_backend_that_is_asked_to_end_finishes_its_submits(start_backend: StartBackend) -> None:
    slow = {"at": "submit", "nth": 1, "when": "after_accept", "do": {"delay": "2s"}}
    backend = start_backend({**QUICK, "faults": [slow]})
    with socket.create_connection(("127.0.0.1", backend.port)) as app:
        app.sendall(raw_submit())
        wait_until(lambda: backend.world.jobs(), "the POST is accepted")
    # The app has hung up. Nobody but the backend waits for this submit.
    assert backend.program is not None
    backend.program.terminate()
    backend.program.wait()
    (job,) = backend.world.jobs()
    backend.start()
    (found,) = backend.client("ann").history()
    assert found.id == job["id"]
    assert requests(backend.world, "history") == 0, "the ledger knew it"


def test_a_backend_that_is_killed_in_a_submit_finds_its_job(start_backend: StartBackend) -> None:
    silence = {"at": "submit", "nth": 2, "when": "after_accept", "do": "silence"}
    backend = start_backend({**QUICK, "faults": [silence]})
    # Another submit of the same files: its job is not that of the killed one.
    with socket.create_connection(("127.0.0.1", backend.port)) as app:
        app.sendall(raw_submit())
        assert app.recv(1000).startswith(b"HTTP/1.1 200 ")
    (first,) = backend.world.jobs()
    with (
        backend.client("ann") as client,
        socket.create_connection(("127.0.0.1", backend.port)) as app,
    ):
        app.sendall(raw_submit())
        wait_until(lambda: len(backend.world.jobs()) == 2, "the POST is accepted")
        backend.kill()
        backend.start()
        wait_until(lambda: len(list(client.history())) == 2, "the job is found")
        (found,) = (job for job in client.history() if job.id != first["id"])
        assert client.job(found.id).wait().status == "completed"
    assert len(backend.world.ledger()["charges"]) == 2


def raw_submit() -> bytes:
    request = httpx.Request(
        "POST",
        f"http://127.0.0.1/api/v3/{MODEL}",
        json=GIVEN,
        headers={"Authorization": f"Bearer {issue_token('ann', SECRET)}"},
    )
    head = f"POST {request.url.path} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return head.encode() + b"\r\n" + request.content


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 500, "body": "html"}, "reset"])
def test_a_lost_response_is_found_by_the_backend(
    start_backend: StartBackend, fault: object
) -> None:
    lost = {"at": "submit", "nth": 1, "when": "after_accept", "do": fault}
    backend = start_backend({**QUICK, "faults": [lost]})
    with backend.client("ann") as client:
        assert client.run(REMOTE).status == "completed"
    assert requests(backend.world, "submit") == 1
    assert len(backend.world.ledger()["charges"]) == 1


def test_errors_of_our_account_are_not_those_of_the_user(start_backend: StartBackend) -> None:
    statuses = [401, 402, 403]
    faults = [
        {"at": "submit", "nth": nth, "do": {"status": status}}
        for nth, status in enumerate(statuses, start=1)
    ]
    backend = start_backend({**QUICK, "faults": faults})
    with backend.client("ann") as client:
        for status in statuses:
            with pytest.raises(viseme.ApiStatusError, match="You were not charged") as caught:
                client.submit(REMOTE)
            assert (caught.value.code, caught.value.status) == ("api_status", 424), status


def test_a_busy_service_is_asked_again(start_backend: StartBackend) -> None:
    busy = {"at": "submit", "nth": 1, "do": {"status": 429, "retry_after": "1s"}}
    backend = start_backend({**QUICK, "faults": [busy]})
    with backend.client("ann") as client:
        assert client.run(REMOTE).status == "completed"
    assert len(backend.world.ledger()["charges"]) == 1


def test_failures_of_polls_pass(start_backend: StartBackend) -> None:
    faults = [
        {"at": "poll", "nth": 1, "do": {"status": 503}},
        {"at": "poll", "nth": 2, "do": "reset"},
        {"at": "poll", "nth": 3, "do": {"status": 429, "retry_after": "1s"}},
    ]
    backend = start_backend({**QUICK, "faults": faults})
    with backend.client("ann") as client:
        assert client.run(REMOTE).status == "completed"


def test_an_invalid_request_never_becomes_a_500(start_backend: StartBackend) -> None:
    backend = start_backend(QUICK)
    headers = {"Authorization": f"Bearer {issue_token('ann', SECRET)}"}
    for content in (b"", b"{", b"[]", b"\xff", b'"' + b"x" * 2_000_000 + b'"'):
        answer = httpx.post(f"{backend.url}/api/v3/{MODEL}", content=content, headers=headers)
        assert 400 <= answer.status_code < 500, content[:10]
    assert backend.world.journal() == []
