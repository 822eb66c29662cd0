import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "../api/query-client";
import { ThemeProvider } from "../theme/ThemeProvider";
import { consoleRouter } from "./routes";

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <ThemeProvider appearance={{ hideNavigation: false }}>
      <QueryClientProvider client={createQueryClient()}>
        <RouterProvider router={consoleRouter()} />
      </QueryClientProvider>
    </ThemeProvider>
  </StrictMode>,
);
