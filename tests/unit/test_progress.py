"""What lanes tell arrives in order, in whichever process shows it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.deadline import Deadline
from harness.progress import Collected, Doing, Done, Message, Said, listening, telling

MESSAGES: dict[str, Message] = {
    "collected": Collected({"mcu-4505": 45}, 3),
    "doing": Doing("mcu-4505", "uploading"),
    "done": Done("mcu-4505", "restarted", 7.5, "down after 0.1 s"),
    "said": Said("stopping"),
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_message_arrives_as_it_was_told(message: Message) -> None:
    heard: list[Message] = []

    with listening(heard.append) as address, telling(address) as tell:
        tell(message)

    assert heard == [message]


def test_another_process_can_tell() -> None:
    heard: list[Message] = []
    code = """if True:
        import sys
        from harness.progress import Doing, telling

        with telling(sys.argv[1]) as tell:
            for number in range(9):
                tell(Doing("a", str(number)))
    """

    with listening(heard.append) as address:
        subprocess.run([sys.executable, "-c", code, address], check=True)
        Deadline.after(60).wait_for("nine messages", lambda: len(heard) == 9, every=0.01)

    assert heard == [Doing("a", str(number)) for number in range(9)]


def test_nobody_listening_disturbs_nobody() -> None:
    with listening(lambda message: None) as address:
        pass

    with telling(address) as tell:
        tell(Doing("a", "going on"))
