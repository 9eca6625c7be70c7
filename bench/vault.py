"""How fast documents go into the vault and come back, beside the bare store and bare AES-GCM in the same run.

Every figure is of one thread, on an instance of its own: an embedded database and a folder, both forcing to disk.
Rounds of the compared ways alternate, so that a disk that slows down slows all; the rate is the median of the rounds'.
`--place` names the folder to measure in.

What is compared, all of it durable when the call returns:

- *bare store*: the same plaintext written by the same folder store, one document after the other. Each is forced to
  disk, renamed, and its folder forced: two waits a document. No encryption, no hash, no row, no trace.
- *deposit*: the document encrypted and hashed, then written as by the bare store.
- *deposit and keep, single*: the same, and its row and its event in one transaction: the database's wait makes three.
  With two waits against three, this ratio stays near two thirds at best where the processor costs nothing.
- *deposit and keep, fifty at once*: `deposit_many`, then `keep_many` in one transaction. Every file is forced to disk,
  their one folder once, the database once. Its ratio is to the bare store *one document after the other*; the bare
  store given the same fifty at once (`write_many`) stands beside it, and that ratio too.
"""

import argparse
import contextlib
import io
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parent))

import frame

TARGET = 0.8
SIZES = {"20 kB": 20_000, "1 MB": 1_000_000, "100 MB": 100_000_000}
PIECE = 1 << 20
FIFTY = 50


