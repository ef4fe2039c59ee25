/**
 * The bundler: turns the TypeScript of the widget, the panel and the demo shop into the files that the server embeds.
 *
 * Called by `build.rs` and by `npm run build`:  node client/bundle.mjs --out DIR [--rust DIR]
 *
 * It writes into DIR every file to serve, a brotli sibling (`file + ".br"`) where that is smaller, and `manifest.json`:
 * [{"path":"/widget.js","file":"widget.js","type":"text/javascript; charset=utf-8","immutable":false,"etag":"…"},…].
 * With --rust it also writes that table as a Rust expression for `include!` (assets.rs), and what the server tells the
 * widget about the languages it speaks (languages.json).
 *
 * A page is a folder with an `index.html`, and perhaps others beside it. Whatever a page names by a relative `src` or `href` is bundled if it is a
 * script or a style sheet, copied otherwise, and named by the hash of its content. Pages are served under a policy that
 * forbids inline scripts and styles, so a page that has one fails here and not in somebody's browser.
 *
 * What the packages of package.json are for: esbuild bundles; terser makes the
 * widget smaller than esbuild can, because it may rename members; Preact and its signals are the panel's views and state. For
 * those who change the pages: TypeScript checks types, oxlint lints, @types/node types the tests, playwright-core drives
 * Chromium in the browser tests, puppeteer-core the Firefox that Debian ships (the other wants a build of its own), and
 * axe-core finds there what keeps people out.
 *
 * Promises: the same sources give the same bytes; files named by a hash never change, and only those are `immutable`.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { build, transform } from 'esbuild';
import { minify } from 'terser';
import { domprops } from '../node_modules/terser/tools/domprops.js';
import { languages, version } from './languages.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** What a browser must know to run us: private class members, `light-dark()`, constructed style sheets (2024). */
const TARGET = 'es2022';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.wav': 'audio/wav',
  '.txt': 'text/plain; charset=utf-8',
};

/** Formats that are not compressed already. */
const COMPRESSIBLE = new Set(['.html', '.js', '.css', '.json', '.webmanifest', '.svg', '.ico', '.wav', '.txt']);

const SHARED = {
  bundle: true,
  minify: true,
  write: false,
  target: TARGET,
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'warning',
  absWorkingDir: ROOT,
};

/** Lets a script import a style sheet as text: the widget puts it into its shadow root as a constructed sheet. */
const cssAsText = {
  name: 'css-as-text',
  setup(builder) {
    builder.onLoad({ filter: /\.css$/ }, async ({ path }) => ({ contents: await sheetOf(relative(ROOT, path)), loader: 'text' }));
  },
};

/** What stands in the one shadow root, in the order in which it comes: what an earlier sheet declares no later one says again. */
const SHEETS = ['launcher', 'style', 'later', 'later_home', 'later_ticket', 'later_forms', 'later_phone', 'later_plain'].map((name) => join('widget', `${name}.css`));
/** Between sheets that are looked at as one; no style sheet has it. */
const SEAM = '\0';
/** A declaration of a custom property: its name and its value. */
const TOKEN = /(--[\w-]+):([^;{}]+)(?:;|(?=}))/g;
/** The sheets of the widget by their path, once they are made. */
let widgetSheets;

async function sheetOf(path) {
  if (!SHEETS.includes(path)) return shortened(await minifiedSheet(path));
  widgetSheets ??= Promise.all(SHEETS.map(minifiedSheet)).then(([launcher, ...chat]) => {
    const alone = withoutUnusedTokens(withConstants(launcher));
    const known = tokensOf(alone);
    const less = withConstants(chat.join(SEAM)).replace(TOKEN, (whole, name, value) => (known.get(name) === value ? '' : whole));
    return [alone, ...withoutUnusedTokens(less).replace(/[^{}\0]+\{\}/g, '').split(SEAM)].map(shortened);
  });
  return (await widgetSheets)[SHEETS.indexOf(path)];
}

