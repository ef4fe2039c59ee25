// An article as the server read it: blocks of plain text with emphasis and links. Never markup.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { Block, Run } from "../rest.ts";

/** `level` is that of its headings: one below the title that stands over it. */
export function Blocks({ blocks, level = 4 }: { blocks: readonly Block[]; level?: 3 | 4 }) {
  const groups = useMemo(() => groupsOf(blocks), [blocks]);
  return (
    <div class="article" dir="auto">
      {groups.map((group, at) => (
        <Group key={at} group={group} level={level} />
      ))}
    </div>
  );
}

/** Items that follow each other are one list; anything else stands alone. */
export function groupsOf(blocks: readonly Block[]): Block[][] {
  const groups: Block[][] = [];
  for (const block of blocks) {
    const last = groups[groups.length - 1];
    const before = last?.[0];
    const joins =
      before?.kind === "item" && block.kind === "item" && (before.number === undefined) === (block.number === undefined);
    if (last && joins) last.push(block);
    else groups.push([block]);
  }
  return groups;
}

function Group({ group, level }: { group: Block[]; level: 3 | 4 }) {
  const [first] = group;
  if (!first) return null;
  switch (first.kind) {
    case "item": {
      const items = group.map((item, at) => (
        <li key={at}>
          <Runs runs={item.runs} />
        </li>
      ));
      return first.number === undefined ? <ul>{items}</ul> : <ol start={first.number}>{items}</ol>;
    }
    case "heading":
      return level === 3 ? (
        <h3>
          <Runs runs={first.runs} />
        </h3>
      ) : (
        <h4>
          <Runs runs={first.runs} />
        </h4>
      );
    case "code":
      return (
        <pre tabIndex={0}>
          <Runs runs={first.runs} />
        </pre>
      );
    case "paragraph":
      return (
        <p>
          <Runs runs={first.runs} />
        </p>
      );
  }
}

function Runs({ runs }: { runs: readonly Run[] }) {
  return (
    <>
      {runs.map((run, at) => (
        <RunView key={at} run={run} />
      ))}
    </>
  );
}

function RunView({ run }: { run: Run }) {
  let shown: ComponentChildren = run.text;
  if (run.code) shown = <code>{shown}</code>;
  if (run.emphasis) shown = <em>{shown}</em>;
  if (run.strong) shown = <strong>{shown}</strong>;
  if (run.href === undefined) return <>{shown}</>;
  return (
    <a href={run.href} target="_blank" rel="noopener noreferrer nofollow">
      {shown}
    </a>
  );
}
