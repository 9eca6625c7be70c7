"""The way from a certificate to an anchor, among certificates that mean harm."""

import pytest

from telesphore.ades import paths
from telesphore.ades.errors import NoPathToAnchor
from telesphore.kernel.clock import now
from tests.certificates import TestAuthority

ROOT = TestAuthority()


def test_authorities_that_all_sign_one_another_are_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty would make 40 × 39 × 38 × … ways: nobody would live to see the end."""
    key = TestAuthority("Hall of mirrors").key
    mirrors = [TestAuthority("Hall of mirrors", key=key) for _ in range(40)]
    signer = mirrors[0].signer("Anne LEBRUN")
    checked: list[bool] = []
    issued = paths.issued
    monkeypatch.setattr(paths, "issued", lambda *pair: checked.append(issued(*pair)) or checked[-1])

    with pytest.raises(NoPathToAnchor):
        paths.path_to_anchor(
            signer.certificate, pool=[one.certificate for one in mirrors], anchors=[ROOT.certificate], at=now()
        )
    assert len(checked) <= paths.MOST_CHECKS


def test_a_way_is_found_in_spite_of_certificates_of_the_same_name() -> None:
    middle = TestAuthority("Middle", issuer=ROOT)
    others = [TestAuthority("Middle").certificate for _ in range(30)]
    signer = middle.signer("Anne LEBRUN")
    found = paths.path_to_anchor(
        signer.certificate, pool=[*others, middle.certificate], anchors=[ROOT.certificate], at=now()
    )
    assert found == (signer.certificate, middle.certificate, ROOT.certificate)
