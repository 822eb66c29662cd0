/**
 * How an embedding page wants the portal to look: URL parameters, and a JSON of tokens.
 *
 * `darkMode`, `primaryColor`, `fontFamily` and `icon` are what svix-react's `AppPortal` sends.
 * `theme` is the JSON of `ThemeTokens`, as text or in base64url. Parameters win over tokens.
 * Values that could be anything but a colour, a font, a length or an image are ignored.
 */

export type ColorScheme = "light" | "dark" | "auto";

export interface Palette {
  /** The colour of buttons, links and what is selected. */
  primary?: string;
  background?: string;
  text?: string;
}

export interface ThemeTokens {
  light?: Palette;
  dark?: Palette;
  font?: string;
  /** Of buttons, fields and cards, in px. */
  radius?: number;
  /** URL of an image, shown instead of the application's name. */
  logo?: string;
}

export interface Appearance extends ThemeTokens {
  colorScheme?: ColorScheme;
  hideNavigation: boolean;
}

const COLOR = /^(#[0-9a-f]{3,8}|[a-z]{3,30}|(rgb|rgba|hsl|hsla)\([\d\s.,%/deg]{1,60}\))$/i;
const FONT = /^[\p{L}\p{N} ,'"_-]{1,200}$/u;
const LOGO =
  /^(https:\/\/[^\s"'()\\]{1,2000}|data:image\/(png|jpeg|gif|webp|svg\+xml)[;,][^\s"'()\\]{1,100000})$/i;
const RADIUS_PX_MAX = 32;

/** Reads the query of the portal's URL. */
export function readAppearance(query: URLSearchParams): Appearance {
  const tokens = readTokens(query.get("theme"));
  const primary = color(query.get("primaryColor"));
  return {
    colorScheme: colorScheme(query.get("colorScheme") ?? query.get("darkMode")),
    hideNavigation: query.get("hideNavigation") === "true",
    light: { ...tokens.light, ...(primary && { primary }) },
    dark: { ...tokens.dark, ...(primary && { primary }) },
    font: matching(query.get("fontFamily"), FONT) ?? tokens.font,
    radius: tokens.radius,
    logo: matching(query.get("icon") ?? query.get("logo"), LOGO) ?? tokens.logo,
  };
}

function readTokens(text: string | null): ThemeTokens {
  if (text === null) return {};
  try {
    const json = text.startsWith("{") ? text : atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const { light, dark, font, radius, logo } = JSON.parse(json) as Record<string, unknown>;
    return {
      light: palette(light),
      dark: palette(dark),
      font: matching(font, FONT),
      radius:
        typeof radius === "number" && radius >= 0 ? Math.min(radius, RADIUS_PX_MAX) : undefined,
      logo: matching(logo, LOGO),
    };
  } catch {
    return {};
  }
}

function palette(value: unknown): Palette {
  if (typeof value !== "object" || value === null) return {};
  const { primary, background, text } = value as Record<string, unknown>;
  return { primary: color(primary), background: color(background), text: color(text) };
}

function color(value: unknown): string | undefined {
  return matching(value, COLOR);
}

function matching(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === "string" && pattern.test(value) ? value : undefined;
}

function colorScheme(value: string | null): ColorScheme | undefined {
  if (value === "true" || value === "dark") return "dark";
  if (value === "false" || value === "light") return "light";
  return value === "auto" ? "auto" : undefined;
}
