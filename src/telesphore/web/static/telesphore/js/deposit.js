// A file to deposit: dropped anywhere on the page, it is chosen; its name becomes the title, until one types another.

const zone = document.querySelector("[data-drop]");
const chosen = zone.querySelector("[type=file]");
const title = chosen.form.elements.title;
let proposed = "";

/** A file's name as a title; empty for what a camera or a scanner wrote, which names nothing. */
function titled(name) {
  const words = name.normalize("NFC").replace(/\.[a-z0-9]{1,5}$/i, "").replace(/[\s_]+/g, " ").trim();
  if (/^(img|image|dsc[fn]?|pxl|scan|photo|screenshot|capture|document|whatsapp image)?[\s\d().:-]*$/i.test(words)) return "";
  return (words.charAt(0).toUpperCase() + words.slice(1)).slice(0, title.maxLength);
}

chosen.addEventListener("change", () => {
  if (!chosen.files.length || (title.value && title.value !== proposed)) return;
  proposed = titled(chosen.files[0].name);
  title.value = proposed;
});

const files = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!files(event)) return;
  event.preventDefault();
  zone.classList.add("is-over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) zone.classList.remove("is-over");
});
addEventListener("drop", (event) => {
  if (!files(event)) return;
  // Elsewhere than on the field, the browser would leave the page for the file.
  event.preventDefault();
  zone.classList.remove("is-over");
  chosen.files = event.dataTransfer.files;
  chosen.dispatchEvent(new Event("change", { bubbles: true }));
});
