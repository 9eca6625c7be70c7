// A file to deposit: dropped anywhere on the page, it is chosen; its name becomes the title, until one types another.
// Where the form has a page of its own (`data-drop-form` is its address), it comes into a dialog of this one.

const zone = document.querySelector("[data-drop]");
const dialog = document.querySelector("[data-drop-form]");
let chosen = zone.querySelector("[type=file]");
let proposed = "";

/** A file's name as a title; empty for what a camera or a scanner wrote, which names nothing. */
function titled(name, most) {
  const words = name.normalize("NFC").replace(/\.[a-z0-9]{1,5}$/i, "").replace(/[\s_]+/g, " ").trim();
  if (/^(img|image|dsc[fn]?|pxl|scan|photo|screenshot|capture|document|whatsapp image)?[\s\d().:-]*$/i.test(words)) return "";
  return (words.charAt(0).toUpperCase() + words.slice(1)).slice(0, most);
}

/** Have what is chosen in this field name the document. */
function naming(field) {
  chosen = field;
  chosen.addEventListener("change", () => {
    const title = chosen.form.elements.title;
    if (!chosen.files.length || (title.value && title.value !== proposed)) return;
    proposed = titled(chosen.files[0].name, title.maxLength);
    title.value = proposed;
  });
}

/** Put the form into the dialog, from its own page; go to that page where this can't be done. */
async function fetchForm() {
  const address = dialog.dataset.dropForm;
  try {
    const answer = await fetch(address);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = page.querySelector("form:has([type=file])");
    form.action = address;
    form.querySelector("a.btn").addEventListener("click", (event) => {
      event.preventDefault();
      dialog.close();
    });
    dialog.querySelector("form")?.remove();
    dialog.append(document.adoptNode(form));
    naming(form.querySelector("[type=file]"));
  } catch {
    location.assign(address);
  }
}

if (chosen) naming(chosen);

const files = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!files(event)) return;
  event.preventDefault();
  zone.classList.add("is-over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) zone.classList.remove("is-over");
});
addEventListener("drop", async (event) => {
  if (!files(event)) return;
  // Elsewhere than on the field, the browser would leave the page for the file.
  event.preventDefault();
  zone.classList.remove("is-over");
  const dropped = event.dataTransfer.files;
  if (dialog && !dialog.open) await fetchForm();
  if (!chosen) return;
  chosen.files = dropped;
  chosen.dispatchEvent(new Event("change", { bubbles: true }));
  if (dialog && !dialog.open) dialog.showModal();
});
