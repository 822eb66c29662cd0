import { describe, expect, it } from "vitest";
import { isObject, readJson, textsFault } from "./json";

describe("readJson", () => {
  it("reads what JSON.parse reads", () => {
    expect(readJson('{"a": [1]}')).toEqual({ ok: true, value: { a: [1] } });
  });

  it("says where the error is", () => {
    const read = readJson('{\n  "a": 1,\n  b: 2\n}');
    expect(read).toEqual({ ok: false, sentence: "This is no JSON: look at line 3, column 3." });
  });

  it("says where an unexpected token is", () => {
    const at = (text: string) => readJson(text);
    expect(at('{"total": }')).toMatchObject({
      sentence: expect.stringContaining("line 1, column 11"),
    });
    expect(at('{\n  "a": [1, 2, x],\n  "b": "text"\n}')).toMatchObject({
      sentence: expect.stringContaining("line 2, column 15"),
    });
    expect(at("hello")).toMatchObject({ sentence: expect.stringContaining("line 1, column 1.") });
  });

  it("has a sentence for an empty text and for one that ends too early", () => {
    expect(readJson(" ")).toEqual({ ok: false, sentence: "Write a JSON value." });
    expect(readJson('{"a": ')).toMatchObject({ ok: false });
  });
});

describe("isObject", () => {
  it("is true of objects only", () => {
    expect([{}, [], null, "a", 1].map(isObject)).toEqual([true, false, false, false, false]);
  });
});

it("reads metadata as an object of texts", () => {
  expect(textsFault("{}")).toBeNull();
  expect(textsFault('{"plan": "team"}')).toBeNull();
  for (const text of ["", "[]", "null", '{"seats": 3}', "{"])
    expect(textsFault(text)).not.toBeNull();
});
