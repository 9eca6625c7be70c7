// What every page does beyond its links and forms: theme, size of the text, focus on what is to mend.

const page = document.documentElement;

/** Keep a choice of this device for a year; the server draws the page with it, so nothing flashes. */
function remember(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

for (const button of document.querySelectorAll("[data-theme]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const device = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const theme = (page.dataset.bsTheme || device) === "dark" ? "light" : "dark";
    page.dataset.bsTheme = theme;
    remember("theme", theme);
  });
}

const sizes = ["", "large", "larger"];
for (const button of document.querySelectorAll("[data-larger]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const size = sizes[(sizes.indexOf(page.dataset.text || "") + 1) % sizes.length];
    page.dataset.text = size;
    remember("text", size);
  });
}

document.querySelector("[data-focus]")?.focus();

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.querySelector("span").textContent = button.dataset.copied;
  });
}

// A form is sent once: the button keeps its width and says that it works.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});
// Coming back to a page kept by the browser, its forms can be sent again.
addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }
});

// Inside another software's page: tell that page how far it is, and nothing of whom or what.

const frame = document.querySelector("meta[name=embedding]");

if (frame && window.parent !== window) {
  const state = document.querySelector("[data-refused]") ? "closed" : frame.dataset.state;
  const around = location.ancestorOrigins?.[0];
  for (const origin of frame.content.split(" ")) {
    // A browser drops what is for another origin; where it says which one is there, none is tried in vain.
    if (!around || around === origin) window.parent.postMessage({ telesphore: state }, origin);
  }
}
