"""Patients, their care team, their documents, and who comes in for them: by an account, as a representative."""

from typing import ClassVar

from django.db import models

from telesphore.kernel.rows import InsertOnly, Owned, SameOrganisation, belongs_to
from telesphore.records.states import PAGES, IdentityStatus, Language, Measure, Sex, Standing


class Patient(Owned):
    """A person whom a record is about. `key_id` names the vault's keyset of all that is theirs."""

    birth_name = models.TextField()
    used_name = models.TextField(blank=True)
    given_names = models.TextField()
    birth_date = models.DateField()
    sex = models.CharField(max_length=1, choices=Sex)
    birth_place = models.TextField(blank=True)
    birth_place_code = models.CharField(max_length=5, blank=True)
    ins = models.CharField(max_length=15, blank=True)
    identity_status = models.TextField(choices=IdentityStatus, default=IdentityStatus.PROVISIONAL)
    email = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    language = models.CharField(max_length=5, default="fr")
    key_id = models.UUIDField(editable=False)
    registered_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(identity_status=IdentityStatus.QUALIFIED) | ~models.Q(ins=""),
                name="patient_qualified_identity_has_an_ins",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "birth_name", "given_names"], name="patient_by_name"),
        ]

    @property
    def display_name(self) -> str:
        """`FERRAND Odile`: the used name, or the birth name, then the first given name."""
        return f"{(self.used_name or self.birth_name).upper()} {self.given_names.split()[0]}"

    @property
    def reads(self) -> str:
        """The language of the pages and notices for them: theirs, or French when there are none in it."""
        return self.language if self.language in PAGES else Language.FRENCH.value


class CareTeamMember(Owned):
    """One participation of a professional in a patient's care team; coming back is a new row (FHIR CareTeam)."""

    patient_id = models.UUIDField()
    patient = belongs_to(Patient, "patient_id")
    person_id = models.UUIDField()
    function = models.TextField(blank=True)
    reads_documents = models.BooleanField()
    """A secretary belongs to the team without reading the documents of others."""
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="patient_id", to="records.Patient", name="care_team_is_of_a_patient_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "patient_id", "person_id"],
                condition=models.Q(ends_at=None),
                name="care_team_member_is_in_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "person_id", "patient_id"], name="care_team_by_person"),
        ]


class Document(Owned):
    """A document of the record: deposited once, never changed. Its title is health data, so it is sealed.

    What a reader gets is its last `DocumentRevision`, when it has one: the same pages with a longer proof.
    """

    patient_id = models.UUIDField()
    patient = belongs_to(Patient, "patient_id")
    title_sealed = models.BinaryField()
    type_code = models.TextField()
    """LOINC code of the document's type (JDV_J07), e.g. 59284-0."""
    class_code = models.CharField(max_length=2)
    """TRE_A03 class: the data category that traces name, e.g. 52."""
    blob_id = models.UUIDField()
    sha256 = models.BinaryField(max_length=32)
    size = models.PositiveBigIntegerField()
    pages = models.PositiveIntegerField()
    author_id = models.UUIDField()
    """The person who deposited it or caused it."""
    source_id = models.UUIDField(null=True)
    """The envelope whose result this is; with `source_part`, filed once."""
    source_part = models.TextField(blank=True)
    converted_from = models.TextField(blank=True, db_default="")
    """The media type of the file that it was made of; empty when it came as a PDF."""
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    """When it ceased to hold; it stays in the record."""
    replaced_by_id = models.UUIDField(null=True)
    """The document that holds in its place."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="patient_id", to="records.Patient", name="document_is_of_a_patient_of_its_organisation"
            ),
            SameOrganisation(
                column="replaced_by_id", to="records.Document", name="document_is_replaced_within_its_organisation"
            ),
            models.CheckConstraint(
                condition=models.Q(replaced_by_id=None) | models.Q(withdrawn_at__isnull=False),
                name="document_replaced_is_withdrawn",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "source_id", "source_part"], name="document_result_is_filed_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "patient_id", "created_at"], name="document_by_patient"),
        ]

    @property
    def standing(self) -> Standing:
        """Whether it holds."""
        if self.withdrawn_at is None:
            return Standing.STANDS
        return Standing.REPLACED if self.replaced_by_id is not None else Standing.WITHDRAWN


class PrintedCopy(Owned, InsertOnly):
    """A print of a document, which its bearer can check by the code that it bears."""

    document_id = models.UUIDField()
    document = belongs_to(Document, "document_id")
    token_hash = models.BinaryField(max_length=32)
    """SHA-256 of the code's token; the token itself is on the paper only."""
    sha256 = models.BinaryField(max_length=32)
    """Of the file that was printed."""
    printed_by = models.UUIDField()
    printed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="document_id", to="records.Document", name="printed_copy_is_of_a_document_of_its_organisation"
            ),
            models.UniqueConstraint(fields=["organisation_id", "token_hash"], name="printed_copy_token_held_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["token_hash"], name="printed_copy_by_token")]


class DocumentRevision(Owned, InsertOnly):
    """The same document, in a file whose proof was extended. The first file stays in `Document`; every one is kept."""

    document_id = models.UUIDField()
    document = belongs_to(Document, "document_id")
    number = models.PositiveSmallIntegerField()
    """From 1; the file deposited is number 0."""
    blob_id = models.UUIDField()
    sha256 = models.BinaryField(max_length=32)
    size = models.PositiveBigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="document_id",
                to="records.Document",
                name="document_revision_is_of_a_document_of_its_organisation",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "document_id", "number"], name="document_revision_number_is_taken_once"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "document_id", "blob_id"], name="document_revision_is_taken_once"
            ),
        ]


