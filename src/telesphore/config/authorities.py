"""The doctor's look at the local authorities: how long they last, their lists, their root keys."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from cryptography import x509

from telesphore.config.findings import Finding, Level, Patient

NEAR_ITS_END = timedelta(days=5 * 365)
"""What it gives may last five years, and never beyond it: from then on, each certificate is cut shorter."""
LIST_LATE = timedelta(days=2)
"""The worker makes a list four days before the last one ends."""

_NEWEST = """
SELECT DISTINCT ON (a.organisation_id) a.organisation_id, a.issuing, holder.root_key_sealed IS NOT NULL,
       EXISTS (SELECT FROM pki_revocation r WHERE r.authority_id = a.id AND r.certificate_id IS NULL)
  FROM pki_authority a
  JOIN LATERAL (SELECT h.root_key_sealed FROM pki_authority h
                 WHERE h.organisation_id = a.organisation_id AND h.root = a.root ORDER BY h.generation LIMIT 1) holder
    ON true
 ORDER BY a.organisation_id, a.generation DESC
"""
_LISTS = """
SELECT a.organisation_id, a.issuing, max(l.next_update)
  FROM pki_authority a LEFT JOIN pki_revocationlist l ON l.authority_id = a.id AND l.level = 'issuing'
 GROUP BY a.organisation_id, a.id, a.issuing
"""


def authorities(patient: Patient) -> Iterator[Finding]:
    """Whether each organisation's authority lasts, publishes, and has its root key in a safe."""
    try:
        opened = psycopg.connect(**patient.databases["default"], connect_timeout=5)
    except psycopg.OperationalError:
        # The look at the database says it, and what to do.
        return
    with opened as connection:
        newest = connection.execute(_NEWEST).fetchall()
        lists = connection.execute(_LISTS).fetchall()
    at = datetime.now(UTC)
    troubles = [*_lives(newest, at), *_lists(lists, at)]
    with_root_key = [organisation for organisation, _, here, _ in newest if here]
    if with_root_key and patient.production:
        troubles.append(
            Finding(
                Level.WARNING, "pki-root-key", f"The root key of {_named(with_root_key)} is in the database.",
                "Put it in a safe: `telesphore pki export-root-key`, then `pki remove-root-key` (docs/operations.md).",
            )
        )  # fmt: skip
    yield from troubles
    if not troubles:
        what = f"{len(newest)} local authorities, none of them qualified, stand and publish their lists."
        yield Finding(Level.OK, "pki", what if newest else "No local authority was made yet.")


def _lives(newest: list[tuple[Any, ...]], at: datetime) -> Iterator[Finding]:
    for organisation, issuing, _, revoked in newest:
        ends = x509.load_der_x509_certificate(bytes(issuing)).not_valid_after_utc
        renew = f"`telesphore pki renew --organisation {organisation}`"
        if revoked or ends <= at:
            state = "was revoked" if revoked else f"ended on {ends:%Y-%m-%d}"
            what = f"The authority of {organisation} {state}: nothing can be signed or sealed by it."
            yield Finding(Level.PROBLEM, "pki-ended", what, f"Make the next one: {renew}.")
        elif ends - at < NEAR_ITS_END:
            what = f"The authority of {organisation} ends on {ends:%Y-%m-%d}: what it gives is cut shorter and shorter."
            yield Finding(Level.WARNING, "pki-near-its-end", what, f"Make the next one in good time: {renew}.")


def _lists(lists: list[tuple[Any, ...]], at: datetime) -> Iterator[Finding]:
    lasting = [
        (organisation, until)
        for organisation, issuing, until in lists
        if x509.load_der_x509_certificate(bytes(issuing)).not_valid_after_utc > at
    ]
    late = [organisation for organisation, until in lasting if until is None or until - at < LIST_LATE]
    if late:
        over = any(until is None or until <= at for _, until in lasting)
        yield Finding(
            Level.PROBLEM if over else Level.WARNING, "pki-list",
            f"The list of revoked certificates of {_named(late)} {'is over' if over else 'is late'}.",
            "See that the worker runs (`telesphore jobs list`), or make it: `telesphore pki crl --output FILE`.",
        )  # fmt: skip


def _named(organisations: list[Any]) -> str:
    more = f" and {len(organisations) - 3} others" if len(organisations) > 3 else ""
    return ", ".join(str(one) for one in organisations[:3]) + more
