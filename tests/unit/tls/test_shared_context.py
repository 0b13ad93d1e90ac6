"""Sessions are resumed in the context that they were made in, so all lanes of a process have to share one."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys, threading
from harness.tls.context import shared_legacy_context

sys.setswitchinterval(1e-6)
found, together = [], threading.Barrier(16)


def want():
    together.wait()
    found.append(shared_legacy_context())


threads = [threading.Thread(target=want) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(set(map(id, found))))
"""


def test_lanes_that_begin_at_once_have_one_context() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "1"
