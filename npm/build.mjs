/**
 * Makes the npm package `@balie/client` in target/package, ready for `npm pack` or `npm publish`.
 *
 * Called by `npm run package`. Version and licence are those of the root's package.json. One folder without dependencies:
 * `index.js` is the client (connection, outbox, timeline), `widget.js` the types of the widget's API and `load`; beside them
 * stand the declarations that TypeScript makes of our sources.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const OUT = join(ROOT, 'target', 'package');

const HEAD = (root) => ({
  name: '@balie/client',
  version: root.version,
  description: 'Balie\'s chat for your own pages: the typed API of the widget, and the client to draw a chat of your own',
  license: root.license,
  type: 'module',
  sideEffects: false,
  types: './index.d.ts',
  exports: {
    '.': { types: './index.d.ts', default: './index.js' },
    './widget': { types: './widget.d.ts', default: './widget.js' },
  },
});

/** All declarations in one folder, naming each other as the JavaScript beside them would. */
async function declarations() {
  const out = await mkdtemp(join(tmpdir(), 'balie-types-'));
  try {
    execFileSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(ROOT, 'npm'), '--outDir', out], { stdio: 'inherit' });
    for (const folder of ['npm', 'client']) {
      for (const name of await readdir(join(out, folder))) {
        const text = await readFile(join(out, folder, name), 'utf8');
        await writeFile(join(OUT, name), text.replace(/(from |import\()"\.\.?\/(?:client\/)?(\w+)\.ts"/g, '$1"./$2.js"'));
      }
    }
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
await build({
  entryPoints: [join(ROOT, 'npm', 'index.ts'), join(ROOT, 'npm', 'widget.ts')],
  absWorkingDir: ROOT,
  outdir: OUT,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  logLevel: 'warning',
});
await declarations();
const root = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
await writeFile(join(OUT, 'package.json'), `${JSON.stringify(HEAD(root), null, 2)}\n`);
await writeFile(join(OUT, 'README.md'), await readFile(join(ROOT, 'npm', 'README.md')));
