//! The columns of the table: what each says, how wide it is, and which stay where room is short.
//!
//! Owns that a narrow terminal loses whole columns, the least important first. Pure.

use super::history::SPAN;
use super::order::By;
use super::table::{rate, time};
use super::tree::{Sums, Trouble};

/// A column beside the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    Status,
    Chart,
    In,
    Out,
    Waiting,
    Blocked,
    Busy,
    Mean,
    P99,
    Dropped,
    Dropping,
    Failed,
    Peers,
}

/// In the order in which they stand.
const COLUMNS: [Column; 13] = [
    Column::Status,
    Column::Chart,
    Column::In,
    Column::Out,
    Column::Waiting,
    Column::Blocked,
    Column::Busy,
    Column::Mean,
    Column::P99,
    Column::Dropped,
    Column::Dropping,
    Column::Failed,
    Column::Peers,
];

/// In the order in which they are given room.
const WORTH: [Column; 13] = [
    Column::In,
    Column::Out,
    Column::Waiting,
    Column::Dropped,
    Column::Status,
    Column::Chart,
    Column::Busy,
    Column::Failed,
    Column::Blocked,
    Column::Mean,
    Column::Dropping,
    Column::P99,
    Column::Peers,
];

/// The mark of trouble and the space behind it.
pub(super) const MARK: usize = 2;
/// Cells of a name at least, where it has so many.
const NAME_MIN: usize = 8;
/// Widths of a chart: each bar is of as many whole seconds.
const CHARTS: [usize; 5] = [10, 12, 15, 20, 30];

/// How a table is laid out in a width.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Columns {
    /// Cells of the name, with what stands before it to show the tree.
    pub(super) name: usize,
    /// The others and their cells.
    pub(super) others: Vec<(Column, usize)>,
    /// Cells between two of them.
    pub(super) gap: usize,
}

impl Columns {
    /// The layout for names of at most so many cells.
    pub(super) fn fit(width: usize, longest: usize) -> Self {
        let name_least = longest.min(NAME_MIN.max(width / 5));
        let room = width.saturating_sub(MARK + name_least);
        let (mut chosen, mut taken) = (Vec::new(), 0);
        for column in WORTH {
            if taken + 1 + column.width() <= room {
                taken += 1 + column.width();
                chosen.push(column);
            }
        }
        let mut others: Vec<(Column, usize)> = COLUMNS
            .into_iter()
            .filter(|column| chosen.contains(column))
            .map(|column| (column, column.width()))
            .collect();
        let mut spare = room - taken;
        // Names that are cut come before what is only more pleasant.
        let name = name_least + spare.min(longest - name_least);
        spare -= name - name_least;
        let gap = if spare >= others.len() { 2 } else { 1 };
        spare -= if gap == 2 { others.len() } else { 0 };
        if let Some((_, cells)) = others.iter_mut().find(|(column, _)| *column == Column::Chart) {
            let wider = CHARTS.iter().rev().find(|&&wide| wide <= *cells + spare);
            *cells = wider.copied().unwrap_or(*cells).max(*cells);
        }
        Self { name, others, gap }
    }
}

