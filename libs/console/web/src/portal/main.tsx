import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "../api/query-client";
import { readMagicLink, removeFragment } from "../session/magic-link";
import { signIn } from "../session/session";
import { readAppearance } from "../theme/appearance";
import { ThemeProvider } from "../theme/ThemeProvider";
import { tellHeight } from "./embedding";
import { portalRouter } from "./routes";

const appearance = readAppearance(new URLSearchParams(location.search));
const session = readMagicLink(location.hash);
if (session !== undefined) {
  signIn(session);
  removeFragment();
}
tellHeight();

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <ThemeProvider appearance={appearance}>
      <QueryClientProvider client={createQueryClient()}>
        <RouterProvider router={portalRouter(appearance)} />
      </QueryClientProvider>
    </ThemeProvider>
  </StrictMode>,
);
