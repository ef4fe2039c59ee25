/**
 * Runs the flows in real browsers, Chromium and one in Firefox: every `*.flow.ts` beside this file, bundled by esbuild and
 * given to Node's own test runner, one after the other, because two browsers at once are slower than one on a small machine.
 *
 * Called by `tests/run browser [WORD]`, which has built the server before:  node tests/browser/run.mjs [flow [WORD]]
 * Two more kinds are run by hand: `gallery` leaves a picture of each state of the widget (`tests/run gallery`), `figure`
 * measures what a page pays for it (`tests/run figures`). WORD narrows it to the files whose name holds it. CHROMIUM and FIREFOX name other browsers than /usr/bin/chromium and
 * /usr/bin/firefox-esr.
 *
 * Pictures of every state that a flow looks at are left in target/screenshots.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, '..', '..');
/** A flow that hangs is cut off, so that a broken page fails instead of waiting for ever. */
const TIMEOUT_MS = { flow: 120_000, gallery: 900_000, figure: 900_000 };

const [kind = 'flow', word = ''] = process.argv.slice(2);
const names = (await readdir(HERE)).filter((name) => name.endsWith(`.${kind}.ts`) && name.includes(word)).sort();
if (!(kind in TIMEOUT_MS) || names.length === 0) {
  console.error(kind in TIMEOUT_MS ? `No ${kind} has "${word}" in its name.` : `There are no ${kind}s: flow, gallery and figure.`);
  process.exit(2);
}

await mkdir(join(ROOT, 'target', 'screenshots'), { recursive: true });
// Inside the repository, so that packages left out of the bundle are found from there.
const out = await mkdtemp(join(ROOT, 'node_modules', '.browser-'));
let code = 1;
try {
  await build({
    entryPoints: names.map((name) => join(HERE, name)),
    absWorkingDir: ROOT,
    outdir: out,
    outbase: HERE,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const tests = names.map((name) => join(out, name.replace(/\.ts$/, '.mjs')));
  const options = ['--enable-source-maps', '--test', '--test-concurrency=1', `--test-timeout=${TIMEOUT_MS[kind]}`, '--test-reporter=spec'];
  const node = spawn(process.execPath, [...options, ...tests], { stdio: 'inherit', cwd: ROOT });
  code = await new Promise((done) => node.on('close', (status) => done(status ?? 1)));
} finally {
  await rm(out, { recursive: true, force: true });
}
process.exit(code);
