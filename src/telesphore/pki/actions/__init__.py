"""What can happen: authorities established and renewed, certificates issued and revoked, the time stamped."""

from telesphore.pki.actions.answer import answer_ocsp, revocation_data
from telesphore.pki.actions.establish import establish_authority, initialise, renew, replace_root
from telesphore.pki.actions.issue import (
    IssuedToken,
    issue_for_key,
    issue_for_one_signature,
    organisation_seal,
)
from telesphore.pki.actions.maintain import maintain
from telesphore.pki.actions.revoke import publish_list, revoke_authority, revoke_certificate
from telesphore.pki.actions.root_key import export_root_key, import_root_key, remove_root_key
from telesphore.pki.actions.stamp_time import answer_timestamp_query, stamp

__all__ = [
    "IssuedToken",
    "answer_ocsp",
    "answer_timestamp_query",
    "establish_authority",
    "export_root_key",
    "import_root_key",
    "initialise",
    "issue_for_key",
    "issue_for_one_signature",
    "maintain",
    "organisation_seal",
    "publish_list",
    "remove_root_key",
    "renew",
    "replace_root",
    "revocation_data",
    "revoke_authority",
    "revoke_certificate",
    "stamp",
]
