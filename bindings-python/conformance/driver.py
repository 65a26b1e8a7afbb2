"""The conformance driver of the Python clients; see conformance/protocol.md.

Usage: ``driver.py sync`` or ``driver.py async``, with a build of viseme for tests.
"""

from __future__ import annotations

import sys

import async_driver
import sync_driver

DRIVERS = {"sync": sync_driver.main, "async": async_driver.main}

if __name__ == "__main__":
    DRIVERS[sys.argv[1]]()
