// Figures and moments in words. Pure.

const THOUSANDS = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** `1,204` up to 9,999, then `12.3k`, `4.5M`. */
export function count(value) {
  if (value < 1000) return String(Math.round(value));
  if (value < 10000) return THOUSANDS.format(value);
  const [divisor, unit] = value < 1e6 ? [1e3, "k"] : value < 1e9 ? [1e6, "M"] : [1e9, "G"];
  const short = value / divisor;
  return `${short < 100 ? short.toFixed(1) : Math.round(short)}${unit}`;
}

/** Messages a second, without digits that mean nothing. */
export function rate(value) {
  if (value >= 99.5) return count(value);
  if (value >= 9.95) return value.toFixed(0);
  return value < 0.05 ? "0" : value.toFixed(1).replace(/\.0$/, "");
}

/** `12 µs`, `3.4 ms`, `1.2 s`, `4 min`. */
export function duration(seconds) {
  if (seconds < 1e-3) return `${digits(seconds * 1e6)} µs`;
  if (seconds < 1) return `${digits(seconds * 1e3)} ms`;
  if (seconds < 100) return `${digits(seconds)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${digits(seconds / 3600)} h`;
}

function digits(value) {
  return value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : String(Math.round(value));
}

export function bytes(value) {
  if (value < 1024) return `${Math.round(value)} B`;
  if (value < 1024 ** 2) return `${digits(value / 1024)} KiB`;
  return value < 1024 ** 3 ? `${digits(value / 1024 ** 2)} MiB` : `${digits(value / 1024 ** 3)} GiB`;
}

/** `14:02:07`, of seconds since the epoch. */
export function clock(time) {
  return new Date(time * 1000).toLocaleTimeString("en-GB");
}

/** `2026-11-30 14:02:07` */
export function dated(time) {
  return `${new Date(time * 1000).toLocaleDateString("en-CA")} ${clock(time)}`;
}

/** `14:02:07.123` */
export function moment(time) {
  const part = Math.floor((time % 1) * 1000);
  return `${clock(time)}.${String(part).padStart(3, "0")}`;
}

/** `1 message`, `2 messages` */
export function several(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}

/** One line of text, at most so long. */
export function short(text, most = 120) {
  const line = text.replace(/\s+/g, " ");
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

/** What a value of a message says: text as it is, hex as hex, all else as JSON. */
export function shown(value) {
  if (typeof value === "string") return visible(value);
  if (value && typeof value === "object" && Object.keys(value).join() === "hex") {
    return `0x${value.hex}`;
  }
  return JSON.stringify(value);
}

/** Control characters as they are written, so that a peer's text cannot hide. */
function visible(text) {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (c) =>
    c === "\t" ? "\\t" : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
