//! Which lines of the screen are for what.
//!
//! Owns what gives way on a low terminal. Pure.

use ratatui::layout::Rect;

/// Below this height a pane leaves one row of the table, and nothing above it.
const LOW: u16 = 10;

/// The parts of the screen, from above; what has no room is empty.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Areas {
    pub(super) title: Rect,
    pub(super) head: Rect,
    pub(super) rows: Rect,
    /// The pane's own title, and its lines.
    pub(super) pane_title: Rect,
    pub(super) pane: Rect,
    pub(super) foot: Rect,
}

impl Areas {
    /// Of a screen of so many cells and lines.
    pub(super) fn of(width: u16, height: u16, has_pane: bool) -> Self {
        let is_tight = has_pane && height < LOW;
        let has_foot = height >= 3;
        let has_head = height >= 2 && !is_tight;
        let has_title = height >= 4 && !is_tight;
        let body = height - u16::from(has_foot) - u16::from(has_head) - u16::from(has_title);
        let pane = match (has_pane, is_tight) {
            (false, _) => 0,
            (true, true) => body.saturating_sub(1),
            (true, false) => body / 2,
        };
        let mut y = 0;
        let mut next = |height: u16| {
            let area = Rect { x: 0, y, width, height };
            y += height;
            area
        };
        Self {
            title: next(has_title.into()),
            head: next(has_head.into()),
            rows: next(body - pane),
            pane_title: next(pane.min(1)),
            pane: next(pane.saturating_sub(1)),
            foot: next(has_foot.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_for_something_and_a_row_is_always_seen() {
        for height in 1..60 {
            for has_pane in [false, true] {
                let areas = Areas::of(80, height, has_pane);
                let Areas { title, head, rows, pane_title, pane, foot } = areas;
                let parts = [title, head, rows, pane_title, pane, foot];
                assert_eq!(parts.iter().map(|area| area.height).sum::<u16>(), height);
                assert!(rows.height >= 1, "{height} {areas:?}");
                assert!(parts.iter().all(|area| area.bottom() <= height), "{areas:?}");
                assert!(!has_pane || height < 4 || pane.height >= 1, "{height} {areas:?}");
            }
        }
        assert_eq!(Areas::of(0, 0, true).rows.height, 0);
        let low = Areas::of(80, 5, false);
        assert_eq!((low.title.height, low.rows.height, low.foot.height), (1, 2, 1));
    }
}
