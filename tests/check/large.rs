//! A large topology, for whoever measures.

/// Workers in groups behind brokers, by name, port and endpoint, with handlers and filters.
pub(crate) fn large(nodes: usize) -> String {
    let mut yaml = "defaults: {hwm: 100}\nnodes:\n".to_owned();
    for group in 0..nodes / 10 {
        let port = 1024 + group * 3;
        yaml += &format!(
            "  broker{group}:\n    sockets:\n      front: {{role: router, bind: {port}}}\n      \
             back: {{role: dealer, bind: 'tcp://127.0.0.1:{}'}}\n      news: {{role: pub, bind: {}}}\n    \
             forward: [front, back]\n    every: 1s\n    on_tick: send_to(\"news\", elapsed())\n",
            port + 1,
            port + 2
        );
        for worker in 0..9 {
            yaml += &format!(
                "  worker{group}-{worker}:\n    params: {{limit: {worker}}}\n    sockets:\n      \
                 jobs: {{role: rep, connect: {}}}\n      \
                 news: {{role: sub, connect: broker{group}.news, msgids: [1000, {}]}}\n    \
                 on_start: this.seen = 0\n    on_jobs: |\n      this.seen += 1;\n      \
                 `${{msg.text}} ${{param(\"limit\")}}`\n    on_news: print(msg.body)\n",
                port + 1,
                2000 + worker
            );
        }
    }
    yaml
}