@contextlib.contextmanager
def instance(place: Path | None) -> Iterator[Path]:
    """A home with a running embedded database, migrated, and a master key."""
    home = Path(tempfile.mkdtemp(prefix="telesphore-bench-", dir=place))
    os.environ["TELESPHORE_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "telesphore.config.settings"
    from telesphore.config import embedded

    cluster = embedded.cluster(home)
    try:
        embedded.initialise(cluster)
        with embedded.running(cluster):
            import django

            django.setup()
            from telesphore.config import database, master_key

            database.migrate()
            master_key.ensure_master_key(lambda _: None)
            yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        if cluster.user:
            shutil.rmtree(cluster.data.parent, ignore_errors=True)


class Zeros:
    """A long document that takes no memory."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int) -> bytes:
        part = bytes(min(size, self.left))
        self.left -= len(part)
        return part


def rate(work: Callable[[], object], count: int) -> float:
    """How many times per second."""
    began = time.perf_counter()
    for _ in range(count):
        work()
    return count / (time.perf_counter() - began)


def alternate(ways: dict[str, Callable[[], object]], count: int, rounds: int) -> dict[str, float]:
    """The median rate of each way, in documents per second."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        names = list(ways) if turn % 2 else list(reversed(ways))
        for name in names:
            rates[name].append(rate(ways[name], count))
    return {name: statistics.median(found) for name, found in rates.items()}


def measure(home: Path, short: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """All results, and the aims."""
    import hashlib
    from datetime import UTC, datetime

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from telesphore.audit import actions as audit
    from telesphore.connectors.folder.store import FolderStore
    from telesphore.kernel.actors import Actor
    from telesphore.kernel.identifiers import uuid7
    from telesphore.vault import access, actions, queries
    from telesphore.vault.formats.streaming import EncryptingReader

    organisation_id = uuid7()
    actor = Actor.system(organisation_id)
    key_id = actions.create_keyset(
        organisation_id=organisation_id, patient_id=uuid7(), actor=actor, at=datetime.now(UTC)
    )
    key = access.writing_key(access.Owner(organisation_id, key_id))
    store = FolderStore(home / "bare")
    cipher, nonce = AESGCM(os.urandom(32)), bytes(12)

    def deposit(content: Any) -> actions.Deposited:
        return actions.deposit(
            organisation_id=organisation_id, key_id=key_id, media_type="application/pdf", content=content
        )

    @audit.act("bench:documents:file")
    def file(*, deposits: tuple[actions.Deposited, ...], actor: Actor, at: datetime) -> list[UUID]:
        """As the rooms above do: keeping is a part of their own act, in its transaction."""
        if len(deposits) == 1:
            return [actions.keep(deposits[0], actor=actor, at=at)]
        return actions.keep_many(deposits, actor=actor, at=at)

    def keep(*deposits: actions.Deposited) -> list[UUID]:
        return file(deposits=deposits, actor=actor, at=datetime.now(UTC))

    def drain(source: Any) -> None:
        while source.read(PIECE):
            pass

    def long_document(size: int) -> dict[str, Any]:
        """First of all, while the process is small: its peak tells."""
        drain_once = deposit(bytes(3 * PIECE))
        keep(drain_once)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        (blob_id,) = keep(deposit(Zeros(size)))
        written = time.perf_counter()
        with queries.open_blob(organisation_id=organisation_id, blob_id=blob_id) as stream:
            drain(stream)
        read = time.perf_counter()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        return {
            "size_mb": size / 1e6,
            "write_mb_per_s": round(size / 1e6 / (written - began), 1),
            "read_mb_per_s": round(size / 1e6 / (read - written), 1),
            "memory_grown_mib": round(grown / 1024, 1),
        }

    results: dict[str, Any] = {"long_document": long_document(200_000_000 if short else 2_000_000_000)}
    aims = [frame.aim("memory grown by a long document", results["long_document"]["memory_grown_mib"], "MiB", 32, "<=")]
    counts = {"20 kB": (100, 5), "1 MB": (20, 5), "100 MB": (1, 5)}
    for label, size in SIZES.items():
        count, rounds = counts[label]
        if not short:
            rounds *= 3
        content = os.urandom(size)
        bare_names: list[str] = []
        kept: list[UUID] = []

        def bare_write(content: bytes = content, names: list[str] = bare_names) -> None:
            blob_id = uuid7()
            names.append(queries.stored_name(organisation_id, blob_id))
            store.write(names[-1], io.BytesIO(content))

        def bare_read(names: list[str] = bare_names) -> None:
            with store.read(names[-1]) as source:
                drain(source)

        def vault_write(content: bytes = content, kept: list[UUID] = kept) -> None:
            kept.extend(keep(deposit(content)))

        def vault_read(kept: list[UUID] = kept) -> None:
            with queries.open_blob(organisation_id=organisation_id, blob_id=kept[-1]) as stream:
                drain(stream)

        def encrypt_and_hash(content: bytes = content) -> None:
            drain(EncryptingReader(content, key, b"bench"))

        def pieces(content: bytes = content) -> Iterator[memoryview]:
            view = memoryview(content)
            return (view[place : place + PIECE] for place in range(0, len(view), PIECE))

        def aes_gcm() -> None:
            for piece in pieces():
                cipher.encrypt(nonce, piece, None)

        rates = alternate(
            {
                "bare_store": bare_write,
                "deposit": lambda content=content: deposit(content),
                "deposit_and_keep": vault_write,
            },
            count,
            rounds,
        )
        rates |= alternate({"bare_store_read": bare_read, "vault_read": vault_read}, count, rounds)
        rates |= alternate(
            {
                "aes_gcm": aes_gcm,
                "sha256": lambda content=content: hashlib.sha256(content).digest(),
                "encrypt_and_hash": encrypt_and_hash,
            },
            count,
            rounds,
        )
        if label == "20 kB":
            # A laboratory's delivery.
            def bare_fifty_at_once(content: bytes = content) -> None:
                ending = uuid7().hex[-2:]
                names = [f"{organisation_id}/{ending}/{uuid7()}" for _ in range(FIFTY)]
                store.write_many([(name, io.BytesIO(content)) for name in names])

            def vault_fifty_at_once(content: bytes = content) -> None:
                incoming = actions.Incoming(
                    organisation_id=organisation_id, key_id=key_id, media_type="application/pdf", content=content
                )
                keep(*actions.deposit_many([incoming] * FIFTY))

            fifty = {
                "bare_store_fifty_one_by_one": lambda: [bare_write() for _ in range(FIFTY)],
                "bare_store_fifty_at_once": bare_fifty_at_once,
                "deposit_and_keep_fifty_at_once": vault_fifty_at_once,
            }
            rates |= {name: FIFTY * found for name, found in alternate(fifty, 2, 5 if short else 15).items()}
            at_once = rates["deposit_and_keep_fifty_at_once"]
            ratio = round(at_once / rates["bare_store_fifty_one_by_one"], 3)
            aims.append(frame.aim("20 kB written, fifty at once / bare store one by one", ratio, "ratio", TARGET, ">="))
            results["fifty_at_once_to_bare_store_fifty_at_once"] = round(at_once / rates["bare_store_fifty_at_once"], 3)
        results[label] = {
            name: {"documents_per_s": round(found, 2), "mb_per_s": round(found * size / 1e6, 1)}
            for name, found in rates.items()
        }
        if label != "1 MB":
            for way in ("deposit", "deposit_and_keep"):
                ratio = round(rates[way] / rates["bare_store"], 3)
                words = {"deposit": "bytes only", "deposit_and_keep": "bytes, row and trace"}[way]
                aims.append(frame.aim(f"{label} written, single ({words}) / bare store", ratio, "ratio", TARGET, ">="))
            ratio = round(rates["vault_read"] / rates["bare_store_read"], 3)
            aims.append(frame.aim(f"{label} read / bare store, from the page cache", ratio, "ratio", TARGET, ">="))
    return results, aims


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a fifth of the work")
    parser.add_argument("--place", type=Path, help="folder on the disk to measure; the temporary folder by default")
    arguments = parser.parse_args()
    with instance(arguments.place) as home:
        results, aims = measure(home, arguments.short)
    frame.report("vault", results, aims)


if __name__ == "__main__":
    main()
