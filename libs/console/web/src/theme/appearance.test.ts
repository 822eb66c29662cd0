import { expect, test } from "vitest";
import { readAppearance } from "./appearance";

const read = (query: Record<string, string>) => readAppearance(new URLSearchParams(query));
const NOTHING = {
  colorScheme: undefined,
  hideNavigation: false,
  light: {},
  dark: {},
  font: undefined,
  radius: undefined,
  logo: undefined,
};

test("what svix-react sends is understood", () => {
  const appearance = read({
    darkMode: "true",
    primaryColor: "#ff0000",
    fontFamily: "Inter",
    icon: "https://example.com/logo.png",
  });
  expect(appearance).toEqual({
    ...NOTHING,
    colorScheme: "dark",
    light: { primary: [255, 0, 0] },
    dark: { primary: [255, 0, 0] },
    font: '"Inter"',
    logo: "https://example.com/logo.png",
  });
  expect(read({ darkMode: "auto" }).colorScheme).toBe("auto");
  expect(read({ primaryColor: "0f0" }).light?.primary).toEqual([0, 255, 0]);
});

test("tokens come as JSON, or in base64url", () => {
  const tokens = {
    light: { primary: "#123456", background: "rgb(250, 250, 250)", text: "hsl(0 0% 10%)" },
    dark: { primary: "#abcdef" },
    font: "Söhne, 'Open Sans'",
    radius: 12,
    logo: "data:image/svg+xml;base64,AAAA",
  };
  const text = JSON.stringify(tokens);
  const base64 = btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const expected = {
    ...NOTHING,
    light: { primary: [0x12, 0x34, 0x56], background: [250, 250, 250], text: [26, 26, 26] },
    dark: { primary: [0xab, 0xcd, 0xef], background: undefined, text: undefined },
    font: '"Söhne", "Open Sans"',
    radius: 12,
    logo: "data:image/svg+xml;base64,AAAA",
  };
  expect(read({ theme: text })).toEqual(expected);
  const url = base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  expect(read({ theme: url })).toEqual(expected);
  expect(read({ theme: text, primaryColor: "#fff", radius: "3" })).toMatchObject({
    light: { primary: [255, 255, 255] },
    dark: { primary: [255, 255, 255] },
    radius: 3,
  });
});

test.each([
  "red;background:url(//evil.example)",
  "url(https://evil.example/x)",
  "expression(alert(1))",
  "var(--mantine-color-body)",
  "#12345",
  "#12345g",
  "rgb(999, 0, 0)",
  "rgb(1,2,3);}",
  "</style><script>alert(1)</script>",
  "transparent",
  "inherit",
  "",
])("%j is no color", (value) => {
  expect(read({ primaryColor: value })).toEqual(NOTHING);
  const theme = JSON.stringify({ light: { primary: value, background: value, text: value } });
  expect(Object.values(read({ theme }).light ?? {}).every((each) => each === undefined)).toBe(true);
});

test.each([
  "Inter;} body{background:url(//evil.example)}",
  "Inter\\",
  "url(x)",
  "a{b",
  "x".repeat(201),
  " , '\" ",
  "Inter\nArial",
])("%j is no font", (value) => {
  expect(read({ fontFamily: value }).font).toBeUndefined();
});

test("quotes in a font's name close nothing", () => {
  expect(read({ fontFamily: `Inter", serif, "x` }).font).toBe('"Inter", "serif", "x"');
});

test.each([
  "javascript:alert(1)",
  "http://example.com/logo.png",
  "data:text/html,<script>alert(1)</script>",
  "data:image/png;base64,AA');background:url(x",
  "https://example.com/a b",
  "//example.com/logo.png",
  "/api/v1/app",
])("%j is no logo", (value) => {
  expect(read({ icon: value }).logo).toBeUndefined();
  expect(read({ theme: JSON.stringify({ logo: value }) }).logo).toBeUndefined();
});

test.each(["-1", "x", "", "NaN", "1px"])("%j is no radius", (value) => {
  expect(read({ radius: value }).radius).toBeUndefined();
});

test("a radius has a limit", () => {
  expect(read({ radius: "1e9" }).radius).toBe(32);
  expect(read({ theme: '{"radius": 0}' }).radius).toBe(0);
});

test.each([
  "{",
  "null",
  "[]",
  "%%%",
  "1",
  '{"light": "red", "dark": 7, "radius": {}, "font": [], "logo": null}',
  '{"__proto__": {"hideNavigation": true}}',
  "A".repeat(300_000),
])("%.40j changes nothing", (theme) => {
  expect(read({ theme })).toEqual(NOTHING);
  expect(({} as { hideNavigation?: boolean }).hideNavigation).toBeUndefined();
});

test("only true hides the navigation, and other schemes are ignored", () => {
  expect(read({ hideNavigation: "true" }).hideNavigation).toBe(true);
  expect(read({ hideNavigation: "1", colorScheme: "blue" })).toEqual(NOTHING);
});
