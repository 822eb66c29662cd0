import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { removeFragment } from "../session/magic-link";
import { ThemeProvider } from "../theme/ThemeProvider";
import "./mantine.css";
import { openFragment, watchSession } from "./console-session";
import { consoleRouter } from "./routes";
import { readSignInFragment } from "./sign-in/fragment";

watchSession();
openAddress();
// A sign-in link that is opened in a tab with the console changes nothing but the fragment.
addEventListener("hashchange", openAddress);

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <ThemeProvider appearance={{ hideNavigation: false }}>
      <RouterProvider router={consoleRouter()} />
    </ThemeProvider>
  </StrictMode>,
);

function openAddress(): void {
  const fragment = readSignInFragment(location.hash);
  if (fragment === undefined) return;
  removeFragment();
  openFragment(fragment);
}