impl Column {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Status => "STATUS",
            Self::Chart => "LAST MIN",
            Self::In => "IN/s",
            Self::Out => "OUT/s",
            Self::Waiting => "WAITING",
            Self::Blocked => "BLOCKED",
            Self::Busy => "BUSY",
            Self::Mean => "MEAN",
            Self::P99 => "P99",
            Self::Dropped => "DROPPED",
            Self::Dropping => "DROP/s",
            Self::Failed => "FAILED",
            Self::Peers => "PEERS",
        }
    }

    /// What it says, in a few words.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Status => "what the node does, or the socket's role",
            Self::Chart => "messages in and out, each row by its own largest",
            Self::In => "messages received",
            Self::Out => "messages sent",
            Self::Waiting => "messages that wait in the node for room, or on their way to it",
            Self::Blocked => "how much of the time a message waited for room",
            Self::Busy => "how much of the time handlers took, of the busiest copy",
            Self::Mean => "time of a handler's call",
            Self::P99 => "99 of 100 calls took no longer",
            Self::Dropped => "messages dropped since the start",
            Self::Dropping => "messages dropped each second now",
            Self::Failed => "handler calls that failed; of a program, how often it was restarted",
            Self::Peers => "connections whose handshake is done",
        }
    }

    /// Every column, as they stand.
    pub(super) fn all() -> [Self; 13] {
        COLUMNS
    }

    /// The order that it can be sorted by.
    pub(super) fn by(self) -> Option<By> {
        match self {
            Self::In => Some(By::In),
            Self::Out => Some(By::Out),
            Self::Waiting => Some(By::Waiting),
            Self::Busy => Some(By::Busy),
            Self::Dropped => Some(By::Dropped),
            Self::Status
            | Self::Chart
            | Self::Blocked
            | Self::Mean
            | Self::P99
            | Self::Dropping
            | Self::Failed
            | Self::Peers => None,
        }
    }

    /// Cells, with one for the mark of what is sorted by.
    fn width(self) -> usize {
        match self {
            Self::Status => 9,
            Self::Chart => CHARTS[0],
            Self::In | Self::Out => 6,
            Self::Waiting | Self::Dropped => 8,
            Self::Blocked | Self::Mean | Self::P99 | Self::Dropping => 7,
            Self::Failed => 6,
            Self::Busy | Self::Peers => 5,
        }
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Status | Self::Chart)
    }

    /// What stands in a row; a chart is drawn.
    pub(super) fn cell(self, sums: &Sums) -> String {
        let time = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), time);
        let handler = sums.handler.as_ref();
        match self {
            // What a program does it knows alone.
            Self::In
            | Self::Out
            | Self::Waiting
            | Self::Blocked
            | Self::Dropped
            | Self::Dropping
            | Self::Peers
                if sums.restarts.is_some() =>
            {
                "-".to_owned()
            }
            Self::Failed if let Some(restarts) = sums.restarts => count(restarts),
            Self::Status => sums.status.clone(),
            Self::Chart => String::new(),
            Self::In => rate(sums.received),
            Self::Out => rate(sums.sent),
            Self::Waiting => count(sums.waiting),
            Self::Blocked => part(sums.blocked),
            Self::Busy => handler.map(|handler| part(handler.busy)).unwrap_or_default(),
            Self::Mean => handler.map(|handler| time(handler.mean())).unwrap_or_default(),
            Self::P99 => handler.map(|handler| time(handler.p99())).unwrap_or_default(),
            Self::Dropped => count(sums.dropped),
            Self::Dropping => rate(sums.dropping),
            Self::Failed => handler.map(|handler| count(handler.failed)).unwrap_or_default(),
            Self::Peers => count(sums.peers),
        }
    }

    /// How bad what stands there is.
    pub(super) fn trouble(self, sums: &Sums) -> Trouble {
        let some = |is: bool| if is { Trouble::Some } else { Trouble::None };
        let much = |is: bool| if is { Trouble::Much } else { Trouble::None };
        match self {
            Self::Status => much(sums.has_failed),
            Self::Waiting => some(sums.is_full).max(much(sums.blocked >= 0.5)),
            Self::Blocked => some(sums.blocked > 0.0).max(much(sums.blocked >= 0.5)),
            Self::Busy => some(sums.handler.as_ref().is_some_and(|handler| handler.busy >= 0.8)),
            Self::Dropped => some(sums.dropped > 0).max(much(sums.dropping > 0.0)),
            Self::Dropping => much(sums.dropping > 0.0),
            Self::Failed => much(sums.handler.as_ref().is_some_and(|handler| handler.failed > 0)),
            Self::Chart | Self::In | Self::Out | Self::Mean | Self::P99 | Self::Peers => {
                Trouble::None
            }
        }
    }
}

fn part(part: f64) -> String {
    format!("{:.0}%", part * 100.0)
}

/// A count in at most six characters.
pub(super) fn count(count: u64) -> String {
    if count < 100_000 {
        return count.to_string();
    }
    let mut shown = count as f64;
    for unit in ["k", "M", "G", "T", "P"] {
        shown /= 1000.0;
        if shown < 999.5 {
            return if shown < 99.95 {
                format!("{shown:.1}{unit}")
            } else {
                format!("{shown:.0}{unit}")
            };
        }
    }
    format!("{:.0}E", shown / 1000.0)
}

const _: () = assert!(SPAN == 60 && 60 % CHARTS[0] == 0 && 60 % CHARTS[4] == 0);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(width: usize) -> Vec<Column> {
        Columns::fit(width, 12).others.into_iter().map(|(column, _)| column).collect()
    }

    #[test]
    fn a_narrow_terminal_loses_whole_columns_the_least_important_first() {
        assert_eq!(shown(40), [Column::In, Column::Out, Column::Waiting, Column::Busy]);
        assert_eq!(
            shown(60),
            [Column::Status, Column::In, Column::Out, Column::Waiting, Column::Dropped]
        );
        assert!(shown(70).contains(&Column::Chart), "{:?}", shown(70));
        assert_eq!(shown(120), COLUMNS);
    }

    #[test]
    fn counts_stay_short() {
        let shown = [0, 99_999, 100_000, 999_499, 1_250_000, u64::MAX].map(count);
        assert_eq!(shown, ["0", "99999", "100k", "999k", "1.2M", "18E"]);
    }

    proptest! {
        #[test]
        fn a_row_is_never_wider_than_the_terminal(width in 0_usize..300, longest in 0_usize..80) {
            let columns = Columns::fit(width, longest);
            let others: usize = columns.others.iter().map(|(_, cells)| columns.gap + cells).sum();
            prop_assert!(columns.name <= longest);
            prop_assert!(columns.others.is_empty() || MARK + columns.name + others <= width);
        }
    }
}
