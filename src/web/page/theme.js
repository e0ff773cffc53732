// Light or dark: as the system has it, or as one chose. Owns the choice.

const KEY = "zrig-theme";

/** `system`, `light` or `dark`. */
export function theme() {
  try {
    return localStorage.getItem(KEY) ?? "system";
  } catch {
    return "system";
  }
}

export function setTheme(chosen) {
  document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // It holds as long as the page then.
  }
  document.dispatchEvent(new Event("zrig-theme"));
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
  document.dispatchEvent(new Event("zrig-theme")));
