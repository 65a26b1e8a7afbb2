"""Ends a process that used Temporal's client without an abort."""

import atexit
import time

PAUSE = 0.1


def pause() -> None:
    """Let the threads of Temporal's client finish the call that they are in.

    They enter the interpreter to end a request. If it exits at that moment, the process aborts or
    crashes: https://github.com/temporalio/sdk-python/issues/300
    """
    time.sleep(PAUSE)


atexit.register(pause)
