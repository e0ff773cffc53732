//! What the runs of all places have sent and received, as far as they tell each other.
//!
//! Owns the tally: what is told, how what is heard is taken into it, and which sums it knows. Nobody
//! counts here, and nothing is sent. What is heard comes from outside: it may be anything, and is bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::lock::locked;

/// How old the word of another place may be before nobody knows what it counts.
const FRESH: Duration = Duration::from_secs(5);
/// More runs of a place than this are not remembered.
const RUNS: usize = 256;
/// More places, or sockets of a run, than this nobody has.
const MOST: usize = 4096;
/// The longest text that is taken for a tally.
pub const MOST_BYTES: usize = 4 << 20;

/// What one place tells the others.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Told {
    /// The topology's name.
    pub topology: String,
    /// Who tells it.
    pub place: String,
    /// Which of its runs.
    pub run: String,
    /// What it knows of all runs of all places, its own among them.
    pub places: BTreeMap<String, BTreeMap<String, RunTally>>,
}

/// What one run of a place counted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RunTally {
    /// How often it had told it: what has the higher number is newer.
    pub told: u64,
    /// Whether the run is over, and this is all.
    pub ended: bool,
    /// Its sockets that have to do with other places, as `NODE.SOCKET`.
    pub sockets: BTreeMap<String, Counted>,
}

/// What one socket counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counted {
    /// Messages sent, those among them that were dropped.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
    /// Messages that no peer was there for, or had room for.
    pub dropped: u64,
    /// Whether it is connected with others than sockets of the file.
    pub strangers: bool,
}

/// The sums of what several sockets counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
    /// Messages dropped.
    pub dropped: u64,
}

/// Where a run keeps its tally, for all who write and read it.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    told: Told,
    /// The places of the file: of others nothing is kept.
    known: BTreeSet<String>,
    /// When each place was heard last, and of which of its runs.
    heard: BTreeMap<String, (String, Instant)>,
}

impl Tally {
    /// The run that keeps it has this name, is of that topology and at that place, one of these.
    pub fn begin<'p>(
        &self,
        run: &str,
        topology: &str,
        place: &str,
        places: impl Iterator<Item = &'p str>,
    ) {
        let mut kept = locked(&self.0);
        kept.known = places.map(str::to_owned).collect();
        let (run, topology, place) = (run.to_owned(), topology.to_owned(), place.to_owned());
        kept.told = Told { topology, place, run, places: std::mem::take(&mut kept.told.places) };
    }

    /// Notes what this run counted, and whether that is all; the result is what others are told.
    #[must_use]
    pub fn tell(&self, sockets: BTreeMap<String, Counted>, ended: bool) -> Told {
        let mut kept = locked(&self.0);
        let (place, run) = (kept.told.place.clone(), kept.told.run.clone());
        let own = kept.told.places.entry(place).or_default().entry(run).or_default();
        if !own.ended {
            *own = RunTally { told: own.told + 1, ended, sockets };
        }
        kept.told.clone()
    }

    /// What others were told last.
    #[must_use]
    pub fn told(&self) -> Told {
        locked(&self.0).told.clone()
    }

    /// Takes in what came of another place: a text in which it stands.
    ///
    /// # Errors
    ///
    /// When it is none, or of another topology.
    pub fn hear(&self, text: &[u8]) -> Result<(), String> {
        if text.len() > MOST_BYTES {
            return Err(format!("{} bytes are no counts of places", text.len()));
        }
        let from = text.iter().position(|byte| *byte == b'{').unwrap_or(text.len());
        let heard: Told = serde_json::from_slice(&text[from..])
            .map_err(|error| format!("no counts of a place: {error}"))?;
        let mut kept = locked(&self.0);
        if heard.topology != kept.told.topology {
            return Err(format!("the counts of another topology, {:?}", heard.topology));
        }
        if !kept.known.contains(&heard.place) {
            return Err(format!("the counts of no place of this file, {:?}", heard.place));
        }
        let many = heard
            .places
            .values()
            .any(|runs| runs.len() > RUNS || runs.values().any(|run| run.sockets.len() > MOST));
        if many || heard.places.len() > MOST {
            return Err("counts of more places, runs or sockets than there can be".to_owned());
        }
        let own = (kept.told.place.clone(), kept.told.run.clone());
        if heard.place == own.0 && heard.run == own.1 {
            return Ok(());
        }
        kept.heard.insert(heard.place, (heard.run, clock::now()));
        for (place, runs) in heard.places {
            if !kept.known.contains(&place) {
                continue;
            }
            for (run, counted) in runs {
                // Of itself a run knows more than others do.
                if (&place, &run) != (&own.0, &own.1) {
                    kept.take(&place, run, counted);
                }
            }
        }
        Ok(())
    }

    /// What sockets of several places have counted together; nothing where one of them is not known:
    /// `NODE.SOCKET` by place.
    #[must_use]
    pub fn sums<'p>(&self, ports: impl Iterator<Item = (&'p str, String)>) -> Option<Sums> {
        let kept = locked(&self.0);
        let mut sums = Sums::default();
        for (place, port) in ports {
            let runs = kept.known_runs(place)?;
            for counted in runs.filter_map(|run| run.sockets.get(&port)) {
                if counted.strangers {
                    return None;
                }
                sums.sent = sums.sent.saturating_add(counted.sent);
                sums.received = sums.received.saturating_add(counted.received);
                sums.dropped = sums.dropped.saturating_add(counted.dropped);
            }
        }
        Some(sums)
    }
}

