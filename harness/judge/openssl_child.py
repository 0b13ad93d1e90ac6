"""A process that loads uploads with the `ssl` module of its interpreter, one JSON line after the other.

`harness.judge.second_opinion` runs this file on its own, with -I: it imports the standard library and nothing of the
project. It never writes to a disk: the two files live in memory, and the passphrase comes through the pipe.
"""

import json
import os
import ssl
import sys
from base64 import b64decode


class NotGiven(Exception):
    """The key asks for a passphrase, and none came with the upload."""


def memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("upload")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    return descriptor


def load(certificate: bytes, private_key: bytes, passphrase: bytes | None) -> None:
    def ask() -> bytes:
        # Without a callable, OpenSSL would ask on the terminal.
        if passphrase is None:
            raise NotGiven
        return passphrase

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Level 0 looks at no key's size and no signature's digest, as a unit does not.
    context.set_ciphers("ALL:@SECLEVEL=0")
    files = []
    try:
        files += [memory_file(certificate)]
        files += [memory_file(private_key)]
        context.load_cert_chain(f"/proc/self/fd/{files[0]}", f"/proc/self/fd/{files[1]}", ask)
    finally:
        for descriptor in files:
            os.close(descriptor)


def answer(request: dict[str, str | None]) -> str | None:
    """The reason for refusing, None if the upload loads."""
    certificate, private_key, passphrase = (
        None if text is None else b64decode(text)
        for text in (request["certificate"], request["private_key"], request["passphrase"])
    )
    assert certificate is not None
    assert private_key is not None
    try:
        load(certificate, private_key, passphrase)
    except NotGiven:
        return "the key asks for a passphrase"
    except ValueError:
        return "the passphrase is longer than 1024 bytes"
    except ssl.SSLError as error:
        # A symbol of OpenSSL's, never text of the upload. Mostly the last of several, and then only "PEM lib".
        return (error.reason or "PEM lib").replace("_", " ").lower().replace("pem lib", "PEM lib")
    return None


def main() -> None:
    print(json.dumps(ssl.OPENSSL_VERSION), flush=True)  # noqa: T201 - the pipe
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)  # noqa: T201 - the pipe


if __name__ == "__main__":
    main()
