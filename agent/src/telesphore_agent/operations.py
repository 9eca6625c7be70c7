"""What the agent does for a request that was verified."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from telesphore_agent import VERSION
from telesphore_agent.asking import Asker, Question
from telesphore_agent.cards import Card, Cards, Use
from telesphore_agent.errors import Refused
from telesphore_agent.formats import to_base64
from telesphore_agent.protocol import Request
from telesphore_agent.readers import Readers

logger = logging.getLogger(__name__)

Answer = dict[str, Any]


class Operations:
    """One per agent: one window is open at a time, whoever asks."""

    def __init__(self, cards: Cards, readers: Readers, asker: Asker) -> None:
        self._cards = cards
        self.readers = readers
        self._asker = asker
        self._window = threading.Lock()

    def answer(self, request: Request, still_there: Callable[[], bool]) -> Answer:
        """The answer to any request but `watch`.

        Args:
            still_there: whether who asked still waits; nothing is signed for who left.

        Raises:
            Refused: with the code that the page is told.
        """
        match request.operation:
            case "status":
                return self.status()
            case "certificates":
                return {"cards": [_shown(card) for card in self._cards.all()]}
            case "authenticate":
                return self._alone(self._authenticate, request, still_there)
            case "sign":
                return self._alone(self._sign, request, still_there)
        raise Refused("bad-request")

    def status(self) -> Answer:
        readers = [{"name": reader.name, "card": reader.card} for reader in self.readers.state.readers]
        return {"version": VERSION, "readers": readers + [{"name": name, "card": True} for name in self._cards.fixed()]}

    def _alone(self, act: Callable[[Request, Callable[[], bool]], Answer], *given: Any) -> Answer:
        if not self._window.acquire(blocking=False):
            raise Refused("busy")
        try:
            return act(*given)
        finally:
            self._window.release()

    def _authenticate(self, request: Request, still_there: Callable[[], bool]) -> Answer:
        card = self._cards.to_authenticate()
        certificate = card.certificates[Use.AUTHENTICATION]
        algorithm = certificate.algorithm
        (signature,) = self._ask_and_sign(
            request, card, Use.AUTHENTICATION, [(request.to_authenticate, algorithm)], still_there
        )
        if isinstance(signature, str):
            raise Refused(signature)
        return {
            "certificate": to_base64(certificate.content),
            "chain": [to_base64(content) for content in card.chain],
            "algorithm": algorithm,
            "signature": to_base64(signature),
        }

    def _sign(self, request: Request, still_there: Callable[[], bool]) -> Answer:
        card = self._cards.to_sign(request.certificate)
        kind = card.certificates[Use.SIGNATURE].algorithm.partition("-")[0]
        if any(document.algorithm.partition("-")[0] != kind for document in request.documents):
            raise Refused("bad-request")
        contents = [(document.to_be_signed, document.algorithm) for document in request.documents]
        answers = self._ask_and_sign(request, card, Use.SIGNATURE, contents, still_there)
        return {
            "signatures": [
                {"id": document.id}
                | ({"error": answer} if isinstance(answer, str) else {"signature": to_base64(answer)})
                for document, answer in zip(request.documents, answers, strict=True)
            ]
        }

    def _ask_and_sign(
        self,
        request: Request,
        card: Card,
        use: Use,
        contents: list[tuple[bytes, str]],
        still_there: Callable[[], bool],
    ) -> list[bytes | str]:
        if card.locked:
            raise Refused("pin-locked")
        question = Question(
            origin=request.origin,
            language=request.language,
            purpose=request.purpose,
            documents=request.documents,
            card=card.label,
            keypad=card.keypad,
            last_try=card.last_try,
        )
        with self._asker.ask(question) as dialogue:
            pin = dialogue.answer(still_there)
            return self._cards.sign(card, use, contents, pin, lambda done: dialogue.progress(done) and still_there())


def _shown(card: Card) -> Answer:
    authentication, signature = card.certificates.get(Use.AUTHENTICATION), card.certificates.get(Use.SIGNATURE)
    return {
        "reader": card.reader,
        "label": card.label,
        "serial": card.serial,
        "authentication": to_base64(authentication.content) if authentication else None,
        "signature": to_base64(signature.content) if signature else None,
        "chain": [to_base64(content) for content in card.chain],
    }
