import { MantineProvider } from "@mantine/core";
import { setNonce } from "get-nonce";
import type { ReactNode } from "react";
import type { Appearance } from "./appearance";
import { schemeVariables, themeOf } from "./theme";
import "./mantine.css";

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
        light: schemeVariables("light", appearance.light),
        dark: schemeVariables("dark", { primary: appearance.light?.primary, ...appearance.dark }),
      })}
      defaultColorScheme={scheme}
      forceColorScheme={scheme === "auto" ? undefined : scheme}
      getStyleNonce={() => nonce}
    >
      {props.children}
    </MantineProvider>
  );
}
