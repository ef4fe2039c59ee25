// The smallest renderer that does: views are functions that give a description, `patch` makes the elements agree with it.
// Preact would do the same in four times the bytes that every visitor loads. Text only ever goes in as text nodes.

/** @inside */
export interface Description {
  tag: string;
  props: Props;
  children: (Description | string)[];
}

export type Child = Description | string | false | null | undefined | Child[];

type Value = string | number | boolean | null | undefined;

/**
 * `on…` are listeners, `class` and other names are attributes, `value` and `checked` are the live properties. `mounted` is
 * called once with the new element.
 */
export interface Props {
  key?: string;
  mounted?: (element: HTMLElement) => void;
  [name: string]: Value | ((event: never) => void);
}

const SVG = "http://www.w3.org/2000/svg";
const described = new WeakMap<Element, Description>();

export function h(tag: string, props: Props | null, ...children: Child[]): Description {
  // TypeScript does not flatten without end. What stays is neither an array nor nothing.
  return { tag, props: props ?? {}, children: (children as unknown[]).flat(Infinity).filter(Boolean) as Description["children"] };
}

/** What is done once the new elements stand in the page: before that none can be focused or measured. */
type Arrivals = (() => void)[];

/** Makes the children of `parent` agree with `wanted`; an element is kept where its key (or its turn) and tag are the same. */
export function patch(parent: Element, wanted: (Description | string)[]): void {
  const arrivals: Arrivals = [];
  patchInto(parent, wanted, arrivals);
  for (const arrive of arrivals) arrive();
}

function patchInto(parent: Element, wanted: (Description | string)[], arrivals: Arrivals): void {
  const kept = new Map<string, Element>();
  let turn = 0;
  for (const element of parent.children) kept.set(idOf(described.get(element), turn++), element);
  turn = 0;
  const nodes = wanted.map((child) => (typeof child === "string" ? child : elementFor(child, idOf(child, turn++), kept, parent, arrivals)));
  // What goes has to go before the rest is placed: an element that is moved past it would lose focus and scroll position.
  for (const element of kept.values()) element.remove();
  let place = parent.firstChild;
  for (const node of nodes) {
    if (typeof node === "string" && place instanceof Text) {
      if (place.data !== node) place.data = node; // the same text again would end a selection
      place = place.nextSibling;
    } else if (place && place === node) place = place.nextSibling;
    else if (place) place.before(node);
    else parent.append(node);
  }
  while (place) {
    const next: ChildNode | null = place.nextSibling;
    place.remove();
    place = next;
  }
}

function idOf(description: Description | undefined, turn: number): string {
  const key = description?.props.key;
  return `${description?.tag} ${key ? `#${key}` : turn}`;
}

function elementFor(wanted: Description, id: string, kept: Map<string, Element>, parent: Element, arrivals: Arrivals): Element {
  const { tag, props, children } = wanted;
  const known = kept.get(id);
  kept.delete(id);
  // Parts of a drawing are drawings themselves.
  const element = known ?? document.createElementNS(tag === "svg" ? SVG : parent.namespaceURI, tag);
  const old = described.get(element)?.props ?? {};
  described.set(element, wanted);
  patchInto(element, children, arrivals); // first, because a select takes only a value that is among its options
  for (const name in { ...old, ...props }) if (props[name] !== old[name] || (props[name] !== undefined && LIVE.test(name))) set(element, name, props[name]);
  if (!known && element instanceof HTMLElement) arrivals.push(() => props.mounted?.(element));
  return element;
}

/** Properties that people change too. */
const LIVE = /^(value|checked)$/;

function set(element: Element, name: string, value: unknown): void {
  if (name === "key" || name === "mounted") return;
  if (name.startsWith("on") || LIVE.test(name)) {
    const live = element as unknown as Record<string, unknown>;
    const wanted = value ?? "";
    if (live[name] !== wanted) live[name] = wanted; // the same words again would move the caret
  } else if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : (value as string));
}
