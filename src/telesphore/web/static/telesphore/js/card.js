// Speaks to the card agent of this workstation (docs/agent.md). The page is a postman: requests come signed from the
// server, answers go back to it. The PIN is typed into the agent's own window, never here.

// Documents per exchange with the server, and exchanges at once: while one waits for its disk, another computes.
const CHUNK = 15;
const IN_FLIGHT = 2;

/** A refusal by the agent or by the server: its code, and the server's sentence or the tries left if they were told. */
class Refused extends Error {
  constructor(code, { sentence, left } = {}) {
    super(code);
    this.code = code;
    this.sentence = sentence;
    this.left = left;
  }
}

/** Where the agent listens, and as which workstation it is paired; null when none answers. */
async function find(places) {
  for (const address of places.split(" ")) {
    try {
      const answer = await fetch(`${address}/who`, { credentials: "omit", signal: AbortSignal.timeout(3000) });
      if (answer.ok) return { address, workstation: (await answer.json()).workstation };
    } catch {
      // Nothing listens there, or something else: the next one.
    }
  }
  return null;
}

/** Carry a signed request to the agent; give its answer. The holder may take minutes over the window. */
async function ask(agent, request) {
  let answer, body;
  try {
    answer = await fetch(`${agent.address}/request`, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ request }),
    });
    body = await answer.json();
  } catch {
    throw new Refused("failed");
  }
  if (!answer.ok) throw new Refused(body.error ?? "failed", { left: body.tries_left });
  return body;
}

/** Ask our own server. It may send the person to prove again who they are. */
async function post(url, token, body) {
  let answer, said;
  try {
    answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token, "HX-Request": "true" },
      body: JSON.stringify(body),
    });
    const elsewhere = answer.headers.get("HX-Redirect") ?? answer.headers.get("X-Telesphore-Locked");
    if (elsewhere) {
      keepPicked();
      location.assign(elsewhere);
      await new Promise(() => {});
    }
    if (answer.status === 429) throw new Refused("too-many");
    said = await answer.json();
  } catch (failure) {
    throw failure instanceof Refused ? failure : new Refused("failed");
  }
  if (!answer.ok) throw new Refused(said.error ?? "failed", { sentence: said.sentence });
  return said;
}

/** What readers hold: the code of the word that says it. */
function seen(readers) {
  const cards = readers.filter((reader) => reader.card).length;
  if (cards > 1) return "several-cards";
  if (cards === 1) return "card";
  return readers.length ? "no-card" : "no-reader";
}

/** One part of a page that uses the card: what it says, its button, the agent that it found. */
class Card {
  constructor(element) {
    this.element = element;
    this.data = element.dataset;
    this.token = element.querySelector("[name=csrfmiddlewaretoken]").value;
    this.button = element.querySelector("[data-go]");
    this.state = element.querySelector("[data-state]");
    this.busy = false;
    this.button?.addEventListener("click", () => this.run());
    this.begin();
  }

  word(code) {
    const words = this.element.querySelector("[data-words]");
    return (words.querySelector(`[data-word="${CSS.escape(code)}"]`) ?? words.querySelector("[data-word=failed]")).textContent;
  }

  /** Say one thing; `kind` is "no" or "done", or nothing. */
  say(text, kind = "") {
    this.state.dataset.s = kind;
    this.state.querySelector("[data-say]").textContent = text;
  }

  refuse(failure) {
    if (!(failure instanceof Refused)) throw failure;
    let text = failure.sentence ?? this.word(failure.code === "replayed-request" ? "stale-request" : failure.code);
    if (failure.code === "workstation-not-found") text = this.word("unpaired");
    if (failure.left !== undefined && failure.left !== null) text += ` ${this.word("tries-left")} ${failure.left}.`;
    this.say(text, "no");
  }

  async begin() {
    this.agent = await find(this.data.places);
    if (!this.agent) {
      this.say(this.word("absent"));
      this.element.querySelector("[data-install]").hidden = false;
      this.element.dispatchEvent(new CustomEvent("card-absent", { bubbles: true }));
      return;
    }
    this.element.dispatchEvent(new CustomEvent("card-found", { bubbles: true }));
    if (this.button) this.button.hidden = false;
    remember();
    await this.watch();
  }

