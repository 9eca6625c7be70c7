// Recovery codes: printed, downloaded or copied, without leaving this page.

const codes = [...document.querySelectorAll("[data-codes] li")].map((item) => item.textContent);
const text = `Télesphore\n\n${codes.join("\n")}\n`;

document.querySelector("[data-with-codes]").hidden = false;
document.querySelector("[data-print]").addEventListener("click", () => print());
document.querySelector("[data-download]").addEventListener("click", (event) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = event.currentTarget.dataset.download;
  link.click();
  URL.revokeObjectURL(link.href);
});
const copy = document.querySelector("[data-copy]");
if (!navigator.clipboard) copy.hidden = true;
copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText(text);
  const [word, done] = copy.querySelectorAll("span");
  word.hidden = true;
  done.hidden = false;
});
