"""The kernel's words."""

import time

from telesphore.kernel.identifiers import uuid7


def test_ids_made_later_sort_later() -> None:
    first = uuid7()
    time.sleep(0.002)
    assert first < uuid7()


def test_ids_are_version_7_of_the_rfc_variant() -> None:
    identifiers = {uuid7() for _ in range(1000)}
    assert len(identifiers) == 1000
    assert {i.version for i in identifiers} == {7}
