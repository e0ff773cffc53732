// A message of a tap in one line. Pure.
import { shown } from "./words.js";

export function summary(message) {
  const { msgid, msgtype, topic, body, frames, subscribe, unsubscribe, malformed } = message;
  if (malformed) return `malformed: ${malformed}`;
  if (subscribe !== undefined) return `subscribe ${shown(subscribe)}`;
  if (unsubscribe !== undefined) return `unsubscribe ${shown(unsubscribe)}`;
  const tag = msgid != null ? `${msgid} ${msgtype ?? ""} ` : topic !== undefined ? `${shown(topic)} ` : "";
  return tag + (frames ? frames.map(shown).join(" | ") : body !== undefined ? shown(body) : "");
}
