"""The doctor's look at a provider's seal: whether it opens, how long it lasts, whether others can check it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
from cryptography import x509

from telesphore.ades import lasting, paths, revocation
from telesphore.ades.errors import BadRevocation, NoPathToAnchor
from telesphore.config import tokens, wiring
from telesphore.config.findings import Finding, Level, Patient
from telesphore.config.options import BadSetting
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError
from telesphore.pki.ports import RevocationData
from telesphore.signature.ports import SealSource

NEAR_ITS_END = timedelta(days=60)
"""A provider's procedure to renew a certificate takes weeks."""


def seals(patient: Patient) -> Iterator[Finding]:
    """Whether a provider's seal can seal: nothing is signed with it."""
    if patient.value("seal") == "local":
        yield Finding(Level.OK, "seal", "Every organisation is sealed by its local authority, which is not qualified.")
        return
    organisation: UUID = patient.value("seal_organisation")
    at = datetime.now(UTC)
    try:
        source = tokens.provider_seal(patient.settings)
        assert source is not None
        yield from _organisation(patient, organisation)
        certificate, chain = _opened(source, organisation, at)
    except BadSetting as bad:
        yield Finding(Level.PROBLEM, "seal", str(bad), "Correct this setting (docs/operations.md).")
        return
    except DomainError as refused:
        why = refused.__cause__ or refused
        yield Finding(
            Level.PROBLEM, "seal", f"The seal of {organisation} can't sign: {refused.code}. {why}",
            "Mend it, or correct `seal_token`, `seal_credential`, `seal_file` or `seal_pin_file`: documents wait.",
        )  # fmt: skip
        return
    yield from _lasts(certificate, organisation, at)
    yield from _checkable(patient, certificate, chain, organisation, at)


def _organisation(patient: Patient, organisation: UUID) -> Iterator[Finding]:
    try:
        with psycopg.connect(**patient.databases["default"], connect_timeout=5) as connection:
            known = connection.execute("SELECT id, name FROM accounts_organisation ORDER BY name LIMIT 10").fetchall()
            found = connection.execute("SELECT FROM accounts_organisation WHERE id = %s", [organisation]).fetchone()
    except psycopg.OperationalError:
        # The look at the database says it, and what to do.
        return
    if found is None:
        named = ", ".join(f"{name} is {one}" for one, name in known) or "there is none yet"
        yield Finding(
            Level.PROBLEM, "seal-organisation", f"No organisation is {organisation}: the seal seals nothing.",
            f"Set `seal_organisation` to the id of the one whose seal it is: {named}.",
        )  # fmt: skip


def _opened(source: SealSource, organisation: UUID, at: datetime) -> tuple[bytes, tuple[bytes, ...]]:
    with source.open(organisation_id=organisation, organisation_name="", actor=Actor.system(), at=at) as token:
        return token.certificate, tuple(token.chain)


def _lasts(certificate: bytes, organisation: UUID, at: datetime) -> Iterator[Finding]:
    ends = x509.load_der_x509_certificate(certificate).not_valid_after_utc
    what = f"The seal of {organisation} opens; its certificate ends on {ends:%Y-%m-%d}."
    if ends - at < NEAR_ITS_END:
        do = "Have the provider renew it: once it is over, documents wait for a seal."
        yield Finding(Level.WARNING, "seal", what, do)
    else:
        yield Finding(Level.OK, "seal", what)


def _checkable(
    patient: Patient, certificate: bytes, chain: tuple[bytes, ...], organisation: UUID, at: datetime
) -> Iterator[Finding]:
    anchors = [anchor.certificate for anchor in wiring.anchors_of(patient.settings).anchors()]
    path = lasting.chain_of(certificate, pool=chain, anchors=anchors, at=at)
    if not _reaches_a_root(certificate, chain):
        yield Finding(
            Level.PROBLEM, "seal-chain", "The certificates above that of the seal are missing: nothing is sealed.",
            "Set `seal_chain_file` to a PEM file with all of them, up to the root.",
        )  # fmt: skip
    elif not path:
        yield Finding(
            Level.PROBLEM, "seal-anchor", "The seal leads to no authority that this instance trusts.",
            "Put its root certificate into the folder of `anchors_folder`, or use the `trusted_lists`.",
        )  # fmt: skip
    elif len(path) > 1:
        # Not itself an anchor, which nobody revokes.
        yield from _revocation(patient, path, organisation, at)


def _reaches_a_root(certificate: bytes, chain: tuple[bytes, ...]) -> bool:
    roots = []
    for one in chain:
        try:
            parsed = paths.load(one)
        except NoPathToAnchor:
            continue
        if parsed.subject == parsed.issuer:
            roots.append(one)
    above = [one for one in chain if one not in roots]
    born = x509.load_der_x509_certificate(certificate).not_valid_before_utc
    return bool(lasting.chain_of(certificate, pool=above, anchors=roots, at=born))


def _revocation(patient: Patient, path: tuple[bytes, ...], organisation: UUID, at: datetime) -> Iterator[Finding]:
    source, wanted = wiring.revocation_elsewhere(patient.settings), patient.value("signature_level")
    data = source.fetch(path, organisation_id=organisation, at=at) if source is not None else RevocationData()
    if any(_says_revoked(answer, path[0], path[1], at) for answer in data.ocsps + data.crls):
        yield Finding(
            Level.PROBLEM, "seal-revoked", f"The certificate of the seal of {organisation} was revoked.",
            "Have the provider replace it: documents wait for a seal.",
        )  # fmt: skip
    # One answer for each that does not excuse itself.
    needed = sum(not revocation.needs_none(one) for one in path[:-1])
    if len(data.ocsps) + len(data.crls) < needed and wanted in ("B-LT", "B-LTA"):
        yield Finding(
            Level.PROBLEM, "seal-revocation", f"Nobody says whether the seal still holds: no seal reaches {wanted}.",
            "Put the authority to which it leads into the file of `revocation_anchors_file`, name its OCSP and list "
            "hosts in `revocation_hosts` if they are in your own network, and let this machine reach them.",
        )  # fmt: skip


def _says_revoked(answer: bytes, certificate: bytes, issuer: bytes, at: datetime) -> bool:
    for check in (revocation.check_ocsp, revocation.check_crl):
        with suppress(BadRevocation):
            return check(answer, certificate, issuer, at=at).revoked_at is not None
    return False
