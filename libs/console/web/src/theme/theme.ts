/** Mantine's theme and variables, changed by what the embedding page wants. */

import {
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  virtualColor,
} from "@mantine/core";
import type { Appearance, Palette } from "./appearance";
import {
  BLACK,
  contrast,
  mix,
  type Rgb,
  readableOn,
  TEXT_CONTRAST,
  textOn,
  toHex,
  WHITE,
} from "./color";

const FONT =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif";
const MONOSPACE = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace";
const PRIMARY: Rgb = [0x2f, 0x5f, 0xd0];
/** The luminance from which black can be read better than white. */
const LUMINANCE_THRESHOLD = 0.179;

type SchemeName = "light" | "dark";

/** What text and links stand on: the page, and rows that are pointed at or chosen. */
const BACKGROUNDS: Record<SchemeName, [page: Rgb, raised: Rgb]> = {
  light: [WHITE, [0xf1, 0xf3, 0xf5]],
  dark: [
    [0x24, 0x24, 0x24],
    [0x3b, 0x3b, 0x3b],
  ],
};
const TEXT: Record<SchemeName, Rgb> = { light: BLACK, dark: [0xc9, 0xc9, 0xc9] };

/** Mantine's own quiet colors have too little contrast for small text (WCAG 2.2, 1.4.3). */
const QUIET: Record<SchemeName, Rgb> = {
  light: [0x49, 0x50, 0x57],
  dark: [0xb8, 0xb8, 0xb8],
};

/** Mantine's reds have too little contrast, too: as small text, and under white text. */
const RED: Record<SchemeName, string> = {
  light: "var(--mantine-color-red-9)",
  dark: "var(--mantine-color-red-4)",
};
const RED_FILLED = "var(--mantine-color-red-9)";

export function themeOf(appearance: Appearance) {
  const { font, radius, light, dark } = appearance;
  const fontFamily = font ? `${font}, ${FONT}` : FONT;
  return createTheme({
    colors: {
      brand: virtualColor({ name: "brand", light: "brandLight", dark: "brandDark" }),
      brandLight: shades(light?.primary ?? PRIMARY),
      brandDark: shades(dark?.primary ?? light?.primary ?? PRIMARY),
    },
    primaryColor: "brand",
    primaryShade: 6,
    autoContrast: true,
    luminanceThreshold: LUMINANCE_THRESHOLD,
    variantColorResolver: (input) => {
      const colors = defaultVariantColorsResolver(input);
      // Black is chosen for Mantine's own red, and not for the darker one that is used.
      const isRed = input.variant === "filled" && input.color === "red";
      return isRed ? { ...colors, color: "var(--mantine-color-white)" } : colors;
    },
    fontFamily,
    fontFamilyMonospace: MONOSPACE,
    headings: { fontFamily, fontWeight: "600" },
    defaultRadius: radius === undefined ? "sm" : radius,
    respectReducedMotion: true,
  });
}

/** Variables of a color scheme: whatever colors were chosen, text and links can be read. */
export function schemeVariables(scheme: SchemeName, palette: Palette = {}) {
  const [page, raised] = backgroundsOf(scheme, palette.background);
  const primary = palette.primary ?? PRIMARY;
  const text = readableOn(palette.text ?? TEXT[scheme], page, raised);
  const [light, lightHover] = [mix(page, primary, 0.14), mix(page, primary, 0.22)];
  const quiet = palette.text === undefined ? QUIET[scheme] : mix(text, page, 0.25);
  const variables: Record<string, string> = {
    "--mantine-color-dimmed": toHex(readableOn(quiet, page, raised)),
    "--mantine-color-placeholder": toHex(readableOn(quiet, page, raised)),
    "--mantine-color-anchor": toHex(readableOn(primary, page, raised)),
    "--mantine-color-error": RED[scheme],
    "--mantine-color-red-outline": RED[scheme],
    "--mantine-color-red-filled": RED_FILLED,
    "--mantine-color-red-filled-hover": `color-mix(in srgb, ${RED_FILLED}, black 12%)`,
    "--mantine-color-brand-text": toHex(readableOn(primary, page, raised)),
    "--mantine-color-brand-outline": toHex(readableOn(primary, page, raised)),
    "--mantine-color-brand-light": toHex(light),
    "--mantine-color-brand-light-hover": toHex(lightHover),
    "--mantine-color-brand-light-color": toHex(readableOn(primary, light, lightHover)),
    // Further from the text on it, not nearer.
    "--mantine-color-brand-filled-hover": toHex(
      mix(primary, textOn(primary) === WHITE ? BLACK : WHITE, 0.12),
    ),
  };
  if (palette.background !== undefined || palette.text !== undefined)
    variables["--mantine-color-text"] = toHex(text);
  if (palette.background === undefined) return variables;
  return {
    ...variables,
    "--mantine-color-body": toHex(page),
    "--mantine-color-default": toHex(page),
    "--mantine-color-default-color": toHex(text),
    "--mantine-color-default-hover": toHex(raised),
    "--mantine-color-default-border": toHex(mix(page, textOn(page), 0.22)),
  };
}

function backgroundsOf(scheme: SchemeName, chosen: Rgb | undefined): [Rgb, Rgb] {
  if (chosen === undefined) return BACKGROUNDS[scheme];
  const text = textOn(chosen);
  const nearer = mix(chosen, text, 0.06);
  if (contrast(text, nearer) >= TEXT_CONTRAST) return [chosen, nearer];
  return [chosen, mix(chosen, text === WHITE ? BLACK : WHITE, 0.06)];
}

/** Ten shades around a color, from nearly white to nearly black. */
function shades(color: Rgb): MantineColorsTuple {
  const lighter = [0.92, 0.82, 0.66, 0.48, 0.28, 0.12].map((share) => mix(color, WHITE, share));
  const darker = [0.1, 0.24, 0.38].map((share) => mix(color, BLACK, share));
  return [...lighter, color, ...darker].map(toHex) as unknown as MantineColorsTuple;
}
