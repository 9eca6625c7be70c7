"""What each action is called for people; an action without words is shown by its name."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "accounts:membership:grant": _("Role granted"),
    "accounts:organisation:found": _("Organisation created"),
    "accounts:person:add": _("Person added"),
    "accounts:recovery:follow": _("Link to a new way to sign in followed"),
    "accounts:recovery:send": _("Link to a new way to sign in sent"),
    "accounts:session:close": _("Signed out"),
    "accounts:session:open": _("Signed in"),
    "accounts:session:refuse": _("Sign-in refused"),
    "accounts:session:warn": _("Sign-in from a new device told"),
    "accounts:way:add": _("Way to sign in added"),
    "accounts:way:keep": _("Recovery codes put away"),
    "accounts:way:remove": _("Way to sign in removed"),
    "accounts:way:rename": _("Passkey renamed"),
    "accounts:way:reset": _("Ways to sign in removed by an administrator"),
    "audit:journal:read": _("Journal read"),
    "links:code:send": _("Code sent"),
    "links:link:create": _("Link created"),
    "links:link:open": _("Link opened"),
    "links:link:reveal": _("Code given"),
    "links:link:revoke": _("Link withdrawn"),
    "outbox:notice:deliver": _("Notice sent"),
    "outbox:notice:give-up": _("Notice not delivered"),
    "outbox:notice:queue": _("Notice prepared"),
    "pki:authority:establish": _("Authority established"),
    "pki:certificate:issue": _("Certificate issued"),
    "records:access:report": _("Access reported by the patient"),
    "records:account:confirm": _("Patient's account opened"),
    "records:account:end": _("Patient's account closed"),
    "records:account:invite": _("Patient invited to an account"),
    "records:care-team:add": _("Care team: member added"),
    "records:document:deposit": _("Document deposited"),
    "records:document:extend": _("Proof of a filed document extended"),
    "records:document:open": _("Document read"),
    "records:document:print": _("Document printed with its proof"),
    "records:document:withdraw": _("Document withdrawn from the record"),
    "records:patient:register": _("Patient registered"),
    "records:record:enter": _("Record come to by an account"),
    "records:record:open": _("Record opened"),
    "records:representation:confirm": _("Representative came in"),
    "records:representation:end": _("Representation ended"),
    "records:representation:invite": _("Representative invited again"),
    "records:representation:record": _("Representation recorded"),
    "signature:copy:send": _("Copy sent to the patient"),
    "signature:document:view": _("Document to sign read"),
    "signature:envelope:complete": _("Document sealed"),
    "signature:envelope:seal": _("Sealing"),
    "signature:envelope:send": _("Document sent to be signed"),
    "signature:envelope:void": _("Document withdrawn"),
    "signature:proof:choose-means": _("Means of renewing proofs chosen"),
    "signature:proof:fail": _("Renewal of proofs failed"),
    "signature:proof:gather": _("Proofs renewed by one timestamp"),
    "signature:proof:hasten": _("Proofs of an authority due at once"),
    "signature:proof:judge": _("Table of algorithms applied to proofs"),
    "signature:proof:mark": _("Proofs found due or weakened"),
    "signature:proof:renew": _("Proof renewed"),
    "signature:proof:watch": _("Proof watched"),
    "signature:kit:make": _("Proof kit made"),
    "signature:recipient:decline": _("Signature refused by the recipient"),
    "signature:recipient:drop-prepared": _("Prepared signature dropped"),
    "signature:recipient:prepare": _("Signature prepared for a card"),
    "signature:recipient:sign": _("Document signed"),
    "vault:blob:keep": _("File stored"),
    "vault:keyset:create": _("Keys created"),
    "vault:keyset:erase": _("Keys destroyed"),
    "web:page:open": _("Page opened"),
}

GROUNDS = {
    "author": _("Author of the document"),
    "care-team": _("Care team"),
    "own-record": _("Their own record"),
    "recipient": _("Asked to sign"),
    "representative": _("Acts for the patient"),
    "retention": _("End of retention"),
    "sender": _("Sender"),
    "system": _("Telesphore"),
}


def sentence(action: str) -> str:
    """The action in the reader's language."""
    return str(SENTENCES.get(action, action))


def ground(code: str) -> str:
    """What allowed the action, in the reader's language."""
    return str(GROUNDS.get(code, code))
