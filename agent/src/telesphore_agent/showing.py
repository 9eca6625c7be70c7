"""A question in words, the same in a window and in a terminal."""

from telesphore_agent.asking import Dialogue, Question
from telesphore_agent.protocol import Document
from telesphore_agent.words import say


def headline_of(question: Question) -> str:
    """Who asks, and what for."""
    count = len(question.documents)
    name = "asks-identity" if count == 0 else "asks-one" if count == 1 else "asks-many"
    return say(name, question.language, origin=question.origin, count=count)


def document_lines(document: Document, language: str) -> tuple[str, str]:
    """Its title; its pages and its fingerprint, in groups that can be compared by eye."""
    pages = say("one-page" if document.pages == 1 else "pages", language, count=document.pages)
    groups = " ".join(document.fingerprint[start : start + 8] for start in range(0, 64, 8))
    return document.title, f"{pages}, {say('fingerprint', language, fingerprint=groups)}"


def lines_of(question: Question) -> list[str]:
    """All that the holder agrees to."""
    lines = [headline_of(question)]
    if question.purpose:
        lines.append(say("purpose", question.language, purpose=question.purpose))
    for number, document in enumerate(question.documents, 1):
        title, rest = document_lines(document, question.language)
        lines += [f"{number}. {title}", f"   {rest}"]
    lines.append(say("card", question.language, card=question.card))
    if question.last_try:
        lines.append(say("last-try", question.language))
    if question.keypad:
        lines.append(say("keypad", question.language))
    return lines


def action_of(question: Question) -> str:
    """What the button does."""
    return say("sign" if question.documents else "identify", question.language)


def working(dialogue: Dialogue) -> str:
    count = max(1, len(dialogue.question.documents))
    return say("working", dialogue.question.language, done=dialogue.done, count=count)