impl Kept {
    /// Takes in what one run counted, unless something newer is known.
    fn take(&mut self, place: &str, run: String, counted: RunTally) {
        let runs = self.told.places.entry(place.to_owned()).or_default();
        let is_newer = runs.get(&run).is_none_or(|known| known.told < counted.told);
        if is_newer && (runs.contains_key(&run) || runs.len() < RUNS) {
            runs.insert(run, counted);
        }
    }

    /// All runs of a place, if what each of them counted is known: those before have told that they are
    /// over, and the one that runs has been heard of just now, or is over too.
    fn known_runs(&self, place: &str) -> Option<impl Iterator<Item = &RunTally>> {
        let runs = self.told.places.get(place).filter(|runs| runs.len() < RUNS)?;
        let current = if place == self.told.place {
            Some(self.told.run.as_str())
        } else {
            let heard = self.heard.get(place).filter(|(_, at)| clock::since(*at) < FRESH);
            heard.map(|(run, _)| run.as_str())
        };
        let is_known =
            |(run, tally): (&String, &RunTally)| tally.ended || Some(run.as_str()) == current;
        runs.iter().all(is_known).then(|| runs.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(sent: u64, received: u64) -> BTreeMap<String, Counted> {
        let counted = Counted { sent, received, ..Counted::default() };
        BTreeMap::from([("x.out".to_owned(), counted)])
    }

    fn tally(place: &str, run: &str) -> Tally {
        let tally = Tally::default();
        tally.begin(run, "fleet", place, ["edge", "hall"].into_iter());
        tally
    }

    fn tells(from: &Tally, to: &Tally) {
        to.hear(&serde_json::to_vec(&from.told()).unwrap()).unwrap();
    }

    fn sums(tally: &Tally, places: &[&str]) -> Option<(u64, u64)> {
        let ports = places.iter().map(|place| (*place, "x.out".to_owned()));
        tally.sums(ports).map(|sums| (sums.sent, sums.received))
    }

    #[test]
    fn what_is_not_heard_is_not_known_and_a_run_that_is_over_stays_known() {
        clock::paused(async {
            let (edge, hall) = (tally("edge", "1"), tally("hall", "1"));
            let _ = edge.tell(counted(10, 0), false);
            assert_eq!(sums(&edge, &["edge", "hall"]), None);
            let _ = hall.tell(counted(0, 7), false);
            tells(&hall, &edge);
            assert_eq!(sums(&edge, &["edge", "hall"]), Some((10, 7)));
            clock::sleep(FRESH).await;
            assert_eq!(sums(&edge, &["edge", "hall"]), None, "it may have counted more");
            let _ = hall.tell(counted(0, 8), true);
            tells(&hall, &edge);
            clock::sleep(10 * FRESH).await;
            assert_eq!(sums(&edge, &["edge", "hall"]), Some((10, 8)));
        });
    }

    #[test]
    fn a_place_that_is_back_hears_of_the_others_what_it_counted_before() {
        let (edge, hall) = (tally("edge", "1"), tally("hall", "1"));
        let _ = (edge.tell(counted(10, 0), false), hall.tell(counted(0, 7), true));
        tells(&hall, &edge);
        let hall = tally("hall", "2");
        let _ = hall.tell(counted(0, 2), false);
        assert_eq!(sums(&hall, &["edge", "hall"]), None);
        tells(&edge, &hall);
        tells(&hall, &edge);
        assert_eq!(sums(&hall, &["edge", "hall"]), Some((10, 9)));
        assert_eq!(sums(&edge, &["edge", "hall"]), Some((10, 9)));
        // One that ended without a word counted nobody knows what.
        let again = tally("hall", "3");
        let _ = again.tell(counted(0, 1), false);
        tells(&again, &edge);
        assert_eq!(sums(&edge, &["edge", "hall"]), None);
        // What comes late is older.
        tells(&hall, &edge);
        let told = edge.told();
        assert_eq!(told.places["hall"]["1"].sockets["x.out"].received, 7);
    }

    #[test]
    fn strangers_make_it_unknown_and_what_is_no_tally_is_refused() {
        let (edge, hall) = (tally("edge", "1"), tally("hall", "1"));
        let mut told = counted(3, 0);
        told.get_mut("x.out").unwrap().strangers = true;
        let _ = hall.tell(told, false);
        tells(&hall, &edge);
        assert_eq!(sums(&edge, &["hall"]), None);
        let mut other = hall.told();
        other.topology = "other".to_owned();
        let stranger = tally("nowhere", "1");
        for (text, word) in [
            (serde_json::to_vec(&stranger.told()).unwrap(), "no place of this file"),
            (b"1000 json [1]".to_vec(), "no counts"),
            (Vec::new(), "no counts"),
            (b"{}".to_vec(), "no counts"),
            (serde_json::to_vec(&other).unwrap(), "another topology"),
            (vec![b'{'; MOST_BYTES + 1], "bytes"),
        ] {
            assert!(edge.hear(&text).unwrap_err().contains(word), "{word}");
        }
        // Nobody else says what a run counts itself.
        let _ = edge.tell(counted(5, 0), false);
        let mut forged = hall.told();
        let run = RunTally { told: 99, ..RunTally::default() };
        forged.places.insert("edge".to_owned(), BTreeMap::from([("1".to_owned(), run)]));
        edge.hear(&serde_json::to_vec(&forged).unwrap()).unwrap();
        assert_eq!(sums(&edge, &["edge"]), Some((5, 0)));
    }
}
