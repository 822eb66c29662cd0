/** Event types as a tree: by their groups, and by the dots of their names. */

export interface NamedType {
  name: string;
  groupName?: string | null;
  description?: string;
}

export interface TreeNode<Type extends NamedType> {
  /** Unique in the tree. */
  key: string;
  label: string;
  /** The event type of a leaf. */
  type?: Type;
  children: TreeNode<Type>[];
  /** The names of all event types below. */
  names: string[];
}

/** Builds the tree. Types with a group are in it; the others are by the beginning of their name. */
export function eventTypeTree<Type extends NamedType>(types: Type[]): TreeNode<Type>[] {
  const roots: TreeNode<Type>[] = [];
  const nodes = new Map<string, TreeNode<Type>>();
  for (const type of [...types].sort((a, b) => a.name.localeCompare(b.name))) {
    const groups = groupsOf(type);
    let siblings = roots;
    groups.forEach((label, depth) => {
      const key = `group:${groups.slice(0, depth + 1).join("\n")}`;
      let node = nodes.get(key);
      if (node === undefined) {
        node = { key, label, children: [], names: [] };
        nodes.set(key, node);
        siblings.push(node);
      }
      node.names.push(type.name);
      siblings = node.children;
    });
    const { name } = type;
    siblings.push({ key: `type:${name}`, label: name, type, children: [], names: [name] });
  }
  return roots;
}

/** The event types whose name, group or description contains every word of the search. */
export function searchTypes<Type extends NamedType>(types: Type[], search: string): Type[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return types;
  return types.filter(({ name, groupName, description }) => {
    const text = `${name}\n${groupName ?? ""}\n${description ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The groups that a type is in, from the outermost. */
function groupsOf({ name, groupName }: NamedType): string[] {
  if (groupName) return groupName.split(".").filter(Boolean);
  return name.split(".").slice(0, -1).filter(Boolean);
}
