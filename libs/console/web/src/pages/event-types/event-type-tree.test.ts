import { expect, test } from "vitest";
import { eventTypeTree, searchTypes } from "./event-type-tree";

const TYPES = [
  { name: "user.created", groupName: null, description: "A user signed up." },
  { name: "invoice.line.added", groupName: null },
  { name: "invoice.paid", groupName: "Billing" },
  { name: "ping", groupName: null },
];

test("types are grouped by their group, else by the dots of their names", () => {
  const tree = eventTypeTree(TYPES);
  expect(tree.map(({ label }) => label)).toEqual(["invoice", "Billing", "ping", "user"]);
  const [invoice, billing] = tree;
  expect(invoice?.children[0]?.label).toBe("line");
  expect(invoice?.names).toEqual(["invoice.line.added"]);
  expect(billing?.names).toEqual(["invoice.paid"]);
});

test("keys are unique, even if a group has the name of a type", () => {
  const keys: string[] = [];
  const collect = (nodes: ReturnType<typeof eventTypeTree>) => {
    for (const node of nodes) {
      keys.push(node.key);
      collect(node.children);
    }
  };
  collect(eventTypeTree([{ name: "a" }, { name: "a.b" }, { name: "b", groupName: "a" }]));
  expect(new Set(keys).size).toBe(keys.length);
});

test("every word of a search has to be found", () => {
  expect(searchTypes(TYPES, "signed USER").map(({ name }) => name)).toEqual(["user.created"]);
  expect(searchTypes(TYPES, "billing").map(({ name }) => name)).toEqual(["invoice.paid"]);
  expect(searchTypes(TYPES, " ")).toHaveLength(4);
  expect(searchTypes(TYPES, "user invoice")).toEqual([]);
});