  /** Follow what happens at the readers, as long as the page is shown. */
  async watch() {
    try {
      const { request } = await this.post(this.data.watch, {});
      const events = new EventSource(`${this.agent.address}/watch?request=${encodeURIComponent(request)}`);
      let told = false;
      const hear = (event) => {
        told = true;
        if (!this.busy) this.say(this.word(seen(JSON.parse(event.data).readers)));
      };
      events.addEventListener("card", hear);
      events.addEventListener("error", () => {
        // A request serves once: another one is asked for, unless the agent refused the first.
        events.close();
        if (told) setTimeout(() => this.watch(), 5000);
      });
      addEventListener("pagehide", () => events.close());
    } catch (failure) {
      this.refuse(failure);
    }
  }

  post(url, body) {
    return post(url, this.token, { workstation: this.agent.workstation, ...body });
  }

  async run() {
    if (this.busy) return;
    this.busy = true;
    this.button.setAttribute("aria-busy", "true");
    this.button.disabled = true;
    try {
      await this.act();
    } catch (failure) {
      this.refuse(failure);
    } finally {
      this.busy = false;
      this.button.removeAttribute("aria-busy");
      this.button.disabled = false;
    }
  }
}

/** A row of the sign-in page, which tells what the reader holds; only where an agent has answered before. */
class Row extends Card {
  async begin() {
    if (!remembered()) return;
    this.agent = await find(this.data.places);
    if (this.agent) await this.watch();
  }

  refuse() {
    // The page behind the row says what is wrong.
  }
}

/** Whether an agent has ever answered in this browser: nobody else's network is knocked at by the sign-in page. */
function remembered() {
  try {
    return localStorage.getItem("card-agent") === "yes";
  } catch {
    return false;
  }
}

function remember() {
  try {
    localStorage.setItem("card-agent", "yes");
  } catch {
    // A browser that keeps nothing: its row stays as the server drew it.
  }
}

/** The holder shows who they are: the card signs a nonce. */
class SignIn extends Card {
  async act() {
    const { request } = await this.post(this.data.challenge, {});
    this.say(this.word("window"));
    const answer = await ask(this.agent, request);
    this.say(this.word("checking"));
    const { to } = await this.post(this.data.answer, { ...answer, next: this.data.next });
    location.assign(to);
    await new Promise(() => {});
  }
}

/** The holder signs one document, or those that they picked: prepared here, signed by the card, filed here. */
class Sign extends Card {
  constructor(element) {
    super(element);
    this.bar = element.querySelector("[data-progress]") ?? document.createElement("progress");
    this.stop = element.querySelector("[data-stop]") ?? document.createElement("button");
    this.stop.addEventListener("click", () => this.stopping.abort());
  }

  get abreast() {
    return IN_FLIGHT;
  }

  get chunk() {
    return CHUNK;
  }

  chosen() {
    if (this.data.envelope) return [this.data.envelope];
    return [...document.querySelectorAll("[data-pick]:checked")].map((box) => box.value);
  }

  /** What the signer filled in beside the one document of this page: name of the field → value. */
  filled() {
    if (!this.data.envelope) return {};
    const controls = [...document.querySelectorAll("[data-fill]")];
    const value = (control) => (control.type === "checkbox" ? (control.checked ? "on" : "") : control.value);
    return { fields: Object.fromEntries(controls.map((control) => [control.dataset.fill, value(control)])) };
  }

