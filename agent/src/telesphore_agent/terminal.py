"""Asking in a terminal, where there is no screen for a window."""

import getpass
import os
import sys

from telesphore_agent.asking import PERIOD, Asker, Dialogue
from telesphore_agent.pins import Pin
from telesphore_agent.showing import action_of, lines_of, working
from telesphore_agent.words import say


class NoTerminal(Exception):
    """The standard input and output are no terminal."""


class TerminalAsker(Asker):
    """Prints the question; the PIN is read without being shown.

    Raises:
        NoTerminal
    """

    def __init__(self) -> None:
        super().__init__()
        if not (os.isatty(sys.stdin.fileno()) and os.isatty(sys.stdout.fileno())):
            raise NoTerminal

    def show(self, dialogue: Dialogue) -> None:
        try:
            self._show(dialogue)
        except EOFError:
            # The terminal was closed: nobody is there to ask.
            dialogue.refuse()
            self.stop()

    def _show(self, dialogue: Dialogue) -> None:
        question = dialogue.question
        print("", *lines_of(question), sep="\n", flush=True)
        if question.keypad:
            agreed = input(say("terminal-keypad", question.language)).strip() == ""
            pin = None
        else:
            pin = Pin(getpass.getpass(say("terminal-pin", question.language)))
            agreed = bool(pin)
        if dialogue.over:
            print(say("closed", question.language), flush=True)
        if not agreed:
            dialogue.refuse()
            return
        dialogue.agree(pin)
        if question.documents:
            self._follow(dialogue)
        else:
            print(f"{action_of(question)}…", flush=True)

    @staticmethod
    def _follow(dialogue: Dialogue) -> None:
        told = 0
        while not dialogue.over:
            dialogue.wait_for_news(PERIOD)
            if dialogue.done != told:
                told = dialogue.done
                print(working(dialogue), flush=True)
