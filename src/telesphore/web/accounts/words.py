"""What each permission lets one do, in a sentence; shown on the page of permissions, and written in docs/."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PERMISSION_WORDS: Mapping[str, str | Promise] = {
    "accounts:backup:switch": _("switch the backup way in on and off"),
    "accounts:colleagues:find": _("find a professional of the organisation, to ask them to act"),
    "accounts:delegation:give": _("let a colleague act in one's place, between two dates"),
    "accounts:delegation:see": _("see the delegations that concern one; an administrator, those of the organisation"),
    "accounts:directory:provision": _("let the staff directory add and remove members"),
    "accounts:members:manage": _("invite members, give and end roles, suspend, have a member leave"),
    "accounts:members:see": _("see who works in the organisation"),
    "accounts:organisation:manage": _("change the organisation's name, numbers and units"),
    "accounts:permissions:see": _("see this table"),
    "accounts:session:manage": _("see and end one's own sessions"),
    "accounts:token:manage": _("give and revoke one's own tokens for programs"),
    "accounts:workstation:pair": _("pair a workstation with its card reader"),
    "audit:journal:see": _("read who did what"),
    "jobs:job:manage": _("see the work in progress, try again what stopped"),
    "records:document:deposit": _("deposit a document in a record that is open to one"),
    "records:document:print": _("print a signed document with its proof"),
    "records:document:read": _("read the documents of a record that is open to one"),
    "records:document:withdraw": _("withdraw a document that one has deposited"),
    "records:patient:invite": _("invite a patient to open an account"),
    "records:patient:register": _("register a patient"),
    "records:record:open": _("open the records of patients in whose care team one is"),
    "records:representation:manage": _("note who acts for a patient"),
    "records:team:manage": _("add a colleague to a patient's care team"),
    "signature:bedside:open": _("hand a tablet over to a patient, for one document"),
    "signature:copy:send": _("send a patient a new link to what they signed"),
    "signature:book:open": _("open one's own signature book"),
    "signature:embedding:make": _("let a patient or guest sign inside another software's page"),
    "signature:embedding:manage": _("say in which other software's pages patients may sign"),
    "signature:envelope:read": _("read what one has sent, or is asked to sign"),
    "signature:envelope:send": _("send a document to be signed"),
    "signature:envelope:void": _("withdraw what one has sent"),
    "signature:kit:export": _("take the proof of a completed circuit away"),
    "signature:proof:see": _("see how long proofs last, without their documents"),
    "signature:recipient:advise": _("give an opinion when one is asked for it"),
    "signature:recipient:correct": _("correct the address of who is awaited for what one has sent"),
    "signature:recipient:decline": _("refuse to sign what one is asked to sign"),
    "signature:recipient:hand-over": _("hand one’s place in a circuit over to a colleague"),
    "signature:recipient:recall": _("take back what one has signed, approved or advised, until the next has acted"),
    "signature:recipient:remind": _("remind who is awaited for what one has sent"),
    "signature:recipient:review": _("approve what one is asked to review"),
    "signature:recipient:sign": _("sign what one is asked to sign"),
    "signature:template:manage": _("make and change the templates of the organisation and of one's units"),
    "signature:template:see": _("see the templates of the organisation and of one's units, and make private ones"),
    "signature:thread:write": _("write in the discussion beside a document"),
    "webhooks:subscription:manage": _("say which software is told of what happens to envelopes"),
}
"""By name, in the table's order."""

ROOMS: Mapping[str, str | Promise] = {
    "accounts": _("The organisation and its members"),
    "audit": _("The journal"),
    "jobs": _("The machine room"),
    "records": _("Records"),
    "signature": _("Signature"),
    "webhooks": _("Calls to other software"),
}
"""What permissions are about, by the first part of their names."""
