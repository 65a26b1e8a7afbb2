"""The driver of the Python clients; see conformance/protocol.md.

Called as ``driver.py sync`` or ``driver.py async``, with a build of viseme made for tests.
"""

from __future__ import annotations

import sys

from form_async import main as main_async
from form_sync import main as main_sync

FORMS = {"sync": main_sync, "async": main_async}

if __name__ == "__main__":
    FORMS[sys.argv[1]]()
