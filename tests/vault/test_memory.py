"""Memory stays flat whatever the size of a document."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from telesphore.connectors.s3.store import S3Store
from tests.vault.seaweed import Seaweed

PROGRAM = """
import hashlib, io, json, resource, sys
from pathlib import Path
import telesphore.vault.formats.streaming as streaming
from telesphore.connectors.folder.store import FolderStore
from telesphore.connectors.s3.store import Place, S3Store
from telesphore.vault.formats import keysets

size, where = int(sys.argv[1]), json.loads(sys.argv[2])
store = S3Store(Place(**where)) if isinstance(where, dict) else FolderStore(Path(where))

class Content:
    left = size
    def read(self, wanted):
        part = bytes(min(wanted, self.left))
        self.left -= len(part)
        return part

key = keysets.streaming_keys(keysets.new(keysets.BLOB_TEMPLATE))[0]
def copy(content):
    reader = streaming.EncryptingReader(content, key, b"")
    store.write("o/00/blob", reader)
    with store.read("o/00/blob") as source:
        plain = streaming.DecryptingReader(
            source, [key], b"", stored_size=reader.stored_size, sha256=reader.sha256
        )
        total = 0
        while part := plain.read(1 << 20):
            total += len(part)
    return total

copy(io.BytesIO(bytes(9 << 20)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
total = copy(Content())
print(json.dumps({"total": total, "grown": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before}))
"""
SIZE = 400_000_000


def grown(place: object) -> int:
    """KiB by which the peak of memory rose while 400 MB were written and read, after 9 MB were."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(SIZE), json.dumps(place)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert result["total"] == SIZE
    return int(result["grown"])


def test_four_hundred_megabytes_in_a_folder_take_a_few_in_memory(tmp_path: Path) -> None:
    assert grown(str(tmp_path / "vault")) < 20_000


def test_four_hundred_megabytes_in_a_bucket_take_a_few_parts_in_memory(
    bucket: S3Store, seaweed_server: Seaweed, request: pytest.FixtureRequest
) -> None:
    import dataclasses

    assert grown(dataclasses.asdict(dataclasses.replace(seaweed_server.place, prefix="memory"))) < 100_000
