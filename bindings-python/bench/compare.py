"""Measures every client under the same load, one after the other, against a local mock server.

``cargo xtask bench python`` calls it with the program of the mock server. It also measures the
import. The CPU time of a job includes its share of the import.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mock" / "python"))

from viseme_mock import MockServer  # noqa: E402

CLIENTS = ["viseme-many", "viseme-many-async", "viseme-await", "aiohttp", "official"]
# With more jobs, one thread a job is too much for most machines.
MAX_JOBS_OF_OFFICIAL = 1000


def length_ms(number: int) -> int:
    """Return how long a job takes: 2 to 3 s, very different for neighbours."""
    return 2000 + number % 1000 * 618 % 1000


def rule(number: int) -> dict[str, Any]:
    """Return the scenario of a job."""
    end = f"{length_ms(number)}ms"
    # A server takes a scenario of at most 1 MiB, which is enough for 10,000 of these.
    timeline = [{"created": "0s"}, {"completed": end}]
    return {"match": {"nth": number + 1}, "timeline": timeline}


def measure(server: MockServer, client: str, jobs: int) -> dict[str, Any]:
    """Measure one round of one client, in its own world."""
    scenario = {"jobs": [rule(number) for number in range(jobs)], "balance_usd": 1e9}
    world = server.new_world(scenario=scenario)
    try:
        words = [sys.executable, str(HERE / "load.py"), client, str(jobs), world.url, world.key]
        measured: dict[str, Any] = json.loads(
            subprocess.run(words, check=True, capture_output=True).stdout
        )
        completed, charges = len(measured["ended"]), len(world.ledger()["charges"])
        if (completed, charges) != (jobs, jobs):
            measured["problem"] = f"{completed} completed, {charges} charged"
        measured["late"] = delays_of(measured["ended"], world.jobs())
        return measured
    finally:
        world.remove()


def delays_of(ended: list[tuple[str, float]], jobs: list[dict[str, Any]]) -> list[float]:
    """Return how many seconds after the end of its job each result arrived."""
    ends: dict[str, float] = {}
    # They are listed in the order of creation, as the rules count them.
    for number, job in enumerate(jobs):
        created = datetime.datetime.fromisoformat(job["created_at"][:26] + "+00:00")
        ends[job["id"]] = created.timestamp() + length_ms(number) / 1000
    return [at - ends[name] for name, at in ended]


def percentile(values: list[float], hundredths: int) -> float:
    """Return a percentile."""
    return sorted(values)[(len(values) - 1) * hundredths // 100]


def start_ms(codes: list[str]) -> list[float]:
    """Return the median time of a new interpreter that runs each of these, in turn."""
    times: list[list[float]] = [[] for _ in codes]
    for _ in range(11):
        for code, own in zip(codes, times, strict=True):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            own.append((time.perf_counter() - start) * 1000)
    return list(map(statistics.median, times))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("mock")
    parser.add_argument("--jobs", default="1,100,1000,10000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", default=",".join(CLIENTS))
    given = parser.parse_args()
    bare, package, client = start_ms(["pass", "import viseme", "import viseme; viseme.Client"])
    sys.stdout.write(f"import viseme: {package - bare:.0f} ms over a bare interpreter\n")
    sys.stdout.write(f"with what a client needs: {client - bare:.0f} ms\n")
    sys.stdout.write(
        f"{'client':<18} {'jobs':>6} {'CPU ms/job':>11} {'s':>7} {'MiB':>7} "
        f"{'late ms: half':>14} {'99 of 100':>10}\n"
    )
    with MockServer(program=given.mock) as server:
        for jobs in map(int, given.jobs.split(",")):
            for client in given.clients.split(","):
                if client == "official" and jobs > MAX_JOBS_OF_OFFICIAL:
                    continue
                rounds = [measure(server, client, jobs) for _ in range(given.rounds)]
                middle = {
                    name: statistics.median(one[name] for one in rounds)
                    for name in ("cpu_ms_per_job", "seconds", "peak_mib_over_bare")
                }
                delays = [1000 * delay for one in rounds for delay in one["late"]]
                half, most = percentile(delays, 50), percentile(delays, 99)
                problem = "; ".join(one["problem"] for one in rounds if "problem" in one)
                sys.stdout.write(
                    f"{client:<18} {jobs:>6} {middle['cpu_ms_per_job']:>11.3f} "
                    f"{middle['seconds']:>7.2f} {middle['peak_mib_over_bare']:>7.1f} "
                    f"{half:>14.0f} {most:>10.0f}  {problem}\n"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    main()
