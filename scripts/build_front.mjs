// Builds the pages' static files into src/telesphore/web/static/built/, each named after its content.
// Copies and joins only: no bundler. `manifest.json` says under which name each file is served.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const packages = join(root, "node_modules");
const web = join(root, "src/telesphore/web");
const sources = join(web, "static/telesphore");
const built = join(web, "static/built");
const draft = `${built}.draft`;
const manifest = {};

const text = (...parts) => readFileSync(join(...parts), "utf8");

/** Keep one file under a name made from its content; give its name. */
function keep(name, content) {
  const bytes = Buffer.from(content);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const extension = extname(name);
  const hashed = `${basename(name, extension)}.${hash}${extension}`;
  writeFileSync(join(draft, hashed), bytes);
  if (/\.(css|js|mjs|svg)$/.test(hashed) && bytes.length > 1000) {
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
    writeFileSync(join(draft, `${hashed}.br`), brotliCompressSync(bytes, quality));
  }
  manifest[`built/${name}`] = `built/${hashed}`;
  return hashed;
}

/** Our own style sheets carry comments, indentation and spaces that browsers need not load. No string of theirs holds
 * a brace, a comma or a semicolon. */
function shorter(css) {
  const bare = css.replace(/\/\*[^]*?\*\//g, "").replace(/\n\s*/g, "\n").replace(/\n{2,}/g, "\n");
  return bare.replace(/[ \n]*([{};,])[ \n]*/g, "$1").replaceAll(";}", "}").replaceAll("}", "}\n").trim();
}

/** Our own scripts carry comments on lines of their own that browsers need not load. */
function bare(script) {
  return script.replace(/^[ \t]*\/\*\*[^]*?\*\/\n/gm, "").replace(/^[ \t]*\/\/.*\n/gm, "");
}

const LATIN =
  "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD";
const LATIN_EXT =
  "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C4,U+2113,U+2C60-2C7F,U+A720-A7FF";

/** The letters: two families, two ranges each; a browser loads those that a page needs. */
function fonts() {
  const faces = [];
  for (const [family, name] of [["Source Sans 3", "source-sans-3"], ["Source Serif 4", "source-serif-4"]]) {
    for (const [range, letters] of [["latin-ext", LATIN_EXT], ["latin", LATIN]]) {
      const file = `${name}-${range}.woff2`;
      const from = join(packages, "@fontsource-variable", name, "files", `${name}-${range}-wght-normal.woff2`);
      const url = keep(file, readFileSync(from));
      faces.push(
        `@font-face{font-family:"${family} Variable";font-style:normal;font-display:swap;font-weight:200 900;` +
          `src:url(${url}) format("woff2");unicode-range:${letters}}`,
      );
    }
  }
  return faces.join("\n");
}

/** Every file below a folder that ends so. */
function below(folder, ending) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();
}

/** Names of the icons that these templates draw: `{% icon "name" %}`; `filled/name` for a filled one. */
function iconNames(files) {
  const names = new Set();
  for (const file of files) {
    for (const [, name] of text(file).matchAll(/\bicon[ =]"([a-z0-9/-]+)"/g)) names.add(name);
  }
  names.delete("mark");
  return [...names].sort();
}

/** Two files with the icons that are used, and no other: those of patients' pages, and the rest, which phones don't load. */
function sprites() {
  const all = below(join(web, "templates"), ".html");
  const ofPatients = (file) => /templates\/(patients|parts)\/|shell\/(patient|preferences|open)|templates\/[a-z0-9_]+\.html$/.test(file);
  const theirs = iconNames(all.filter(ofPatients));
  const rest = iconNames(all).filter((name) => !theirs.includes(name));
  for (const [file, names] of [["icons.svg", theirs], ["more-icons.svg", rest]]) {
    keep(file, sprite(names));
    // Each icon is asked for by its name, wherever it lies.
    for (const name of [...names, "mark"]) manifest[`built/icons/${name.replace("/", "-")}`] ??= manifest[`built/${file}`];
  }
}

/** One file with these icons, and our mark. */
function sprite(names) {
  const symbols = names.map((name) => {
    const filled = name.startsWith("filled/");
    const file = join(packages, "@tabler/icons/icons", filled ? `${name}.svg` : `outline/${name}.svg`);
    if (!existsSync(file)) throw new Error(`A template draws the icon "${name}", which Tabler does not have.`);
    const shapes = text(file).replace(/<!--[^]*?-->/g, "").replace(/^[^]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
    const paint = filled
      ? 'fill="currentColor"'
      : 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"';
    const id = name.replace("/", "-");
    return `<symbol id="${id}" viewBox="0 0 24 24" ${paint}>${shapes.replace(/\s*\n\s*/g, "")}</symbol>`;
  });
  const mark = text(sources, "images/mark.svg").replace(/<svg[^>]*>/, "").replace("</svg>", "").trim();
  symbols.push(`<symbol id="mark" viewBox="0 0 32 32">${mark.replace("#0f5260", "currentColor")}</symbol>`);
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

rmSync(draft, { recursive: true, force: true });
mkdirSync(draft, { recursive: true });

const letters = fonts();
const ours = (name) => text(sources, "css", `${name}.css`);
const tabler = text(packages, "@tabler/core/dist/css/tabler.min.css").replace(/\/\*# sourceMappingURL.*?\*\//, "");
if (/url\(\s*["']?(https?:)?\/\//.test(tabler)) throw new Error("Tabler's style sheet loads something from elsewhere.");
keep("professional.css", [letters, tabler, shorter(ours("tokens") + ours("shared") + ours("professional") + ours("pages") + ours("book") + ours("compose"))].join("\n"));
keep("patient.css", [letters, shorter(ours("tokens") + ours("shared") + ours("patient"))].join("\n"));

sprites();
keep("mark.svg", text(sources, "images/mark.svg"));
keep("htmx.js", readFileSync(join(packages, "htmx.org/dist/htmx.min.js")));
for (const file of below(join(sources, "js"), ".js")) keep(basename(file), bare(text(file)));

// pdf.js finds its own parts by name, so its folder is named after its version instead.
const pdfjs = `pdfjs-${JSON.parse(text(packages, "pdfjs-dist/package.json")).version}`;
mkdirSync(join(draft, pdfjs));
for (const [from, to] of [
  ["legacy/build/pdf.min.mjs", "pdf.min.mjs"],
  ["legacy/build/pdf.worker.min.mjs", "pdf.worker.min.mjs"],
  ["wasm/openjpeg_nowasm_fallback.js", "wasm/openjpeg_nowasm_fallback.js"],
  ["cmaps", "cmaps"],
  ["standard_fonts", "standard_fonts"],
  ["LICENSE", "LICENSE"],
]) {
  cpSync(join(packages, "pdfjs-dist", from), join(draft, pdfjs, to), { recursive: true });
}
for (const name of ["pdf.min.mjs", "pdf.worker.min.mjs"]) {
  const file = join(draft, pdfjs, name);
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
  writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file), quality));
}
manifest["built/pdfjs"] = `built/${pdfjs}`;

writeFileSync(join(draft, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
writeFileSync(join(draft, "stamp"), "");
rmSync(built, { recursive: true, force: true });
renameSync(draft, built);
