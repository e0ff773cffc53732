// What the page uses of Preact, with templates by htm in place of JSX.
import { h, render } from "preact";
import htm from "htm";

export { render };
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export const html = htm.bind(h);
