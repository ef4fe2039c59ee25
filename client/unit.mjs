/**
 * Runs the unit tests: every `*.test.ts` of client, widget and panel, bundled by esbuild and given to Node's own test
 * runner, which Node 20 has and which needs no package.
 *
 * Called by `npm run unit`; a word narrows it to the files whose path contains it:  npm run unit -- timeline
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { languages, version } from './languages.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

async function testFiles(word) {
  const found = [];
  for (const folder of ['client', 'widget', 'panel']) {
    for (const name of await readdir(join(ROOT, folder), { recursive: true })) {
      if (/\.test\.tsx?$/.test(name)) found.push(join(folder, name));
    }
  }
  return found.filter((path) => path.includes(word)).sort();
}

const word = process.argv[2] ?? '';
const files = await testFiles(word);
if (files.length === 0) {
  console.error(`No test file has "${word}" in its path.`);
  process.exit(2);
}
// Inside the repository, so that packages left out of the bundle are found from there.
const out = await mkdtemp(join(ROOT, 'node_modules', '.unit-'));
let code = 1;
try {
  await build({
    entryPoints: files,
    absWorkingDir: ROOT,
    outdir: out,
    outbase: ROOT,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    loader: { '.css': 'text' },
    define: { BALIE_WORDS: JSON.stringify(version()), BALIE_TEXTS: JSON.stringify(Object.fromEntries(languages().map((each) => [each.tag, each.text]))) },
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  });
  const tests = files.map((path) => join(out, path.replace(/\.tsx?$/, '.mjs')));
  const node = spawn(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=spec', ...tests], { stdio: 'inherit', cwd: ROOT });
  code = await new Promise((done) => node.on('close', (status) => done(status ?? 1)));
} finally {
  await rm(out, { recursive: true, force: true });
}
process.exit(code);
