import { createTheme, type MantineColorsTuple, MantineProvider } from "@mantine/core";
import { setNonce } from "get-nonce";
import type { ReactNode } from "react";
import type { Appearance, Palette } from "./appearance";
import "./mantine.css";

const FONT =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif";
const MONOSPACE = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace";
const PRIMARY = "#2f5fd0";

const RED_FILLED = {
  "--mantine-color-red-filled": "var(--mantine-color-red-9)",
  "--mantine-color-red-filled-hover": "color-mix(in srgb, var(--mantine-color-red-9), black 12%)",
};

/** Mantine's own quiet and red colours have too little contrast for small text (WCAG 2.2, 1.4.3). */
const CONTRAST = {
  light: {
    "--mantine-color-dimmed": "var(--mantine-color-gray-7)",
    "--mantine-color-placeholder": "var(--mantine-color-gray-7)",
    "--mantine-color-error": "var(--mantine-color-red-9)",
    "--mantine-color-red-outline": "var(--mantine-color-red-9)",
    ...RED_FILLED,
  },
  dark: {
    "--mantine-color-dimmed": "var(--mantine-color-dark-1)",
    "--mantine-color-placeholder": "var(--mantine-color-dark-1)",
    "--mantine-color-error": "var(--mantine-color-red-4)",
    "--mantine-color-red-outline": "var(--mantine-color-red-4)",
    ...RED_FILLED,
  },
};

/** The nonce of this page's Content-Security-Policy, for the styles that components add. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
setNonce(nonce);

/** Mantine's provider with our theme, changed by what the embedding page wants. */
export function ThemeProvider(props: { appearance: Appearance; children: ReactNode }) {
  const { appearance } = props;
  const scheme = appearance.colorScheme ?? "auto";
  return (
    <MantineProvider
      theme={themeOf(appearance)}
      cssVariablesResolver={() => ({
        variables: {},
        light: { ...CONTRAST.light, ...paletteVariables(appearance.light) },
        dark: { ...CONTRAST.dark, ...paletteVariables(appearance.dark) },
      })}
      defaultColorScheme={scheme}
      forceColorScheme={scheme === "auto" ? undefined : scheme}
      getStyleNonce={() => nonce}
    >
      {props.children}
    </MantineProvider>
  );
}

function themeOf(appearance: Appearance) {
  const { font, radius, light } = appearance;
  return createTheme({
    colors: { brand: shades(light?.primary ?? PRIMARY) },
    primaryColor: "brand",
    primaryShade: { light: 6, dark: 7 },
    autoContrast: true,
    fontFamily: font ? `${font}, ${FONT}` : FONT,
    fontFamilyMonospace: MONOSPACE,
    headings: { fontFamily: font ? `${font}, ${FONT}` : FONT, fontWeight: "600" },
    defaultRadius: radius === undefined ? "sm" : radius,
    respectReducedMotion: true,
  });
}

/** Mantine's colours of a scheme that the embedding page replaces. */
function paletteVariables(palette: Palette | undefined) {
  const variables: Record<string, string> = {};
  if (palette?.background) variables["--mantine-color-body"] = palette.background;
  if (palette?.text) variables["--mantine-color-text"] = palette.text;
  if (palette?.primary) {
    variables["--mantine-primary-color-filled"] = palette.primary;
    variables["--mantine-primary-color-filled-hover"] =
      `color-mix(in srgb, ${palette.primary}, black 12%)`;
    variables["--mantine-color-anchor"] = palette.primary;
  }
  return variables;
}

/** Ten shades around a colour, from nearly white to nearly black. */
function shades(color: string): MantineColorsTuple {
  const mixed = (other: string, percent: number) =>
    `color-mix(in srgb, ${color}, ${other} ${percent}%)`;
  return [
    mixed("white", 92),
    mixed("white", 82),
    mixed("white", 66),
    mixed("white", 48),
    mixed("white", 28),
    mixed("white", 12),
    color,
    mixed("black", 10),
    mixed("black", 24),
    mixed("black", 38),
  ];
}
