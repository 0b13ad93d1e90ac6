"""One upload at a time: the reader beside other ways of doing its work, on one core."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.rounds import Act, Contender, Figures, childrens_time, measured
from benchmarks.samples import PASSPHRASE, Sample
from certstore import receive

MODEL = "certstore.receive"
BARE = "bare cryptography"
SSL_REUSED = "ssl, files, context reused"
SSL_NEW = "ssl, files, new context"
SSL_WRITTEN = "ssl, writing the files first"
COMMAND = "openssl pkey + x509"

BASELINE = BARE
TARGET_SAMPLE = "DES-EDE3, chain of three"


def _bare(sample: Sample) -> Act:
    """Certificates, key and comparison, with nothing of what decides whether the unit would take them."""
    certificate, private_key, passphrase = _fields(sample)

    def act() -> None:
        certificates = x509.load_pem_x509_certificates(certificate)
        key = load_pem_private_key(private_key, passphrase, unsafe_skip_rsa_key_validation=True)
        assert key.public_key() == certificates[0].public_key(), "the samples are pairs"

    return act


def _fields(sample: Sample) -> tuple[bytes, bytes, bytes | None]:
    return sample.upload.certificate, sample.upload.private_key, sample.upload.passphrase


def _load(context: ssl.SSLContext, sample: Sample) -> None:
    # A callable even for a plain key: otherwise a mistake in a sample would ask on the terminal.
    context.load_cert_chain(sample.certificate_file, sample.key_file, lambda: PASSPHRASE)


def _ssl_reused(sample: Sample) -> Act:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return lambda: _load(context, sample)


def _ssl_new(sample: Sample) -> Act:
    return lambda: _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), sample)


def _ssl_written(sample: Sample) -> Act:
    """load_cert_chain reads files alone, and an upload is octets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def act() -> None:
        sample.certificate_file.write_bytes(sample.upload.certificate)
        sample.key_file.write_bytes(sample.upload.private_key)
        _load(context, sample)

    return act


def _command(sample: Sample) -> Act:
    """Two processes, which is how a script finds out whether key and certificate belong together."""
    key = ["openssl", "pkey", "-in", str(sample.key_file), "-passin", "stdin", "-pubout"]
    leaf = ["openssl", "x509", "-in", str(sample.certificate_file), "-noout", "-pubkey"]

    def act() -> None:
        outputs = [
            subprocess.run(command, input=PASSPHRASE.encode("ascii"), capture_output=True, check=True).stdout
            for command in (key, leaf)
        ]
        assert outputs[0] == outputs[1], "the samples are pairs"

    return act


def _model(sample: Sample) -> Act:
    return lambda: receive(sample.upload)


IN_PROCESS: dict[str, Callable[[Sample], Act]] = {
    MODEL: _model,
    BARE: _bare,
    SSL_REUSED: _ssl_reused,
    SSL_NEW: _ssl_new,
    SSL_WRITTEN: _ssl_written,
}


def measure(samples: list[Sample], rounds: int) -> dict[str, dict[str, Figures]]:
    """Figures of every contender, by sample."""
    contenders = {}
    for sample in samples:
        for name, act in IN_PROCESS.items():
            contenders[f"{sample.name}/{name}"] = Contender(act(sample))
        contenders[f"{sample.name}/{COMMAND}"] = Contender(_command(sample), childrens_time)
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
