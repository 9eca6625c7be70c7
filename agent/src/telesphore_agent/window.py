"""Asking in a window of its own (Tk): no page can draw over it, read it or press its buttons."""

import time
import tkinter as tk
from tkinter import font, ttk

from telesphore_agent.asking import Asker, Dialogue
from telesphore_agent.pins import Pin
from telesphore_agent.showing import action_of, document_lines, headline_of, working
from telesphore_agent.words import say

PERIOD_MS = 100
CALM_SECONDS = 0.8
"""A window that comes up under busy fingers takes no Enter that was meant for another."""
INK, SURFACE, RED = "#0f5260", "#ffffff", "#a4133c"


class TkAsker(Asker):
    """One window per question; none between two, and no work either.

    Raises:
        tkinter.TclError: there is no screen.
    """

    def __init__(self) -> None:
        super().__init__()
        tk.Tk().destroy()

    def show(self, dialogue: Dialogue) -> None:
        _Window(dialogue).run()


class _Window:
    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._question = dialogue.question
        self._opened = time.monotonic()
        self._agreed = False
        self._root = tk.Tk()
        self._root.title(say("title", self._question.language))
        self._root.configure(background=SURFACE, padx=24, pady=20)
        self._root.minsize(560, 0)
        self._text_font = font.nametofont("TkDefaultFont")
        self._text_font.configure(size=11)
        self._head()
        self._list()
        self._pin = self._pin_field()
        self._status = self._label("", last=True)
        self._buttons()
        self._keys()
        self._root.protocol("WM_DELETE_WINDOW", self._refuse)

    def run(self) -> None:
        root = self._root
        root.update_idletasks()
        left = (root.winfo_screenwidth() - root.winfo_reqwidth()) // 2
        top = (root.winfo_screenheight() - root.winfo_reqheight()) // 3
        root.geometry(f"+{max(0, left)}+{max(0, top)}")
        root.attributes("-topmost", True)
        root.lift()
        root.focus_force()
        (self._pin or self._yes).focus_set()
        root.after(PERIOD_MS, self._tick)
        root.mainloop()

    def _say(self, name: str, /, **values: object) -> str:
        return say(name, self._question.language, **values)

    def _label(self, text: str, *, colour: str = "black", bold: bool = False, last: bool = False) -> tk.Label:
        label = tk.Label(
            self._root, text=text, foreground=colour, background=SURFACE, anchor="w", justify="left", wraplength=620,
            font=(self._text_font.actual("family"), 14 if bold else 11, "bold" if bold else "normal"),
        )  # fmt: skip
        label.pack(fill="x", pady=(0, 0 if last else 8))
        return label

    def _head(self) -> None:
        self._label(headline_of(self._question), bold=True, colour=INK)
        if self._question.purpose:
            self._label(self._say("purpose", purpose=self._question.purpose))

    def _list(self) -> None:
        documents = self._question.documents
        if not documents:
            return
        frame = tk.Frame(self._root, background=SURFACE)
        frame.pack(fill="both", expand=True, pady=(4, 12))
        text = tk.Text(
            frame, width=80, height=min(14, 1 + 2 * len(documents)), wrap="word", relief="solid", borderwidth=1,
            padx=10, pady=8, font=self._text_font, takefocus=True,
        )  # fmt: skip
        bar = ttk.Scrollbar(frame, command=text.yview)
        text.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        text.pack(side="left", fill="both", expand=True)
        text.tag_configure("title", font=(self._text_font.actual("family"), 11, "bold"))
        text.tag_configure("rest", font=(self._text_font.actual("family"), 9), spacing3=6)
        for document in documents:
            title, rest = document_lines(document, self._question.language)
            text.insert("end", f"{title}\n", "title")
            text.insert("end", f"{rest}\n", "rest")
        text.configure(state="disabled")
        # Tab leaves the list, as everywhere else.
        text.bind("<Tab>", lambda event: _move(event.widget.tk_focusNext()))

    def _pin_field(self) -> tk.Entry | None:
        self._label(self._say("card", card=self._question.card))
        if self._question.last_try:
            self._label(self._say("last-try"), colour=RED, bold=True)
        if self._question.keypad:
            self._label(self._say("keypad"))
            return None
        self._label(self._say("pin"), last=True)
        entry = tk.Entry(self._root, show="•", width=20, font=self._text_font, relief="solid", borderwidth=1)
        entry.pack(anchor="w", pady=(2, 12), ipady=4)
        return entry

    def _buttons(self) -> None:
        row = tk.Frame(self._root, background=SURFACE)
        row.pack(fill="x", pady=(8, 0))
        self._yes = tk.Button(
            row,
            text=action_of(self._question),
            command=self._agree,
            background=INK,
            foreground="white",
            padx=18,
            pady=6,
        )
        self._no = tk.Button(row, text=self._say("refuse"), command=self._refuse, padx=18, pady=6)
        self._yes.pack(side="right")
        self._no.pack(side="right", padx=(0, 12))

    def _keys(self) -> None:
        self._root.bind("<Escape>", lambda _event: self._refuse())
        if self._pin is not None:
            self._pin.bind("<Return>", lambda _event: self._agree())
            self._pin.bind("<KP_Enter>", lambda _event: self._agree())
        for button in (self._yes, self._no):
            button.bind("<Return>", lambda event: event.widget.invoke())

    def _agree(self) -> None:
        if self._agreed or time.monotonic() - self._opened < CALM_SECONDS:
            return
        pin = None
        if self._pin is not None:
            if not self._pin.get():
                self._pin.focus_set()
                return
            pin = Pin(self._pin.get())
            self._pin.delete(0, "end")
            self._pin.configure(state="disabled")
        self._agreed = True
        self._yes.configure(state="disabled")
        self._no.configure(text=self._say("stop"))
        self._dialogue.agree(pin)

    def _refuse(self) -> None:
        self._dialogue.refuse()
        if not self._agreed:
            self._root.destroy()

    def _tick(self) -> None:
        if self._dialogue.over:
            self._root.destroy()
            return
        if self._agreed and self._question.documents:
            self._status.configure(text=working(self._dialogue))
        self._root.after(PERIOD_MS, self._tick)


def _move(widget: tk.Misc | None) -> str:
    if widget is not None:
        widget.focus_set()
    return "break"
