import { expect, test } from "vitest";
import { EventBuffer } from "./event-buffer";

const buffer = (itemsMax: number) => new EventBuffer<[string, number]>(([key]) => key, itemsMax);

test("items come out in their order, once", () => {
  const some = buffer(3);
  some.push(["a", 1]);
  some.push(["b", 2]);
  expect(some.size).toBe(2);
  expect(some.drain()).toEqual({
    items: [
      ["a", 1],
      ["b", 2],
    ],
    dropped: 0,
  });
  expect(some.drain()).toEqual({ items: [], dropped: 0 });
});

test("a newer item replaces the one of its key and comes last", () => {
  const some = buffer(3);
  some.push(["a", 1]);
  some.push(["b", 2]);
  some.push(["a", 3]);
  expect(some.drain().items).toEqual([
    ["b", 2],
    ["a", 3],
  ]);
});

test("however much comes in, the newest are kept and the others are counted", () => {
  const some = buffer(3);
  for (let number = 0; number < 100_000; number++) some.push([`${number}`, number]);
  expect(some.size).toBe(3);
  const { items, dropped } = some.drain();
  expect(items.map(([, number]) => number)).toEqual([99_997, 99_998, 99_999]);
  expect(dropped).toBe(99_997);
});
