// The smallest renderer that does: views are functions that give a description, `patch` makes the elements agree with it.
// Preact would do the same in four times the bytes that every visitor loads. Text only ever goes in as text nodes.

/** @inside */
export interface Description {
  tag: string;
  key?: string | undefined;
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
  const { key, ...rest } = props ?? {};
  const flat: (Description | string)[] = [];
  const add = (child: Child): void => {
    if (Array.isArray(child)) child.forEach(add);
    else if (child !== false && child !== null && child !== undefined && child !== "") flat.push(child);
  };
  children.forEach(add);
  return { tag, key, props: rest, children: flat };
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
  for (const element of parent.children) {
    const old = described.get(element);
    if (old !== undefined) kept.set(idOf(old, turn++), element);
  }
  // What goes has to go before the rest is placed: an element that is moved past it would lose focus and scroll position.
  turn = 0;
  const ids = new Set(wanted.flatMap((child) => (typeof child === "string" ? [] : [idOf(child, turn++)])));
  for (const [id, element] of kept) if (!ids.has(id)) element.remove();
  let place: ChildNode | null = parent.firstChild;
  turn = 0;
  for (const child of wanted) {
    const node = typeof child === "string" ? textAt(place, child) : elementFor(child, kept, turn++, arrivals);
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
  while (place !== null) {
    const next: ChildNode | null = place.nextSibling;
    place.remove();
    place = next;
  }
}

function idOf({ tag, key }: Description, turn: number): string {
  return key === undefined ? `${tag} ${turn}` : `${tag}#${key}`;
}

function textAt(place: ChildNode | null, text: string): ChildNode {
  if (!(place instanceof Text)) return document.createTextNode(text);
  if (place.data !== text) place.data = text;
  return place;
}

function elementFor(wanted: Description, kept: Map<string, Element>, turn: number, arrivals: Arrivals): Element {
  const id = idOf(wanted, turn);
  const known = kept.get(id);
  kept.delete(id);
  const element = known ?? (wanted.tag === "svg" || wanted.tag === "path" || wanted.tag === "circle" ? document.createElementNS(SVG, wanted.tag) : document.createElement(wanted.tag));
  const old = described.get(element)?.props ?? {};
  patchInto(element, wanted.children, arrivals); // first, because a select takes only a value that is among its options
  for (const name in old) if (!(name in wanted.props)) set(element, name, undefined);
  for (const name in wanted.props) if (wanted.props[name] !== old[name] || name === "value" || name === "checked") set(element, name, wanted.props[name]);
  described.set(element, wanted);
  const { mounted } = wanted.props;
  if (known === undefined && mounted !== undefined && element instanceof HTMLElement) arrivals.push(() => mounted(element));
  return element;
}

function set(element: Element, name: string, value: unknown): void {
  if (name === "mounted") return;
  if (name === "value" && (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement)) {
    const text = String(value ?? "");
    if (element.value !== text) element.value = text;
  } else if (name === "checked" && element instanceof HTMLInputElement) {
    element.checked = value === true;
  } else if (name.startsWith("on")) {
    Reflect.set(element, name, value ?? null);
  } else if (value === undefined || value === null || value === false) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}