class PatientAccount(Owned):
    """An account through which a patient comes to their own record: invited, then confirmed by link and code.

    Attributes:
        person_id: the account (`accounts.Person`), known once the invitation was followed.
        email: where the invitation went; the account's own address.
        link_id: of the last link that was sent.
    """

    patient_id = models.UUIDField()
    patient = belongs_to(Patient, "patient_id")
    person_id = models.UUIDField(null=True)
    email = models.TextField()
    link_id = models.UUIDField()
    invited_by = models.UUIDField()
    invited_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    ended_by = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="patient_id", to="records.Patient", name="patient_account_is_of_a_patient_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "patient_id"],
                condition=models.Q(ended_at=None),
                name="patient_account_is_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(person_id=None, confirmed_at=None)
                | models.Q(person_id__isnull=False, confirmed_at__isnull=False),
                name="patient_account_has_a_person_once_confirmed",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["person_id"], name="patient_account_by_person")]


class Representation(Owned):
    """Somebody acts for a patient, on a ground and between two instants, as the organisation saw it proved.

    It is never rewritten: it ends, and another begins.

    Attributes:
        person_id: the representative's account (`accounts.Person`), known once the invitation was followed.
        email: where the invitation went; empty for who only assists, who needs no account.
        ends_at: of a minor's, the eighteenth birthday at the latest.
        evidence: what was seen: a court's decision and its date, a family record book.
        evidence_document_id: the document of the record that holds it, if one does.
    """

    patient_id = models.UUIDField()
    patient = belongs_to(Patient, "patient_id")
    person_id = models.UUIDField(null=True)
    family_name = models.TextField()
    given_name = models.TextField()
    email = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    measure = models.TextField(choices=Measure)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    evidence = models.TextField()
    evidence_document_id = models.UUIDField(null=True)
    evidence_document = belongs_to(Document, "evidence_document_id", null=True)
    recorded_by = models.UUIDField()
    recorded_at = models.DateTimeField()
    link_id = models.UUIDField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_by = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="patient_id", to="records.Patient", name="representation_is_of_a_patient_of_its_organisation"
            ),
            SameOrganisation(
                column="evidence_document_id",
                to="records.Document",
                name="representation_evidence_is_of_its_organisation",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "patient_id", "email"],
                condition=models.Q(ended_at=None) & ~models.Q(email=""),
                name="representation_is_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gt=models.F("starts_at")),
                name="representation_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=~models.Q(measure=Measure.PARENTAL_AUTHORITY) | models.Q(ends_at__isnull=False),
                name="representation_of_a_parent_has_an_end",
            ),
            models.CheckConstraint(condition=~models.Q(evidence=""), name="representation_rests_on_evidence"),
            models.CheckConstraint(
                condition=models.Q(person_id=None, confirmed_at=None)
                | models.Q(person_id__isnull=False, confirmed_at__isnull=False),
                name="representation_has_a_person_once_confirmed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person_id"], name="representation_by_person"),
            models.Index(fields=["organisation_id", "patient_id"], name="representation_by_patient"),
        ]

    @property
    def display_name(self) -> str:
        """As in a sentence: `Inès Ferrand`."""
        return f"{self.given_name} {self.family_name}"
