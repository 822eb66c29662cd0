import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "../api/query-client";
import { ThemeProvider } from "../theme/ThemeProvider";
import { appearanceFromAddress, followFragment, signInFromAddress } from "./arrival";
import { tellHeight } from "./embedding";
import { portalRouter } from "./routes";

const appearance = appearanceFromAddress();
signInFromAddress();
followFragment();
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