async function minifiedSheet(path) {
  const { outputFiles } = await build({ ...SHARED, entryPoints: [path] });
  // In a shadow root there is neither a root element nor a subtree with a theme of its own; light or dark the launcher's sheet says.
  const css = outputFiles[0].text.trim().replaceAll(':root,:host,[data-theme],[data-brand]', ':host').replaceAll(':root,:host', ':host').replace(/(:host|\[data-theme=\w+\])\{color-scheme:[a-z ]+\}/g, '').replace(/(?<=--[\w-]+:) | (?=\))|(?<=,) |(?<=@supports) |(?<=\(color:) /g, '');
  // What old browsers see of the launcher its own sheet says in fewer words.
  return path === SHEETS[0] ? css.replace(/@supports not [^]*?\}\}/, '') : css;
}

/** Puts sizes and the like where they are read: what is said once, of no other token and in no colour, never changes. */
function withConstants(css) {
  const said = new Map();
  for (const [, name, value] of css.matchAll(TOKEN)) said.set(name, [...(said.get(name) ?? []), value]);
  return css.replace(/var\((--[\w-]+)\)/g, (whole, name) => {
    const [value = "", ...others] = TOKENS_OF_SCRIPTS.has(name) ? [] : (said.get(name) ?? []);
    return value !== "" && others.length === 0 && !/var\(|light-dark|oklch|color/.test(value) ? value : whole;
  });
}

/** The tokens serve the panel too; what a minified sheet declares and never reads, a visitor need not load. */
function withoutUnusedTokens(css) {
  const read = new Set([...css.matchAll(/var\((--[\w-]+)/g)].map((match) => match[1]));
  const less = css.replace(TOKEN, (whole, name) => (read.has(name) ? whole : ''));
  return less.length < css.length ? withoutUnusedTokens(less) : less; // one may have been read only by another
}

/** What a sheet says of each token outside of any condition; the first word counts, the later ones are for special cases. */
function tokensOf(css) {
  const found = new Map();
  for (const [, name, value] of css.matchAll(TOKEN)) if (!found.has(name)) found.set(name, value);
  return found;
}

/** Names that a script sets; longer than any that `shortened` makes. */
const TOKENS_OF_SCRIPTS = new Set(['--brand', '--screen', '--start', '--end', '--bottom', '--scheme']);
const shortTokens = new Map();

/** One or two letters for the name of each token, the same in both sheets. */
function shortened(css) {
  return css.replace(/--[a-z][\w-]*/g, (name) => {
    if (TOKENS_OF_SCRIPTS.has(name)) return name;
    if (!shortTokens.has(name)) shortTokens.set(name, `--${shortTokens.size.toString(36)}`);
    return shortTokens.get(name);
  });
}

/** How a script of the widget is bundled; it is made small afterwards. */
const WIDGET = { ...SHARED, minify: false, minifySyntax: true, minifyIdentifiers: true, plugins: [cssAsText] };

/** Browsers know members of these names too, but of nothing that the widget touches. */
const OURS_TOO = new Set(['actions', 'discard', 'element', 'isOpen', 'model', 'note', 'phrases', 'pending', 'range', 'session', 'subscribe', 'timeline']);

/**
 * The names of what never leaves the widget: members of interfaces whose comment says @inside. They get one or two letters.
 * A name that stands anywhere in the code as a text (in a type it is none), in an interface without the mark, on the wire or
 * in what browsers know stays.
 */
async function insideNames() {
  const inside = new Set();
  const spoken = new Set();
  for (const folder of ['client', 'widget']) {
    for (const name of await readdir(join(ROOT, folder), { recursive: true })) {
      if (!name.endsWith('.ts') || /\.test\.ts$|golden|fakes/.test(name)) continue;
      const source = await readFile(join(ROOT, folder, name), 'utf8');
      const { code } = await transform(source, { loader: 'ts' });
      for (const [, text] of code.matchAll(/["'](\w+)["']/g)) spoken.add(text);
      if (name === 'wire.ts') for (const [, member] of source.matchAll(/\b(\w+)\??:/g)) spoken.add(member);
      for (const { 0: declared, index } of source.matchAll(/^(?:export )?(?:interface|type) \w+[^]*?\n(?! )/gm)) {
        const before = source.slice(0, index);
        const isInside = before.endsWith('*/\n') && before.slice(before.lastIndexOf('/**')).includes('@inside');
        for (const [, member] of declared.matchAll(/(?:^ {2}|[{;] )(?:readonly )?(\w+)\??[:(<]/gm)) (isInside ? inside : spoken).add(member);
      }
    }
  }
  const known = new Set(domprops.filter((name) => !OURS_TOO.has(name)));
  return [...inside].filter((name) => !spoken.has(name) && !known.has(name)).sort();
}

/**
 * Smaller than esbuild makes it, which is for speed. All parts of the widget share their names, because they talk to each other.
 * What terser calls unsafe is so where `String` and the like are not the language's own; comparisons turned round compress worse.
 */
function smallest(names) {
  const nameCache = {};
  return async (source) => {
    nameCache.vars = undefined; // each has its own
    const { code } = await minify(source, {
      ecma: 2020,
      module: true,
      compress: { passes: 2, unsafe: true, unsafe_arrows: true, unsafe_methods: true, lhs_constants: false, keep_fargs: false, pure_getters: true, hoist_props: true },
      mangle: { properties: { builtins: true, regex: new RegExp(`^(?:${names.join('|')})$`) } },
      nameCache,
    });
    return Buffer.from(code);
  };
}

/** A set of files to serve, by their path; two files of one path are a mistake of ours. */
function collection() {
  const files = new Map();
  return {
    files,
    /** Set by `addWidget`: what the server says of each language. */
    languages: [],
    add(path, bytes, immutable) {
      const type = TYPES[extname(path) || '.html'];
      if (type === undefined) throw new Error(`${path}: no content type is known for this ending; add it to TYPES.`);
      const known = files.get(path);
      if (known !== undefined && !Buffer.from(known.bytes).equals(Buffer.from(bytes))) throw new Error(`${path} is made twice.`);
      files.set(path, { bytes: Buffer.from(bytes), immutable, type });
    },
  };
}

function hashOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 10);
}

/** `static/sounds/bell.mp3` → `/static/sounds/bell.mp3`; the demo shop is a page and has its own turn. */
async function addStatic(out) {
  for (const entry of await readdir(join(ROOT, 'static'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = relative(ROOT, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join('/');
    if (path.startsWith('static/demo/') || entry.name.startsWith('.')) continue;
    out.add(`/${path}`, await readFile(join(ROOT, path)), false);
  }
}

/** Adds a file under a name that holds its hash, and gives that name; and under a name that stays. */
function addHashed(out, name, bytes) {
  const path = `/widget/${basename(name, extname(name))}-${hashOf(bytes)}${extname(name)}`;
  out.add(path, bytes, true);
  out.add(`/widget/${name}`, bytes, false);
  return path;
}

/** Chromium then compiles every function beside the page's own thread while the file comes, not one by one when the chat opens. */
const EAGER = '//# allFunctionsCalledOnLoad\n';
/** What may be there in the first picture. */
const FIRST_SEEN = new Set(['chunk', 'later_home', 'later_forms', 'later_phone']);

/** What is loaded when it is wanted, by the name of its source in widget/. */
const ON_DEMAND = ['later', 'later_home', 'later_ticket', 'later_forms', 'later_phone', 'later_plain'];

/**
 * The loader knows the hash of what it loads, the chat on the first opening; where the words are the server tells.
 * All are also served without the hash. Of the words that is the way out for a page that knows where those of another version
 * are; parts of two versions do not fit each other, so a page never takes those (src/web/former.rs keeps the right ones).
 */
async function addWidget(out) {
  out.languages = languages().map(({ tag, dir, launcher, text }) => ({ tag, dir, words: addHashed(out, `words-${tag}.txt`, text), launcher }));
  const small = smallest(await insideNames());
  const script = async (name, format, define) => {
    const { outputFiles } = await build({ ...WIDGET, entryPoints: [`widget/${name}.ts`], format, define });
    return small(outputFiles[0].text);
  };
  const made = await chat(small);
  made.set('greeting', String(await script('greeting', 'esm', {})));
  // One hash for all: the parts know each other by names, and the loader has no room for two.
  const hash = hashOf([...made].join());
  for (const [name, code] of made) {
    out.add(`/widget/${name}.js`, code, false);
    out.add(`/widget/${name}-${hash}.js`, code.replace(/(?<="\.\/)(\w+)(?=\.js")/g, `$1-${hash}`), true);
  }
  out.add('/widget.js', await script('loader', 'iife', { BALIE_HASH: JSON.stringify(hash) }), false);
}

/**
 * The chat, and what it loads on demand, which imports from the chat what both need; by their names.
 */
async function chat(small) {
  const { outputFiles } = await build({
    ...WIDGET,
    plugins: [...WIDGET.plugins, { name: 'on-demand', setup: importingTheChat }],
    entryPoints: ['widget/app.ts'],
    format: 'esm',
    splitting: true,
    outdir: join(ROOT, 'out'), // never written: only the names below it count
    chunkNames: '[name]',
    define: { BALIE_WORDS: JSON.stringify(version()) },
  });
  const found = new Map(outputFiles.map(({ path, text }) => [basename(path, '.js'), text]));
  // Everything of the chat is wanted by the others too, so esbuild puts it into one chunk, and leaves of the entry what it gives.
  const strays = [...found.keys()].filter((name) => !['app', 'chunk', ...ON_DEMAND].includes(name));
  const [, start = ''] = /^import {\s*(\w+) as \w+\s*} from ".\/chunk.js";\s*export {\s*\w+ as prepare\s*};\s*$/.exec(found.get('app')) ?? [];
  if (strays.length > 0 || start === '') throw new Error('widget/app.ts: the chat is no longer one chunk.');
  found.set('chunk', found.get('chunk').replace(new RegExp(` as ${start}(?=[\\s,}])(?=[^{}]*}\\s*;\\s*$)`), ' as prepare'));
  return new Map(await Promise.all(['chunk', ...ON_DEMAND].map(async (name) => [name === 'chunk' ? 'app' : name, (FIRST_SEEN.has(name) ? EAGER : '') + String(await small(found.get(name))).replaceAll('./chunk.js', './app.js')])));
}

/** Without a word of it in the sources: whatever the chat loads on demand can take from the chat all that it has. */
function importingTheChat(builder) {
  builder.onLoad({ filter: new RegExp(`[\\\\/]widget[\\\\/](${ON_DEMAND.join('|')})\\.ts$`) }, async ({ path }) => ({ contents: `import "./app.ts";${await readFile(path, 'utf8')}`, loader: 'ts' }));
}

/** Serves `folder/name` at `at` (an `index.html` there itself, others under their name), and at `at`assets/ what the page names. */
async function addPage(out, folder, at, page = 'index.html') {
  const source = await readFile(join(ROOT, folder, page), 'utf8');
  const inline = /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/i.exec(source.replace(/<!--[\s\S]*?-->/g, ''));
  if (inline) throw new Error(`${folder}/${page}: "${inline[0].trim()}" is inline, which the page's policy forbids; use a file.`);
  const names = [...source.matchAll(/\s(?:src|href)="([^":?#]+)"/g)].map((match) => match[1]);
  const local = [...new Set(names)].filter((name) => !name.startsWith('/') && extname(name) !== '');
  const missing = local.find((name) => !existsSync(join(ROOT, folder, name)));
  if (missing !== undefined) throw new Error(`${folder}/${page} names ${missing}, which is not there.`);
  const renamed = new Map();
  const entries = local.filter((name) => /\.(ts|tsx|js|css)$/.test(name));
  if (entries.length > 0) await addEntries(out, folder, at, entries, renamed);
  for (const name of local.filter((each) => !entries.includes(each))) {
    const bytes = await readFile(join(ROOT, folder, name));
    const path = `${at}assets/${basename(name, extname(name))}-${hashOf(bytes)}${extname(name)}`;
    out.add(path, bytes, true);
    renamed.set(name, path);
  }
  const named = source.replace(/(\s(?:src|href)=")([^"]+)"/g, (whole, before, name) => (renamed.has(name) ? `${before}${renamed.get(name)}"` : whole));
  out.add(page === 'index.html' ? at : at + page, named, false);
}

async function addEntries(out, folder, at, entries, renamed) {
  const result = await build({
    ...SHARED,
    entryPoints: entries.map((name) => join(folder, name)),
    outdir: join(ROOT, 'out'),          // never written: only the names below it count
    outbase: join(ROOT, folder),
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    assetNames: '[name]-[hash]',
    publicPath: `${at}assets/`,
    loader: Object.fromEntries(Object.keys(TYPES).filter((ending) => !['.html', '.js', '.css', '.json'].includes(ending)).map((ending) => [ending, 'file'])),
    metafile: true,
  });
  for (const file of result.outputFiles) out.add(`${at}assets/${basename(file.path)}`, file.contents, true);
  for (const [path, meta] of Object.entries(result.metafile.outputs)) {
    if (meta.cssBundle !== undefined) throw new Error(`${meta.entryPoint}: link its style sheet in ${folder}/index.html instead of importing it.`);
    if (meta.entryPoint !== undefined) renamed.set(relative(folder, meta.entryPoint).split(sep).join('/'), `${at}assets/${basename(path)}`);
  }
}

/** How brotli may write distances (postfix bits, direct codes; RFC 7932, section 4): none is the best for every script. */
const CODINGS = [[0, 0], [1, 0], [1, 16], [1, 30], [2, 4], [2, 28], [3, 0], [3, 24]];

/** The shortest by these codings. */
function compressed(bytes, codings) {
  const all = codings.map(([postfix, direct]) =>
    brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length, [constants.BROTLI_PARAM_NPOSTFIX]: postfix, [constants.BROTLI_PARAM_NDIRECT]: direct },
    }),
  );
  return all.reduce((best, each) => (each.length < best.length ? each : best));
}

/** Writes files, compressed siblings and the manifest. A file's place in DIR is its path, a page's is its index.html. */
async function write({ files, languages: spoken }, directory, rust) {
  await rm(directory, { recursive: true, force: true });
  const manifest = [];
  for (const [path, { bytes, immutable, type }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const file = path.slice(1) + (path.endsWith('/') ? 'index.html' : '');
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), bytes);
    const small = compressed(bytes, /^\/widget.*\.js$/.test(path) ? CODINGS : CODINGS.slice(0, 1));
    const brotli = COMPRESSIBLE.has(extname(file)) && small.length < bytes.length;
    if (brotli) await writeFile(join(directory, `${file}.br`), small);
    manifest.push({ path, file, type, immutable, etag: hashOf(bytes), bytes: bytes.length, ...(brotli ? { brotli_bytes: small.length } : {}) });
  }
  await writeFile(join(directory, 'manifest.json'), `[\n${manifest.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`);
  if (rust !== undefined) {
    await writeFile(join(rust, 'assets.rs'), rustTable(manifest, directory));
    await writeFile(join(rust, 'languages.json'), JSON.stringify(spoken));
  }
  return manifest;
}

/** JSON strings of our own paths are Rust string literals too: neither quotes, backslashes nor controls need more. */
function rustTable(manifest, directory) {
  const row = ({ path, file, type, immutable, etag, brotli_bytes: brotli }) => {
    const at = JSON.stringify(resolve(directory, file));
    const packed = brotli === undefined ? 'None' : `Some(include_bytes!(${JSON.stringify(resolve(directory, `${file}.br`))}))`;
    return `    Asset { path: ${JSON.stringify(path)}, content_type: ${JSON.stringify(type)}, immutable: ${immutable}, etag: ${JSON.stringify(`"${etag}"`)}, bytes: include_bytes!(${at}), brotli: ${packed} },\n`;
  };
  return `&[\n${manifest.map(row).join('')}]\n`;
}

/** Everything that is served, by path, and the languages. */
async function bundle() {
  const out = collection();
  await addStatic(out);
  await addWidget(out);
  await addPage(out, 'static/demo', '/demo/');
  await addPage(out, 'static/demo', '/demo/', 'options.html');
  await addPage(out, 'panel', '/panel/');
  return out;
}

async function main() {
  const { values } = parseArgs({ options: { out: { type: 'string' }, rust: { type: 'string' } } });
  if (values.out === undefined) {
    console.error('usage: node client/bundle.mjs --out DIR [--rust DIR]');
    return 2;
  }
  const manifest = await write(await bundle(), resolve(values.out), values.rust);
  for (const { path, bytes, brotli_bytes: brotli } of manifest) console.log(`${path}  ${bytes} bytes${brotli === undefined ? '' : `, ${brotli} in brotli`}`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main().catch((error) => {
    console.error(error.message); // where in the bundler it was thrown helps nobody who wrote a page
    return 1;
  });
}