  async act() {
    const missing = [...document.querySelectorAll("[data-fill]")].find((control) => !control.reportValidity());
    if (missing && this.data.envelope) return;
    const envelopes = this.chosen();
    if (!envelopes.length) return;
    this.stopping = new AbortController();
    const failed = [];
    const { request } = await this.post(this.data.certificates, {});
    const { cards } = await ask(this.agent, request);
    if (cards.length > 1) throw new Refused("several-cards");
    if (!cards.length) throw new Refused("no-card");
    const [{ signature: certificate, chain }] = cards;
    if (!certificate) throw new Refused("no-certificate");

    // Prepared signature → the envelope that it is for.
    const prepared = new Map();
    const unprepared = await this.inParts("preparing", envelopes, async (part) => {
      const said = await this.post(this.data.prepare, { certificate, chain, envelopes: part, ...this.filled() });
      for (const { id, envelope } of said.prepared) prepared.set(id, envelope);
      failed.push(...said.refused);
    });
    if (unprepared) throw unprepared;
    const signed = new Set();
    if (prepared.size && !this.stopping.signal.aborted) {
      const asked = await this.post(this.data.task, { prepared: [...prepared.keys()] });
      this.say(this.word("window"));
      const { signatures } = await ask(this.agent, asked.request);
      const missed = signatures.filter((each) => each.error);
      failed.push(...missed.map(({ id, error }) => ({ id: prepared.get(id), sentence: this.word(error) })));
      const made = signatures.filter((each) => each.signature);
      const refused = new Set();
      const broken = await this.inParts("completing", made, async (part) => {
        const said = await this.post(this.data.complete, { signatures: part });
        for (const id of said.signed) signed.add(id);
        for (const { id } of said.refused) refused.add(id);
        failed.push(...said.refused.map(({ id, sentence }) => ({ id: prepared.get(id), sentence })));
      });
      if (broken) {
        const sentence = broken.sentence ?? this.word(broken.code);
        const unknown = made.filter(({ id }) => !signed.has(id) && !refused.has(id));
        failed.push(...unknown.map(({ id }) => ({ id: prepared.get(id), sentence })));
      }
    }
    // What was prepared is named by another id than its envelope.
    await this.report(envelopes, new Set([...signed].map((id) => prepared.get(id))), failed);
  }

  /** What became of it: all signed, or how many were, and why the others were not. */
  async report(envelopes, signed, failed) {
    if (signed.size === envelopes.length) {
      location.assign(this.data.done);
      await new Promise(() => {});
    }
    const left = envelopes.length - signed.size - failed.length;
    const told = [`${this.word("signed")} ${signed.size}.`, `${this.word("not-signed")} ${failed.length}.`];
    if (this.stopping.signal.aborted) told.push(`${this.word("stopped")} ${left}.`);
    this.say(told.join(" "), "no");
    this.tell(failed);
    for (const box of document.querySelectorAll("[data-pick]")) {
      if (!signed.has(box.value)) continue;
      box.checked = false;
      box.disabled = true;
      box.closest("[data-line]")?.classList.add("is-signed");
    }
    count();
  }

  /** Send all in parts, some at once, until the holder stops it; gives the refusal that broke it off, or null. */
  async inParts(word, all, send) {
    const parts = [...chunks(all, this.chunk)];
    const began = performance.now();
    let done = 0;
    let broken = null;
    const follow = () => {
      const seconds = Math.ceil((((performance.now() - began) / 1000) * (all.length - done)) / Math.max(done, 1));
      const left = done && done < all.length ? `, ${this.word("time-left").replace("{n}", seconds)}` : "";
      this.say(`${this.word(word)} ${done} / ${all.length}${left}`);
      this.bar.max = all.length;
      this.bar.value = done;
    };
    const carry = async () => {
      while (parts.length && !broken && !this.stopping.signal.aborted) {
        const part = parts.shift();
        try {
          await send(part);
        } catch (failure) {
          if (!(failure instanceof Refused)) throw failure;
          broken = failure;
          return;
        }
        done += part.length;
        follow();
      }
    };
    follow();
    this.working(all.length > CHUNK);
    try {
      await Promise.all(Array.from({ length: this.abreast }, carry));
    } finally {
      this.working(false);
    }
    return broken;
  }

  /** Show how far it is, and a way to stop. */
  working(shown) {
    this.bar.hidden = !shown;
    this.stop.hidden = !shown;
  }

