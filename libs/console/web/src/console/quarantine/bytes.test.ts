import { describe, expect, it } from "vitest";
import { bytesOf, hexLines } from "./bytes";

describe("hexLines", () => {
  it("has an offset, hexadecimal and text", () => {
    const bytes = bytesOf(btoa("ABCDEFGHIJKLMNOP\u0000\u00ff~"));
    expect(hexLines(bytes, 10)).toEqual([
      {
        offset: "00000000",
        hex: "41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50",
        text: "ABCDEFGHIJKLMNOP",
      },
      { offset: "00000010", hex: "00 ff 7e", text: "..~" },
    ]);
  });

  it("ends after as many lines as are wanted", () => {
    expect(hexLines(new Uint8Array(100), 2)).toHaveLength(2);
    expect(hexLines(new Uint8Array(), 2)).toEqual([]);
  });
});
