//! A sequence for a terminal: a column a lane, a line a moment.
//!
//! Owns the columns. Prints nothing.

use super::{Moment, Sequence, What, seconds};
use crate::visible::visible;

/// How far lanes are apart at least, and at most.
const APART: (usize, usize) = (12, 22);
/// How wide the column of the times is.
const TIMES: usize = 12;

/// Draws a sequence.
#[must_use]
pub fn text(sequence: &Sequence) -> String {
    let lanes: Vec<String> = sequence.lanes.iter().map(|lane| visible(lane).into_owned()).collect();
    let longest = lanes.iter().map(|lane| lane.chars().count()).max().unwrap_or(0);
    let apart = (longest + 2).clamp(APART.0, APART.1);
    let mut text = " ".repeat(TIMES);
    for lane in &lanes {
        let name: String = lane.chars().take(apart - 1).collect();
        text.push_str(&format!("{name:^apart$}"));
    }
    text = text.trim_end().to_owned() + "\n";
    let names = text.clone();
    let mut before = None;
    for moment in &sequence.moments {
        // A time that has been said stands for all that happens at it.
        let time = Some(moment.at).filter(|at| before != Some(*at)).map(seconds);
        before = Some(moment.at);
        let time = time.unwrap_or_default();
        let row = row(moment, lanes.len(), apart);
        let said = said(moment);
        text.push_str(&format!("{time:>width$}  {row}  {said}\n", width = TIMES - 2));
    }
    if sequence.is_long() {
        text.push_str(&names);
    }
    text
}

/// The lanes at a moment, and what goes between them.
fn row(moment: &Moment, lanes: usize, apart: usize) -> String {
    let middle = |lane: usize| lane * apart + apart / 2;
    let mut row: Vec<char> = vec![' '; lanes * apart];
    (0..lanes).for_each(|lane| row[middle(lane)] = '│');
    match &moment.what {
        What::Message { from, to: Some(to), .. } if from != to => {
            let (near, far) = (middle(*from), middle(*to));
            for place in &mut row[near.min(far) + 1..near.max(far)] {
                *place = if *place == '│' { '┼' } else { '─' };
            }
            row[near] = if far > near { '├' } else { '┤' };
            row[if far > near { far - 1 } else { far + 1 }] =
                if far > near { '▶' } else { '◀' };
        }
        What::Message { from, to: Some(_), .. } => row[middle(*from)] = '↻',
        What::Message { from, to: None, .. } => {
            let near = middle(*from);
            row[near] = '├';
            (near + 1..near + 4).for_each(|at| row[at] = '─');
            row[near + 4] = '✗';
        }
        What::Note { lane, is_alarm, .. } => {
            row[middle(*lane)] = if *is_alarm { '✗' } else { '●' };
        }
        What::Step { .. } => {
            (0..lanes).for_each(|lane| row[middle(lane)] = '┊');
        }
    }
    row.into_iter().collect()
}

fn said(moment: &Moment) -> String {
    match &moment.what {
        What::Message { text, arrived, to, .. } => {
            let late = arrived.map(|arrived| arrived.saturating_sub(moment.at));
            let late = late.filter(|late| !late.is_zero());
            let more = match (late, to) {
                (Some(late), _) => format!("  (on its way for {})", seconds(late)),
                (None, None) => "  (has not arrived)".to_owned(),
                (None, Some(_)) => String::new(),
            };
            format!("{}{more}", visible(text))
        }
        What::Note { text, .. } => visible(text).into_owned(),
        What::Step { text } => format!("── {} ──", visible(text)),
    }
}
