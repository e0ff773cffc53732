use std::time::{Duration, SystemTime};

use super::virtual_time::in_virtual_time;
use crate::clock;
use crate::event::{Events, Heard};
use crate::simulation::Network;
use crate::supervisor::{Haste, Supervisor};
use crate::topology::sound;

#[test]
fn smoke() {
    let text = "
nodes:
  ticker: {role: push, bind: 'tcp://127.0.0.1:20001', every: 1s, on_tick: '`tick ${tick}`'}
  worker: {replicas: 2, sockets: {in: {role: pull, connect: ticker}, out: {role: push, connect: sink}}, on_message: 'msg.text + \" done\"'}
  sink: {role: pull, bind: 'inproc://sink', on_message: 'print(msg.text)'}
";
    for seed in 0..3 {
        let network = Network::new(seed);
        let topology = sound(text);
        let begun = std::time::Instant::now();
        let log = in_virtual_time(&network, async {
            let events = Events::new();
            let mut reader = events
                .subscribe(crate::backlog::Room { entries: 100_000, bytes: 64 << 20 }, |_| true);
            let mut supervisor =
                Supervisor::simulated(&network, SystemTime::UNIX_EPOCH, events.clone()).unwrap();
            supervisor.start(&topology).await.unwrap();
            clock::sleep(Duration::from_secs(3600)).await;
            supervisor.stop(Haste::Drain).await;
            drop(supervisor);
            drop(events);
            let mut log = Vec::new();
            while let Some(Heard::Event(told)) = reader.try_next() {
                log.push(format!("{:?} {:?}", told.event.node, told.event.kind));
            }
            log
        })
        .unwrap();
        println!("{:?} {}", begun.elapsed(), log.len());
        for line in log.iter().take(30) {
            println!("{line}");
        }
    }
}
