// What runs, node by node.
const run = document.querySelector("#run");
const list = document.querySelector("#nodes");
const nodes = new Map();

function show() {
  list.replaceChildren(...[...nodes.values()].map((node) => {
    const item = document.createElement("li");
    const rate = node.sockets.reduce((sum, it) => sum + (it.in_rate ?? 0) + (it.out_rate ?? 0), 0);
    item.textContent = `${node.instance}: ${node.status}, ${rate} messages/s`;
    return item;
  }));
}

const stream = new EventSource("/api/stream");
stream.addEventListener("run", (event) => {
  const told = JSON.parse(event.data);
  run.textContent = told.gone ? `${told.name} has ended` : `${told.name}, generation ${told.generation}`;
});
stream.addEventListener("figures", (event) => {
  const told = JSON.parse(event.data);
  if (told.whole) nodes.clear();
  for (const node of told.nodes) nodes.set(node.instance, node);
  show();
});
