"""How what is to be sent is refused."""

from telesphore.kernel.errors import DomainError, Refusal


class NobodyToSign(DomainError):
    """A circuit needs at least one step, and each step at least one recipient."""

    refusal = Refusal.INVALID
    code = "nobody-to-sign"


class NothingToSign(DomainError):
    """Add at least one document."""

    refusal = Refusal.INVALID
    code = "nothing-to-sign"


class DraftNotFound(DomainError):
    """This draft does not exist, was sent already, or is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "draft-not-found"


class DraftChanged(DomainError):
    """This draft was changed or sent in another window. Nothing was lost: open it again."""

    refusal = Refusal.CONFLICT
    code = "draft-changed"


class NotReadable(DomainError):
    """What describes this envelope can't be read: a part is missing, too long, or of no known kind."""

    refusal = Refusal.INVALID
    code = "composition-not-readable"


class NoPlaceToSign(DomainError):
    """Each signer needs a place to sign, inside a page of the document."""

    refusal = Refusal.INVALID
    code = "no-place-to-sign"


class NoChannel(DomainError):
    """The patient can't be reached: the record needs an e-mail address and a mobile phone number."""

    refusal = Refusal.INVALID
    code = "no-channel"


class UnknownSigner(DomainError):
    """A signer must be the patient, or a health professional of your organisation."""

    refusal = Refusal.INVALID
    code = "unknown-signer"


class MustBeRepresented(DomainError):
    """The law gives this patient a representative, who signs in their place from their own account, and withdraws what
    was signed: record who it is, and have them open it. The patient may read, ask questions and refuse."""

    refusal = Refusal.CONFLICT
    code = "must-be-represented"


class NotReady(DomainError):
    """This can’t be sent yet."""

    refusal = Refusal.INVALID
    code = "not-ready-to-send"

    def __init__(self, *gaps: tuple[str, str]) -> None:
        """`gaps`: code and sentence of each missing thing."""
        super().__init__()
        self.gaps = gaps

    @property
    def sentence(self) -> str:
        """What is missing, all of it."""
        return " ".join([super().sentence, *(sentence for _code, sentence in self.gaps)])


class SignatureTooWeak(DomainError):
    """This signature is of a lower level than this document asks for. Nothing was signed: sign with a card or token of
    the level asked, or ask the sender."""

    refusal = Refusal.CONFLICT
    code = "signature-too-weak"


class ActIsPast(DomainError):
    """The day of the act is here or past: a consent is signed before it. Ask the sender."""

    refusal = Refusal.CONFLICT
    code = "act-is-past"
