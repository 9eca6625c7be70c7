// Reads the page aloud with the voices of this device; no service elsewhere hears of it.

const voices = globalThis.speechSynthesis;

/** What is read: the easy words when they are open, else the page's text, else the sentence. */
function words() {
  const parts = ["details[open] [data-easy]", "[data-viewer] [data-text]", ".t-sentence"];
  const first = parts.map((part) => document.querySelector(part)).find((part) => part?.textContent.trim());
  if (!first) return [];
  const pieces = first.children.length ? [...first.children] : [first];
  return pieces.map((part) => part.textContent.trim()).filter(Boolean);
}

function stop(button) {
  voices.cancel();
  button.setAttribute("aria-pressed", "false");
  button.querySelector("span").textContent = button.dataset.listen;
}

function listen(button) {
  const texts = words();
  if (!texts.length) return;
  voices.cancel();
  button.setAttribute("aria-pressed", "true");
  button.querySelector("span").textContent = button.dataset.stop;
  for (const [index, text] of texts.entries()) {
    const said = new SpeechSynthesisUtterance(text);
    said.lang = document.documentElement.lang;
    said.rate = 0.95;
    if (index === texts.length - 1) said.onend = () => stop(button);
    voices.speak(said);
  }
}

for (const button of document.querySelectorAll("[data-aloud]")) {
  if (!voices || !globalThis.SpeechSynthesisUtterance) continue;
  button.hidden = false;
  button.dataset.listen = button.querySelector("span").textContent;
  button.addEventListener("click", () => (button.getAttribute("aria-pressed") === "true" ? stop(button) : listen(button)));
}
addEventListener("pagehide", () => voices?.cancel());
