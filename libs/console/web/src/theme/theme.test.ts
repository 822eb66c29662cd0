import { expect, test } from "vitest";
import { contrast, parseColor, type Rgb, readableOn, TEXT_CONTRAST, textOn, toHex } from "./color";
import { schemeVariables, themeOf } from "./theme";

/** Colors all over the cube, grays among them. */
const COLORS: Rgb[] = [];
for (let red = 0; red <= 255; red += 51)
  for (let green = 0; green <= 255; green += 51)
    for (let blue = 0; blue <= 255; blue += 51) COLORS.push([red, green, blue]);

const colorOf = (variables: Record<string, string>, name: string) => {
  const color = parseColor(variables[`--mantine-color-${name}`] ?? "");
  if (color === undefined) throw new Error(`no ${name}`);
  return color;
};

test("colors are read and written", () => {
  expect(parseColor("#1af")).toEqual([0x11, 0xaa, 0xff]);
  expect(parseColor("hsl(120, 100%, 25%)")).toEqual([0, 128, 0]);
  expect(parseColor("hsl(210deg 50% 40%)")).toEqual([51, 102, 153]);
  expect(toHex([1, 2, 255])).toBe("#0102ff");
  expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
});

test("text can be read on any primary color", () => {
  for (const color of COLORS)
    expect(contrast(textOn(color), color)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
});

test("a color that can be read stays as it is", () => {
  expect(readableOn([0x2f, 0x5f, 0xd0], [255, 255, 255])).toEqual([0x2f, 0x5f, 0xd0]);
});

test.each(["light", "dark"] as const)("links can be read with any primary color: %s", (scheme) => {
  const page: Rgb = scheme === "light" ? [255, 255, 255] : [0x24, 0x24, 0x24];
  for (const primary of COLORS) {
    const anchor = colorOf(schemeVariables(scheme, { primary }), "anchor");
    expect(contrast(anchor, page)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  }
});

test("text, quiet text and links can be read on any background", () => {
  for (const background of COLORS) {
    const variables = schemeVariables("light", { background, text: [0x88, 0x88, 0x88] });
    for (const name of ["text", "dimmed", "anchor", "placeholder"])
      expect(contrast(colorOf(variables, name), background)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  }
});

test.each(["light", "dark"] as const)("what is selected can be read: %s", (scheme) => {
  for (const primary of COLORS) {
    const variables = schemeVariables(scheme, { primary });
    const text = colorOf(variables, "brand-light-color");
    for (const name of ["brand-light", "brand-light-hover"])
      expect(contrast(text, colorOf(variables, name))).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  }
});

test("buttons keep their contrast while they are pointed at", () => {
  for (const primary of COLORS) {
    const hover = colorOf(schemeVariables("light", { primary }), "brand-filled-hover");
    expect(contrast(textOn(primary), hover)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  }
});

test("each scheme has its own shades", () => {
  const { colors } = themeOf({
    hideNavigation: false,
    light: { primary: [255, 0, 0] },
    dark: { primary: [0, 255, 0] },
  });
  expect(colors?.brandLight?.[6]).toBe("#ff0000");
  expect(colors?.brandDark?.[6]).toBe("#00ff00");
  expect(
    themeOf({ hideNavigation: false, light: { primary: [255, 0, 0] } }).colors?.brandDark?.[6],
  ).toBe("#ff0000");
});