  /** Which documents were not signed, and why: they stay where they were. */
  tell(failed) {
    const list = this.element.querySelector("[data-failed]");
    list.replaceChildren(
      ...failed.map(({ id, sentence }) => {
        const line = document.createElement("li");
        const title = document.querySelector(`[data-pick][value="${CSS.escape(id ?? "")}"]`)?.dataset.title;
        line.textContent = title ? `${title} : ${sentence}` : sentence;
        return line;
      }),
    );
    list.hidden = false;
  }
}

function* chunks(all, size) {
  for (let start = 0; start < all.length; start += size) yield all.slice(start, start + size);
}

/** The holder signs those picked with a token that the server reaches: the PIN goes with each part, from this page's
 *  memory alone, and is forgotten at the end. A refusal of the token ends it: no wrong PIN is given twice. */
class Pin extends Sign {
  begin() {
    this.agent = { workstation: null };
    // The button, or Enter in the field, which presses it, begins.
    this.element.addEventListener("submit", (event) => event.preventDefault());
  }

  word(code) {
    return code === "failed" ? this.data.broken : super.word(code);
  }

  get abreast() {
    return 1;
  }

  /** A one-time code serves once: then all goes at once. */
  get chunk() {
    return this.once ? Infinity : CHUNK;
  }

  refuse(failure) {
    super.refuse(failure);
    if (failure.code === "code-needed" || failure.code === "wrong-code") {
      this.element.querySelector("[data-code]").hidden = false;
    }
    this.element.querySelector("[name=pin]").focus();
  }

  async act() {
    const envelopes = this.chosen();
    const [pin, code] = ["pin", "code"].map((name) => this.element.querySelector(`[name=${name}]`));
    if (!envelopes.length || !pin.value) {
      pin.focus();
      return;
    }
    const secret = { pin: pin.value, code: code.value };
    this.once = Boolean(code.value);
    pin.value = code.value = "";
    this.stopping = new AbortController();
    const signed = new Set();
    const failed = [];
    const broken = await this.inParts("completing-token", envelopes, async (part) => {
      const said = await post(this.data.sign, this.token, { envelopes: part, ...secret });
      for (const id of said.signed) signed.add(id);
      failed.push(...said.refused);
    });
    if (broken && !signed.size && !failed.length) throw broken;
    if (broken) {
      const sentence = broken.sentence ?? this.word(broken.code);
      const told = new Set(failed.map(({ id }) => id));
      failed.push(...envelopes.filter((id) => !signed.has(id) && !told.has(id)).map((id) => ({ id, sentence })));
    }
    await this.report(envelopes, signed, failed);
  }
}

/** Of two ways to sign on one page, the one that works here is shown. */
addEventListener("card-found", () => {
  for (const other of document.querySelectorAll("[data-without-agent]")) other.hidden = true;
});
addEventListener("card-absent", (event) => {
  if (document.querySelector("[data-without-agent]")) event.target.hidden = true;
});

const kinds = { "sign-in": SignIn, sign: Sign, pin: Pin, row: Row };
for (const element of document.querySelectorAll("[data-card]")) new kinds[element.dataset.card](element);

// How many are picked.
const boxes = [...document.querySelectorAll("[data-pick]")];
function count() {
  const picked = boxes.filter((box) => box.checked).length;
  for (const place of document.querySelectorAll("[data-picked]")) place.textContent = String(picked);
}
for (const box of boxes) box.addEventListener("change", count);

// What is unpicked here survives the way to the page that asks again who one is: once, in this tab, as identifiers.
const PICKED = "picked";
function keepPicked() {
  try {
    sessionStorage.setItem(PICKED, JSON.stringify(boxes.filter((box) => box.checked).map((box) => box.value)));
  } catch {
    // A browser that keeps nothing: they are picked again by hand.
  }
}
function pickAgain() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PICKED));
    sessionStorage.removeItem(PICKED);
    if (kept) for (const box of boxes) box.checked = kept.includes(box.value);
  } catch {
    // As above.
  }
  count();
}
if (boxes.length) pickAgain();
