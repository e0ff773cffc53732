// Light or dark: as the system has it, or as one chose. Owns the choice.

const KEY = "zrig-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
let now = "system";

/** `system`, `light` or `dark`. */
export function theme() {
  try {
    return localStorage.getItem(KEY) ?? "system";
  } catch {
    return "system";
  }
}

export function setTheme(chosen) {
  now = chosen;
  show();
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // It holds as long as the page then.
  }
}

function show() {
  const system = dark.matches ? "dark" : "light";
  document.documentElement.dataset.theme = now === "system" ? system : now;
  document.dispatchEvent(new Event("zrig-theme"));
}

dark.addEventListener("change", show);
