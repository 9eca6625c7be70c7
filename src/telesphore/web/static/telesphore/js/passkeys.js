// Passkeys: asks the browser for one, and sends the form with its answer. Also the workstation that others use.

/** base64url, as Web Authentication writes bytes in JSON. */
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** The options as the browser wants them: by its own hand, or ours where it is older. */
function parsed(options, making) {
  const parse = making ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
  if (PublicKeyCredential[parse]) return PublicKeyCredential[parse](options);
  const bytes = (known) => ({ ...known, id: toBytes(known.id) });
  const read = { ...options, challenge: toBytes(options.challenge) };
  if (read.user) read.user = { ...read.user, id: toBytes(read.user.id) };
  if (read.excludeCredentials) read.excludeCredentials = read.excludeCredentials.map(bytes);
  if (read.allowCredentials) read.allowCredentials = read.allowCredentials.map(bytes);
  return read;
}

/** The answer as JSON: by the browser's own hand, or ours where it is older, or where a password manager stands in. */
function written(credential) {
  try {
    return credential.toJSON();
  } catch {
    const { response } = credential;
    const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
    return {
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: Object.fromEntries(parts.filter((part) => response[part]).map((part) => [part, toText(response[part])])),
    };
  }
}

/** What to say of a ceremony that failed. */
const REASONS = { InvalidStateError: "already", SecurityError: "address", TypeError: "away" };

function say(form, reason) {
  const text = form.querySelector(`[data-say="${reason}"]`)?.content.textContent;
  form.querySelector("[data-said]").textContent = text;
  form.querySelector("[data-says]").hidden = !text;
}

async function ask(form) {
  const making = form.dataset.passkey === "make";
  const answer = await fetch(form.dataset.begin, {
    method: "POST",
    headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    redirect: "manual",
  });
  // Sent elsewhere: to prove again who one is. The page itself knows the way.
  if (answer.type === "opaqueredirect") return location.reload();
  if (!answer.ok) throw new TypeError(`${answer.status}`);
  const { publicKey } = await answer.json();
  const options = { publicKey: parsed(publicKey, making) };
  const credential = await (making ? navigator.credentials.create(options) : navigator.credentials.get(options));
  form.elements.credential.value = JSON.stringify(written(credential));
  form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const able = Boolean(window.PublicKeyCredential);
  if (!able) say(form, "unknown");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // `page.js` would take the form for sent.
    event.stopPropagation();
    if (form.dataset.asking || !able) return;
    const button = form.querySelector("button");
    form.dataset.asking = "yes";
    button.setAttribute("aria-busy", "true");
    say(form, "");
    try {
      await ask(form);
    } catch (error) {
      say(form, REASONS[error.name] || "stopped");
    } finally {
      delete form.dataset.asking;
      button.removeAttribute("aria-busy");
    }
  });
}

// Whether others use this workstation is the workstation's to remember, whatever way one signs in by.
for (const box of document.querySelectorAll("[data-shared]")) {
  box.addEventListener("change", () => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    const age = box.checked ? 31536000 : 0;
    document.cookie = `shared=yes; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
  });
}

for (const label of document.querySelectorAll("[data-show-password]")) {
  label.hidden = false;
  label.querySelector("input").addEventListener("change", (event) => {
    for (const field of label.closest("form").elements) {
      if (field.autocomplete === "new-password") field.type = event.target.checked ? "text" : "password";
    }
  });
}
