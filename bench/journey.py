"""The main job as its people do it: over HTTP, through the real forms, patient when the site is away.

A client writes down what was acknowledged to them (a redirection to what was made, a file's bytes), and after an
answer that never came, they look before they ask again, as people do.
"""

import hashlib
import http.client
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from uuid import UUID

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

PAUSE = 0.4
"""Seconds between two looks at something that has not come yet."""
LINK = re.compile(r"/l/([A-Za-z0-9_-]{43})")
CODE = re.compile(r"\b(\d{6})\b")
VERSION = re.compile(r'name="version" value="(\d+)"')
UUIDS = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"


class Away(Exception):
    """No answer, or one that says that the site could not: whether it was done is not known."""


class Surprise(Exception):
    """An answer that the main job should never get."""


class TookTooLong(Exception):
    """What should come about did not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site answered; `location` is the path of a redirection."""

    status: int
    body: bytes
    location: str

    @property
    def text(self) -> str:
        return self.body.decode()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Browser:
    """Cookies, forms with their CSRF token, and no following of redirections."""

    def __init__(self, site: str, answers: Counter[str]) -> None:
        self._site, self._answers, self._jar = site, answers, CookieJar()
        self.answered = 0.0
        """When the site last gave an answer, of `time.monotonic`."""
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar), _Stay)

    def get(self, path: str) -> Answer:
        """Ask for a page. Raises Away."""
        return self._ask(urllib.request.Request(self._site + path))

    def post(self, path: str, files: bool = False, **fields: Any) -> Answer:
        """Send a form. Raises Away."""
        fields["csrfmiddlewaretoken"] = next((c.value for c in self._jar if c.name == "csrftoken"), "") or ""
        if files:
            body, kind = encode_multipart(BOUNDARY, fields), MULTIPART_CONTENT
        else:
            body, kind = urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"
        return self._ask(urllib.request.Request(self._site + path, data=body, headers={"Content-Type": kind}))

    def forget(self) -> None:
        """Throw the cookies away, as who comes anew."""
        self._jar.clear()

    def _ask(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=60) as response:
                answer = Answer(response.status, response.read(), "")
        except urllib.error.HTTPError as error:
            with error:
                try:
                    answer = Answer(
                        error.code, error.read(), urllib.parse.urlsplit(error.headers["Location"] or "").path
                    )
                except (OSError, http.client.HTTPException):
                    self._answers["cut"] += 1
                    raise Away from None
        except (OSError, http.client.HTTPException):
            self._answers["none"] += 1
            raise Away from None
        self._answers[str(answer.status)] += 1
        if answer.status >= 500:
            raise Away
        self.answered = time.monotonic()
        return answer


class Mailbox:
    """What the stand-in gateways wrote; names of files grow with time."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._read: dict[str, tuple[str, str]] = {}

    def newest(self, to: str) -> tuple[str, str]:
        """Name and text of the newest message to an address or number; empty when there is none."""
        with self._lock:
            for path in self._folder.glob("[!.]*"):
                if path.name not in self._read:
                    self._read[path.name] = _message(path)
            mine = [(name, text) for name, (whom, text) in self._read.items() if whom == to]
        return max(mine, default=("", ""))


def _message(path: Path) -> tuple[str, str]:
    if path.suffix == ".txt":
        head, _, text = path.read_text().partition("\n\n")
        return head.partition("\n")[0].removeprefix("To: "), text
    message = message_from_bytes(path.read_bytes(), policy=default)
    body = message.get_body(("plain",))
    return str(message["To"]), body.get_content() if body is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who plays in one lane."""

    patient_id: UUID
    email: str
    phone: str
    doctor_id: UUID
    doctor: str
    secretary: str
    password: str
    pin: str


@dataclass(slots=True)
class Journey:
    """One main job, and what was acknowledged of it to its people.

    Attributes:
        acknowledged: the acts whose answer came, with the moment.
        document_sha256: of the file that the secretary read back.
        copy_sha256: of the copy that the patient fetched.
    """

    title: str
    document_id: UUID | None = None
    envelope_id: UUID | None = None
    document_sha256: str = ""
    copy_sha256: str = ""
    acknowledged: list[str] = field(default_factory=list)
    trouble: str = ""
    ended: bool = False


