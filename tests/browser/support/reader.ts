// What a screen reader is given: Chromium's own accessibility tree, told line by line in reading order, and everything that
// a live region said. The words are those of docs/screen-reader.md.

import type { CDPSession, Page } from "playwright-core";

export interface Reader {
  /** The lines of the part of the tree below the first node with this role, itself first. */
  lines(role: string): Promise<string[]>;
  /** What has the focus, as a line. */
  focused(): Promise<string>;
  /** What live regions have said since the last question, in order. */
  said(): Promise<string[]>;
}

interface AxValue {
  value?: unknown;
}

interface AxNode {
  nodeId: string;
  ignored: boolean;
  role?: AxValue;
  name?: AxValue;
  description?: AxValue;
  value?: AxValue;
  properties?: { name: string; value: AxValue }[];
  childIds?: string[];
}

/** Roles that a screen reader does not speak; what is in them, it does. */
const SILENT = new Set(["generic", "none", "InlineTextBox", "LineBreak", "paragraph", "Section", "presentation", "LabelText", "DescriptionListDetail", "DescriptionListTerm", "Legend"]);
/** Roles whose name or value is what is in them, so that reading on would say it twice. */
const NAMED_BY_CONTENT = new Set(["button", "combobox", "heading", "link", "menuitem", "menuitemcheckbox", "menuitemradio", "option", "radio", "StaticText", "textbox"]);

export async function readerOf(page: Page): Promise<Reader> {
  const session = await page.context().newCDPSession(page);
  await session.send("Accessibility.enable");
  await page.evaluate(listenToLiveRegions);
  return {
    lines: async (role) => linesOf(await tree(session), role),
    async focused() {
      const nodes = await tree(session);
      // Outer nodes hold the focus of those inside: the last one is where it really is.
      const found = nodes.findLast((node) => isTrue(node, "focused"));
      return found === undefined ? "nothing" : lineOf(found);
    },
    said: async () => page.evaluate(() => (window as unknown as { balieSaid: string[] }).balieSaid.splice(0)),
  };
}

async function tree(session: CDPSession): Promise<AxNode[]> {
  return ((await session.send("Accessibility.getFullAXTree")) as { nodes: AxNode[] }).nodes;
}

function linesOf(nodes: AxNode[], role: string): string[] {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const lines: string[] = [];
  const tell = (node: AxNode): void => {
    const kind = String(node.role?.value ?? "");
    const isSilent = node.ignored || SILENT.has(kind);
    if (!isSilent && kind !== "StaticText") lines.push(lineOf(node));
    if (kind === "StaticText" && text(node.name) !== "") lines.push(text(node.name));
    if (!isSilent && NAMED_BY_CONTENT.has(kind)) return;
    for (const id of node.childIds ?? []) {
      const child = byId.get(id);
      if (child !== undefined) tell(child);
    }
  };
  const root = nodes.find((node) => !node.ignored && node.role?.value === role);
  if (root !== undefined) tell(root);
  return lines;
}

function text(value: AxValue | undefined): string {
  return typeof value?.value === "string" ? value.value.trim() : "";
}

function isTrue({ properties = [] }: AxNode, name: string): boolean {
  return properties.some((property) => property.name === name && (property.value.value === true || property.value.value === "true"));
}

/** `button "Send", disabled`: the role as ARIA names it, the name, and the states that are spoken. */
function lineOf(node: AxNode): string {
  const role = String(node.role?.value ?? "");
  const states = ["required", "disabled", "checked", "multiline"].filter((name) => isTrue(node, name));
  const invalid = isTrue(node, "invalid") ? ["invalid"] : [];
  const expanded = (node.properties ?? []).find(({ name }) => name === "expanded");
  const isOpen = expanded === undefined ? [] : [expanded.value.value === true ? "expanded" : "collapsed"];
  const value = text(node.value) === "" ? [] : [`"${text(node.value)}"`];
  const description = text(node.description) === "" ? [] : [`(${text(node.description)})`];
  const name = text(node.name) === "" ? role : `${role} "${text(node.name)}"`;
  return [name, ...value, ...states, ...invalid, ...isOpen, ...description].join(", ");
}

/** In the page: notes what stands in a live region whenever that changes; an emptied one says nothing. */
function listenToLiveRegions(): void {
  const said: string[] = [];
  Object.assign(window, { balieSaid: said });
  const watch = (root: ShadowRoot): void => {
    const last = new WeakMap<Element, string>();
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const element = target instanceof Element ? target : target.parentElement;
        const region = element?.closest('[aria-live]:not([aria-live="off"]), [role=status], [role=alert]');
        if (region === null || region === undefined) continue;
        const words = (region.textContent ?? "").trim();
        if (words !== "" && words !== last.get(region)) said.push(words);
        last.set(region, words);
      }
    }).observe(root, { childList: true, characterData: true, subtree: true });
  };
  const root = document.querySelector("balie-chat")?.shadowRoot;
  if (root !== null && root !== undefined) watch(root);
}
