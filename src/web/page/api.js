// Questions to the server, and its answers. Shows nothing.

/** A question that went wrong: `status`, a sentence, and what else the server said. */
export class Refused extends Error {
  constructor(status, body) {
    super(body?.failed?.error ?? body?.error ?? `the server answers ${status}`);
    this.status = status;
    this.body = body ?? {};
  }
}

export async function get(path) {
  return answer(await reach(path));
}

export async function post(path, body = {}) {
  return answer(
    await reach(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
}

/** The text of a file of the server, such as the picture. */
export async function text(path) {
  const response = await reach(path);
  if (response.ok) return response.text();
  throw new Refused(response.status, await read(response));
}

async function reach(path, how) {
  try {
    return await fetch(path, { credentials: "same-origin", ...how });
  } catch {
    throw new Refused(0, { error: "the server does not answer: has it ended?" });
  }
}

async function answer(response) {
  const body = await read(response);
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

async function read(response) {
  const said = await response.text();
  try {
    return JSON.parse(said);
  } catch {
    return { error: said.trim() || undefined };
  }
}

/** Follows server-sent events: calls `hear[kind](data)` for each; the returned function ends it. */
export function follow(path, hear, onLost) {
  const source = new EventSource(path);
  for (const [kind, heard] of Object.entries(hear)) {
    source.addEventListener(kind, ({ data }) => {
      if (data !== undefined) heard(data ? JSON.parse(data) : {});
    });
  }
  source.onerror = () => onLost?.(source.readyState === EventSource.CLOSED);
  return () => source.close();
}
