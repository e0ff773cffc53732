// The same works written by hand with zeromq.js, for benches/compare.py to measure.
//
//     middle.js WORK IN OUT

const zmq = require("zeromq");

const [work, from, to] = process.argv.slice(2);

const handlers = {
  forward: (data) => data,
  append(data) {
    const text = data.toString();
    const first = text.indexOf(" ");
    const second = text.indexOf(" ", first + 1);
    if (Number(text.slice(0, first)) === 1000) return `1000 text ${text.slice(second + 1)}!`;
  },
  json(data) {
    const value = JSON.parse(data);
    value.celsius += 1;
    return JSON.stringify(value);
  },
  filter(data) {
    const text = data.toString();
    if (Number(text.slice(0, text.indexOf(" "))) === 1000) return data;
  },
  rep: (data) => data.toString() + "!",
};

// When a peer has just gone, zeromq.js may say that it cannot send now instead of waiting.
async function send(socket, data) {
  for (;;) {
    try {
      return await socket.send(data);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function main() {
  const handle = handlers[work];
  if (work === "rep") {
    const socket = new zmq.Reply();
    await socket.bind(from);
    for await (const [data] of socket) await send(socket, handle(data));
  }
  const source = new zmq.Pull();
  const target = new zmq.Push();
  await source.bind(from);
  await target.bind(to);
  for await (const [data] of source) {
    const answer = handle(data);
    if (answer !== undefined) await send(target, answer);
  }
}

main();
