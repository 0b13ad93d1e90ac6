"""One upload at a time: the reader beside other ways of doing its work, on one core."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from itertools import cycle

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.rounds import Act, Contender, Figures, childrens_time, measured
from benchmarks.samples import ONE_AGAIN, PASSPHRASE, Sample, Upload
from certstore import receive

MODEL = "certstore.receive"
BARE = "bare cryptography"
SSL_REUSED = "ssl, files, context reused"
SSL_NEW = "ssl, files, new context"
SSL_WRITTEN = "ssl, writing the files first"
COMMAND = "openssl pkey + x509"

BASELINE = BARE
TARGET_SAMPLES = [f"DES-EDE3, {chain}" for chain in (ONE_AGAIN, "chain of three")]


def _bare(upload: Upload) -> None:
    """Certificates, key and comparison, with nothing of what decides whether the unit would take them."""
    certificates = x509.load_pem_x509_certificates(upload.fields.certificate)
    key = load_pem_private_key(
        upload.fields.private_key, upload.fields.passphrase, unsafe_skip_rsa_key_validation=True
    )
    assert key.public_key() == certificates[0].public_key(), "the samples are pairs"


def _load(context: ssl.SSLContext, upload: Upload) -> None:
    # A callable even for a plain key: otherwise a mistake in a sample would ask on the terminal.
    context.load_cert_chain(upload.certificate_file, upload.key_file, lambda: PASSPHRASE)


_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def _ssl_reused(upload: Upload) -> None:
    _load(_CONTEXT, upload)


def _ssl_new(upload: Upload) -> None:
    _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), upload)


def _ssl_written(upload: Upload) -> None:
    """load_cert_chain reads files alone, and an upload is octets."""
    upload.certificate_file.write_bytes(upload.fields.certificate)
    upload.key_file.write_bytes(upload.fields.private_key)
    _load(_CONTEXT, upload)


def _command(upload: Upload) -> None:
    """Two processes, which is how a script finds out whether key and certificate belong together."""
    key = ["openssl", "pkey", "-in", str(upload.key_file), "-passin", "stdin", "-pubout"]
    leaf = ["openssl", "x509", "-in", str(upload.certificate_file), "-noout", "-pubkey"]
    outputs = [
        subprocess.run(command, input=PASSPHRASE.encode("ascii"), capture_output=True, check=True).stdout
        for command in (key, leaf)
    ]
    assert outputs[0] == outputs[1], "the samples are pairs"


def _model(upload: Upload) -> None:
    receive(upload.fields)


Way = Callable[[Upload], None]

IN_PROCESS: dict[str, Way] = {
    MODEL: _model,
    BARE: _bare,
    SSL_REUSED: _ssl_reused,
    SSL_NEW: _ssl_new,
    SSL_WRITTEN: _ssl_written,
}


def _each_in_turn(way: Way, sample: Sample) -> Act:
    uploads = cycle(sample.uploads)
    return lambda: way(next(uploads))


def measure(samples: list[Sample], rounds: int) -> dict[str, dict[str, Figures]]:
    """Figures of every contender, by sample."""
    contenders = {}
    for sample in samples:
        for name, way in IN_PROCESS.items():
            contenders[f"{sample.name}/{name}"] = Contender(_each_in_turn(way, sample))
        contenders[f"{sample.name}/{COMMAND}"] = Contender(_each_in_turn(_command, sample), childrens_time)
    figures = measured(contenders, rounds)
    names = (*IN_PROCESS, COMMAND)
    return {sample.name: {name: figures[f"{sample.name}/{name}"] for name in names} for sample in samples}


def targets(figures: dict[str, Figures]) -> dict[str, tuple[float, float, bool]]:
    """For DES-EDE3 with a chain of three: what is aimed at, what came out, whether it is met."""
    faster = 1 / figures[MODEL].ratio(figures[SSL_REUSED])
    slower = figures[MODEL].ratio(figures[BARE])
    return {
        "times as fast as ssl with files, at least": (10.0, faster, faster >= 10.0),
        "times the CPU time of bare cryptography, at most": (2.0, slower, slower <= 2.0),
    }
