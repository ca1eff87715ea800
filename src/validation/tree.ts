/** A snapshot, which is a list, as the tree that it means: elements with their children and their slices. */
import type { Definition, Element } from './definition.ts';

export type Node = {
  readonly element: Element;
  readonly children: Map<string, Group>;
  /** The definition that it stands in: where a contentReference leads. */
  readonly tree: Tree;
};

/** One name in a parent: the element as such, and its slices in the order of the definition. */
export type Group = { readonly name: string; readonly node: Node; readonly slices: Slice[] };

export type Slice = { readonly name: string; readonly node: Node; readonly reslices: Slice[] };

export type Tree = {
  readonly definition: Definition;
  readonly root: Node;
  /** By path, without slices. */
  readonly byPath: ReadonlyMap<string, Node>;
};

/** Undefined for a definition without snapshot. Elements without a parent before them are left out. */
export function treeOf(definition: Definition): Tree | undefined {
  const elements = definition.snapshot?.element ?? [];
  const [first] = elements;
  if (first === undefined) return undefined;
  const byPath = new Map<string, Node>();
  const tree = { definition, byPath } as unknown as { -readonly [key in keyof Tree]: Tree[key] };
  const node = (element: Element): Node => ({ element, children: new Map(), tree });
  tree.root = node(first);
  byPath.set(first.path, tree.root);
  // What a path leads to at this place of the list: the last element or slice of that path.
  const latest = new Map<string, Node>([[first.path, tree.root]]);
  for (const element of elements.slice(1)) {
    const { path, sliceName } = element;
    const dot = path.lastIndexOf('.');
    const parent = latest.get(path.slice(0, dot));
    if (parent === undefined) continue;
    const name = path.slice(dot + 1);
    const own = node(element);
    const group = parent.children.get(name);
    if (group === undefined) {
      // A slice without the sliced element before it: the choice of a type by its own name (`valueQuantity`).
      parent.children.set(name, { name, node: own, slices: [] });
    } else if (sliceName !== undefined) put(group.slices, { name: sliceName, node: own, reslices: [] });
    latest.set(path, own);
    if (sliceName === undefined && !byPath.has(path)) byPath.set(path, own);
  }
  return tree;
}

/** `a/b` is a slice of slice `a`. */
function put(slices: Slice[], slice: Slice): void {
  const above = slices.find(({ name }) => slice.name.startsWith(`${name}/`));
  if (above === undefined) slices.push(slice);
  else put(above.reslices, slice);
}

/** Where the element takes its content from: itself, unless it refers to another. */
export function contentOf(node: Node, treeOfType: (type: string) => Tree | undefined): Node {
  const reference = node.element.contentReference;
  if (reference === undefined) return node;
  const hash = reference.indexOf('#');
  const path = reference.slice(hash + 1);
  return node.tree.byPath.get(path) ?? treeOfType(path.split('.', 1)[0] ?? path)?.byPath.get(path) ?? node;
}
