/**
 * How an embedding page wants the portal to look: URL parameters, and a JSON of tokens.
 *
 * `darkMode`, `primaryColor`, `fontFamily` and `icon` are what svix-react's `AppPortal` sends.
 * `theme` is the JSON of `ThemeTokens`, as text or in base64url. Parameters win over tokens.
 * Values that could be anything but a color, a font, a length or an image are ignored.
 */

import { parseColor, type Rgb } from "./color";

export type ColorScheme = "light" | "dark" | "auto";

export interface Palette {
  /** The color of buttons, links and what is selected. */
  primary?: Rgb;
  background?: Rgb;
  text?: Rgb;
}

export interface ThemeTokens {
  light?: Palette;
  dark?: Palette;
  font?: string;
  /** Of buttons, fields and cards, in px. */
  radius?: number;
  /** URL of an image, shown instead of a name. */
  logo?: string;
}

export interface Appearance extends ThemeTokens {
  colorScheme?: ColorScheme;
  hideNavigation: boolean;
}

/** All parameters of the portal's URL. */
export const PARAMETERS = [
  "theme",
  "colorScheme",
  "darkMode",
  "primaryColor",
  "fontFamily",
  "radius",
  "icon",
  "logo",
  "hideNavigation",
] as const;

const FONT = /^[\p{L}\p{N} ,'"_-]{1,200}$/u;
const LOGO =
  /^(https:\/\/[^\s"'()\\]{1,2000}|data:image\/(png|jpeg|gif|webp|svg\+xml)[;,][^\s"'()\\]{1,100000})$/i;
const RADIUS_PX_MAX = 32;
const JSON_CHARS_MAX = 200_000;

/** Reads the query of the portal's URL. */
export function readAppearance(query: URLSearchParams): Appearance {
  const tokens = readTokens(query.get("theme"));
  const primary = color(query.get("primaryColor"));
  return {
    colorScheme: colorScheme(query.get("colorScheme") ?? query.get("darkMode")),
    hideNavigation: query.get("hideNavigation") === "true",
    light: { ...tokens.light, ...(primary && { primary }) },
    dark: { ...tokens.dark, ...(primary && { primary }) },
    font: font(query.get("fontFamily")) ?? tokens.font,
    radius: radius(query.get("radius")) ?? tokens.radius,
    logo: logo(query.get("icon") ?? query.get("logo")) ?? tokens.logo,
  };
}

function readTokens(text: string | null): ThemeTokens {
  if (text === null || text.length > JSON_CHARS_MAX) return {};
  try {
    const tokens: unknown = JSON.parse(text.startsWith("{") ? text : fromBase64Url(text));
    if (typeof tokens !== "object" || tokens === null) return {};
    const values = tokens as Record<string, unknown>;
    return {
      light: palette(values.light),
      dark: palette(values.dark),
      font: font(values.font),
      radius: radius(values.radius),
      logo: logo(values.logo),
    };
  } catch {
    return {};
  }
}

function fromBase64Url(text: string): string {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
}

function palette(value: unknown): Palette {
  if (typeof value !== "object" || value === null) return {};
  const { primary, background, text } = value as Record<string, unknown>;
  return { primary: color(primary), background: color(background), text: color(text) };
}

function color(value: unknown): Rgb | undefined {
  return typeof value === "string" ? parseColor(value.trim()) : undefined;
}

/** Names of fonts, each in quotes, so that none is read as anything else. */
function font(value: unknown): string | undefined {
  if (typeof value !== "string" || !FONT.test(value)) return undefined;
  const names = value.split(",").map((name) => name.replaceAll(/["']/g, "").trim());
  const quoted = names.filter((name) => name !== "").map((name) => `"${name}"`);
  return quoted.length > 0 ? quoted.join(", ") : undefined;
}

function radius(value: unknown): number | undefined {
  const pixels = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof pixels !== "number" || !(pixels >= 0)) return undefined;
  return Math.min(pixels, RADIUS_PX_MAX);
}

function logo(value: unknown): string | undefined {
  return typeof value === "string" && LOGO.test(value) ? value : undefined;
}

function colorScheme(value: string | null): ColorScheme | undefined {
  if (value === "true" || value === "dark") return "dark";
  if (value === "false" || value === "light") return "light";
  return value === "auto" ? "auto" : undefined;
}
