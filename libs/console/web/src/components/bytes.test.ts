import { expect, test } from "vitest";
import { bytesOf, hexDump, sizeOf, textOf } from "./bytes";

const bytes = (text: string) => new TextEncoder().encode(text);

test("bytes are text, or shown in hexadecimal", () => {
  expect(textOf(bytes("ü"))).toBe("ü");
  expect(textOf(new Uint8Array([0xc3]))).toBeUndefined();
  expect(textOf(new Uint8Array([0x61, 0]))).toBeUndefined();
  expect(hexDump(bytes("<b>Hi\n"), 100)).toBe(
    `00000000  3c 62 3e 48 69 0a${" ".repeat(31)} <b>Hi.`,
  );
  expect(hexDump(new Uint8Array(100), 32).split("\n")).toHaveLength(2);
  expect(hexDump(new Uint8Array(), 32)).toBe("");
  expect(hexDump(bytesOf(btoa("ABCDEFGHIJKLMNOP\u0000\u00ff~")), 100).split("\n")).toEqual([
    "00000000  41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50  ABCDEFGHIJKLMNOP",
    `00000010  00 ff 7e${" ".repeat(41)}..~`,
  ]);
});

test("sizes are said in words", () => {
  expect([0, 1, 17, 1_023, 1_536, 2_355, 3_000_000, 5 * 1_024 ** 3].map(sizeOf)).toEqual([
    "0 bytes",
    "1 byte",
    "17 bytes",
    "1023 bytes",
    "1.5 KiB",
    "2.3 KiB",
    "2.9 MiB",
    "5.0 GiB",
  ]);
});