class Lane:
    """One patient, with the secretary and the doctor at their own browsers; one main job after another."""

    def __init__(self, people: People, site: str, mailbox: Mailbox, pdf: bytes, pages: int) -> None:
        self.people, self._site, self._mailbox, self._pdf, self._pages = people, site, mailbox, pdf, pages
        self.answers: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.deadline = float("inf")
        self._browsers: list[Browser] = []
        self._secretary, self._doctor = self._browser(), self._browser()

    def _browser(self) -> Browser:
        self._browsers.append(Browser(self._site, self.answers))
        return self._browsers[-1]

    @property
    def answered(self) -> float:
        """When anybody here last got an answer."""
        return max(browser.answered for browser in self._browsers[:2] + self._browsers[-2:])

    def run(self, journey: Journey) -> None:
        """Carry one document to its end. What goes wrong for good is written in `journey.trouble`."""
        try:
            self._deposit(journey)
            mark = self._mailbox.newest(self.people.email)[0]
            self._send(journey)
            mark = self._sign_as_patient(journey, mark)
            self._sign_as_doctor(journey)
            self._await_completion(journey)
            self._fetch_copy(journey, mark)
            journey.ended = True
        except (Surprise, TookTooLong) as trouble:
            journey.trouble = f"{type(trouble).__name__}: {trouble}"

    # The secretary

    def _deposit(self, journey: Journey) -> None:
        people = self.people
        path, row = f"/records/{people.patient_id}/deposit", rf'href="/documents/{UUIDS}/"(?:(?!</a>).)*{journey.title}'

        def send() -> Answer:
            kind, file = "59284-0", _Upload("consentement.pdf", self._pdf)
            return self._secretary.post(path, files=True, title=journey.title, type=kind, file=file)

        found = self._act(journey, "deposit", self._as_secretary, send, f"/records/{people.patient_id}/", row)
        journey.document_id = UUID(found)
        file = self._patiently(lambda: self._as_secretary(lambda: self._secretary.get(f"/documents/{found}/file.pdf")))
        journey.document_sha256 = hashlib.sha256(self._expect(file, 200, "read back").body).hexdigest()

    def _send(self, journey: Journey) -> None:
        people = self.people
        # A draft whose address never came stays behind, sent by nobody.
        begun = self._patiently(
            lambda: self._as_secretary(lambda: self._secretary.post(f"/documents/{journey.document_id}/send"))
        )
        draft = self._expect(begun, 302, "usual draft").location
        summary = self._patiently(lambda: self._as_secretary(lambda: self._secretary.get(draft)))
        version = VERSION.search(self._expect(summary, 200, "what is to be sent").text)
        if version is None or "btn-primary" not in summary.text:
            raise Surprise("something is missing before it is sent")
        row = rf'href="/book/{UUIDS}/"(?:(?!</a>).)*{journey.title}'

        def send() -> Answer:
            return self._secretary.post(draft, version=version.group(1))

        found = self._act(journey, "send", self._as_secretary, send, f"/records/{people.patient_id}/", row)
        journey.envelope_id = UUID(found)

    def _act(
        self,
        journey: Journey,
        name: str,
        through: Callable[[Callable[[], Answer]], Answer],
        send: Callable[[], Answer],
        page: str,
        row: str,
    ) -> str:
        """Send a form that makes something; returns its id. After no answer, look on `page` whether it was made."""
        asked = 0
        while True:
            asked += 1
            try:
                answer = through(send)
                if answer.status == 404 and asked > 1:
                    # What was asked before came through only after the look: what it was made of is gone.
                    self._wait(float("inf"), f"to see what came of {name}")
                    raise Away
                self._expect(answer, 302, name)
                journey.acknowledged.append(name)
                return answer.location.strip("/").split("/")[-1]
            except Away:
                seen = self._patiently(lambda: through(lambda: self._secretary.get(page)))
                if made := re.findall(row, self._expect(seen, 200, page).text, re.DOTALL):
                    self.notes[f"{name}: done, though no answer came"] += 1
                    return str(made[0])
                self.notes[f"{name}: not done, asked again"] += 1

    def _as_secretary(self, ask: Callable[[], Answer]) -> Answer:
        return self._signed_in(self._secretary, self.people.secretary, ask)

    def _as_doctor(self, ask: Callable[[], Answer]) -> Answer:
        return self._signed_in(self._doctor, self.people.doctor, ask)

    def _signed_in(self, browser: Browser, email: str, ask: Callable[[], Answer]) -> Answer:
        """Ask; when the answer is the sign-in page, sign in and ask again. Raises Away."""
        while True:
            answer = ask()
            # A form that was never shown has no CSRF token yet.
            if answer.status != 403 and not answer.location.startswith("/sign-in/"):
                return answer
            self.notes["signed in"] += 1
            self._sign_in(browser, email)

    def _sign_in(self, browser: Browser, email: str) -> None:
        """Sign in by the form, also when it is long ago that one proved who one is. Raises Away."""
        browser.forget()
        while True:
            browser.get("/sign-in/")
            if browser.post("/sign-in/", login=email, password=self.people.password).status == 302:
                return
            # A sign-in cut by a kill counts as refused: after several, the site asks to wait.
            self.notes["sign-in refused, tried again"] += 1
            self._wait(float("inf"), "signing in")
            time.sleep(5)

    def sign_in(self) -> None:
        """Both members sign in; their sessions outlive the programs."""
        self._patiently(lambda: self._as_secretary(lambda: self._secretary.get("/")))
        self._patiently(lambda: self._as_doctor(lambda: self._doctor.get("/")))

    # The patient

    def _sign_as_patient(self, journey: Journey, mark: str) -> str:
        """Returns the name of the message that carried the link."""
        name, text = self._message(self.people.email, mark, LINK)
        browser = self._enter(text)
        self._patiently(lambda: browser.get("/p/document.pdf"))
        while True:
            for page in range(1, self._pages + 1):
                answer = self._patiently(partial(browser.post, "/p/read", page=page))
                self._expect(answer, 302, "page read")
            answer = self._patiently(lambda: browser.post("/p/sign", drawing=""))
            self._expect(answer, 302, "patient's sign")
            if answer.location == "/p/done":
                journey.acknowledged.append("patient's sign")
                return name
            self.notes["patient's sign: pages to read again"] += 1

    def _enter(self, token: str) -> Browser:
        """Go through a link with its code."""
        people, browser = self.people, self._browser()
        self._expect(self._patiently(lambda: browser.get(f"/l/{token}")), 200, "landing")
        mark = self._mailbox.newest(people.phone)[0]
        while True:
            asked = self._patiently(lambda: browser.post(f"/l/{token}/code"))
            if asked.status == 429:
                # A code left shortly before, though its answer was lost: it may come.
                self.notes["code asked too soon"] += 1
            else:
                self._expect(asked, 200, "ask a code")
            try:
                mark, code = self._message(people.phone, mark, CODE, within=5 if asked.status == 429 else 90)
            except TookTooLong:
                self.notes["code never came, asked again"] += asked.status != 429
                continue
            try:
                opened = browser.post(f"/l/{token}/open", code=code)
            except Away:
                opened = self._patiently(lambda: browser.get("/p/"))
                if opened.status == 200:
                    return browser
                opened = self._patiently(partial(browser.post, f"/l/{token}/open", code=code))
            if opened.status == 302:
                return browser
            self._expect(opened, 422, "open")
            # An older one, most often: that of the answer which never came is on its way.
            self.notes["code refused, another awaited"] += 1
            self._wait(float("inf"), "a code that opens")

    def _message(self, to: str, mark: str, pattern: re.Pattern[str], within: float = float("inf")) -> tuple[str, str]:
        """Name, and what the pattern finds, of the newest message after `mark`. Raises TookTooLong."""
        end = time.monotonic() + within
        while True:
            name, text = self._mailbox.newest(to)
            if name > mark and (found := pattern.search(text)):
                return name, found.group(1)
            self._wait(end, "a message")

    # The doctor

    def _sign_as_doctor(self, journey: Journey) -> None:
        path = f"/book/{journey.envelope_id}/"
        while True:
            page = self._patiently(lambda: self._as_doctor(lambda: self._doctor.get(path)))
            if 'name="pin"' not in self._expect(page, 200, "the doctor's page").text:
                # Only after an answer that never came: the patient has signed, so that it is the doctor's turn.
                self.notes["doctor's sign: done, though no answer came"] += 1
                return
            try:
                answer = self._as_doctor(lambda: self._doctor.post(f"{path}sign", pin=self.people.pin))
            except Away:
                continue
            self._expect(answer, 302, "doctor's sign")
            journey.acknowledged.append("doctor's sign")
            return

    def _await_completion(self, journey: Journey) -> None:
        results = re.compile(rf'class="btn p-wide" href="/documents/{UUIDS}/"')
        while True:
            page = self._patiently(
                lambda: self._as_secretary(lambda: self._secretary.get(f"/book/{journey.envelope_id}/"))
            )
            if len(results.findall(self._expect(page, 200, "the envelope's page").text)) == 2:
                journey.acknowledged.append("completion")
                return
            self._wait(float("inf"), "completion")

    def _fetch_copy(self, journey: Journey, mark: str) -> None:
        _name, token = self._message(self.people.email, mark, LINK)
        browser = self._enter(token)
        answer = self._patiently(lambda: browser.get("/p/copy.pdf"))
        journey.copy_sha256 = hashlib.sha256(self._expect(answer, 200, "copy").body).hexdigest()
        journey.acknowledged.append("copy")

    # All of them

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer: for what can be asked again without harm."""
        while True:
            try:
                return ask()
            except Away:
                self._wait(float("inf"), "an answer")

    def _wait(self, end: float, what: str) -> None:
        if time.monotonic() > min(end, self.deadline):
            raise TookTooLong(what)
        time.sleep(PAUSE)

    def _expect(self, answer: Answer, status: int, what: str) -> Answer:
        if answer.status != status:
            raise Surprise(f"{what}: {answer.status} {answer.location}")
        return answer


class _Upload:
    """A file as Django's multipart encoder takes it."""

    content_type = "application/pdf"

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self._content = name, content

    def read(self) -> bytes:
        return self._content
