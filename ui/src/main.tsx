import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { stayInUse } from "./api";
import { App } from "./app";
import { Boundary } from "./components/boundary";
import { newQueryClient } from "./queries";
import { at } from "./root";
import { watchTyping } from "./unsaved";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/controls.css";
import "./styles/dialog.css";
import "./styles/table.css";
import "./styles/states.css";
import "./styles/pages.css";

watchTyping(document);
document.addEventListener("input", stayInUse);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Boundary>
        <QueryClientProvider client={newQueryClient()}>
          <Router base={at("/ui")}>
            <App />
          </Router>
        </QueryClientProvider>
      </Boundary>
    </StrictMode>,
  );
}
