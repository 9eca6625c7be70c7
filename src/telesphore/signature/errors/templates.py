"""How a template, or a list sent to many, is refused."""

from telesphore.kernel.errors import DomainError, Refusal


class TemplateNotFound(DomainError):
    """This template does not exist, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "template-not-found"


class TemplateNotYours(DomainError):
    """Only those who manage the templates of your organisation may do this. Make a private one instead."""

    refusal = Refusal.FORBIDDEN
    code = "template-not-yours"


class TemplateArchived(DomainError):
    """This template was put away: nothing more is sent from it."""

    refusal = Refusal.CONFLICT
    code = "template-archived"


class NamesThePatient(DomainError):
    """A document or a text of this draft names the patient: a template would show it to others. Take the blank form."""

    refusal = Refusal.INVALID
    code = "names-the-patient"


class ProfessionalToChoose(DomainError):
    """Choose the professional whose place the template leaves open."""

    refusal = Refusal.INVALID
    code = "professional-to-choose"


class ColumnMissing(DomainError):
    """The template asks for something that was not given."""

    refusal = Refusal.INVALID
    code = "column-missing"


class ListNotReadable(DomainError):
    """This list can't be read: save it as CSV, with one line of column names, and at most %(rows)s rows and %(limit)s
    MB."""

    refusal = Refusal.INVALID
    code = "list-not-readable"


class NoPatientColumn(DomainError):
    """No column tells the patients apart: name one `ins`, `patient`, or both `name` and `birth date`."""

    refusal = Refusal.INVALID
    code = "no-patient-column"


class BulkNotFound(DomainError):
    """This bulk sending does not exist, or it is not yours."""

    refusal = Refusal.NOT_FOUND
    code = "bulk-not-found"


class BulkNotReady(DomainError):
    """This list is still being checked, or it was confirmed or stopped already."""

    refusal = Refusal.CONFLICT
    code = "bulk-not-ready"


class TooManyBulks(DomainError):
    """Several of your lists are still under way. Wait until they are done, or stop one."""

    refusal = Refusal.CONFLICT
    code = "too-many-bulks"


class UnknownPatient(DomainError):
    """Unknown patient."""

    refusal = Refusal.INVALID
    code = "unknown-patient"


class SeveralPatients(DomainError):
    """Several patients have this name and birth date: give the INS."""

    refusal = Refusal.INVALID
    code = "several-patients"


class SamePatientTwice(DomainError):
    """This patient is in the list already, in an earlier row."""

    refusal = Refusal.INVALID
    code = "same-patient-twice"


class DateNotReadable(DomainError):
    """A date can't be read: write it as 2026-12-31 or 31/12/2026."""

    refusal = Refusal.INVALID
    code = "date-not-readable"


class DueInThePast(DomainError):
    """The due date is over."""

    refusal = Refusal.INVALID
    code = "due-in-the-past"


class UnknownProfessional(DomainError):
    """No professional of your organisation has this RPPS number or e-mail address."""

    refusal = Refusal.INVALID
    code = "unknown-professional"


class SenderMayNotSend(DomainError):
    """Whoever gave the list may no longer send."""

    refusal = Refusal.FORBIDDEN
    code = "sender-may-not-send"


class RowNotSent(DomainError):
    """It was refused for a reason that its document or its record gives: send it by hand to see which."""

    refusal = Refusal.INVALID
    code = "row-not-sent"
