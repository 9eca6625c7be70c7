// A lost connection loses nothing: the page stays, says so, and goes on when pressed again.

const form = document.querySelector("form[data-reading]");
const lost = document.querySelector("[data-lost]");

// Before what sends a form once takes it for sent.
form?.addEventListener("submit", (event) => {
  if (navigator.onLine) return;
  event.preventDefault();
  event.stopPropagation();
  lost.hidden = false;
});
addEventListener("online", () => {
  if (lost) lost.hidden = true;
});
