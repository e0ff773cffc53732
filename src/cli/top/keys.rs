//! What each key does.
//!
//! Owns the keys, and what the help says of them. Pure.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::order::By;
use super::pane::{Pane, Shows};
use super::state::{Focus, Fold, State, Wish};
use super::tree::Key;

/// Characters of a filter.
const FILTER_MAX: usize = 60;
/// Lines that a page keeps of the one before.
const KEPT: usize = 1;

/// Keys and what they do, for the help.
pub(super) const HELP: [(&str, &str); 14] = [
    ("↑ ↓ PgUp PgDn", "choose a row; also k and j"),
    ("Home End", "the first row, the last one"),
    ("→ ←", "unfold, fold; ← goes to the row above it"),
    ("Enter", "unfold or fold"),
    ("+ -", "unfold all, fold all"),
    ("i o", "sort by messages in, out; again: reversed"),
    ("w d b", "sort by waiting, dropped, busy"),
    ("n", "sort by name"),
    ("/", "show only rows whose names have a text in them"),
    ("t", "messages of the chosen row as they pass; again: close"),
    ("l L", "log of the chosen row, of the whole run; again: close"),
    ("Tab", "scroll what is below, or the table"),
    ("Esc", "close, clear what is shown; at last leave"),
    ("q Ctrl-C", "leave"),
];

#[expect(clippy::wildcard_enum_match_arm, reason = "other keys do nothing, whatever they are")]
impl State {
    /// A key was pressed.
    pub(super) fn pressed(&mut self, key: KeyEvent) -> Wish {
        if key.kind == KeyEventKind::Release {
            return Wish::Nothing;
        }
        let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if has_control && key.code == KeyCode::Char('c') {
            return Wish::Leave;
        }
        if has_control || key.modifiers.contains(KeyModifiers::ALT) {
            return Wish::Nothing;
        }
        if self.help.is_some() {
            return self.pressed_in_help(key.code);
        }
        if self.is_typing {
            self.typed(key.code);
            return Wish::Nothing;
        }
        if self.moved(key.code) {
            return Wish::Nothing;
        }
        match key.code {
            KeyCode::Char('q' | 'Q') => return Wish::Leave,
            KeyCode::Esc => return self.escaped(),
            KeyCode::Char('t') => return self.tap(),
            KeyCode::Char('l') => return self.show_log(),
            KeyCode::Char('L') => return self.open(Shows::WholeLog),
            KeyCode::Char('?') | KeyCode::F(1) => self.help = Some(0),
            KeyCode::Char('/') => self.is_typing = true,
            KeyCode::Tab if self.pane.is_some() => {
                self.focus = match self.focus {
                    Focus::Table => Focus::Pane,
                    Focus::Pane => Focus::Table,
                };
            }
            KeyCode::Enter => self.fold(None),
            KeyCode::Right => self.go_in(),
            KeyCode::Left => self.go_out(),
            KeyCode::Char('+') => self.fold_all(true),
            KeyCode::Char('-') => self.fold_all(false),
            KeyCode::Char(letter) => self.sort(letter),
            _ => {}
        }
        Wish::Nothing
    }

    fn sort(&mut self, letter: char) {
        let by = match letter {
            'n' => By::Name,
            'i' => By::In,
            'o' => By::Out,
            'w' => By::Waiting,
            'd' => By::Dropped,
            'b' => By::Busy,
            _ => return,
        };
        self.reorder(self.order.asked(by));
    }

    fn pressed_in_help(&mut self, code: KeyCode) -> Wish {
        let page = usize::from(self.size.1).saturating_sub(2).max(1);
        let top = self.help.unwrap_or(0);
        self.help = match code {
            KeyCode::Char('q' | 'Q') => return Wish::Leave,
            KeyCode::Up | KeyCode::Char('k') => Some(top.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => Some(top + 1),
            KeyCode::PageUp => Some(top.saturating_sub(page)),
            KeyCode::PageDown | KeyCode::Char(' ') => Some(top + page),
            KeyCode::Home => Some(0),
            KeyCode::End => Some(usize::MAX / 2),
            _ => None,
        };
        Wish::Nothing
    }

    fn typed(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(c) if self.filter.chars().count() < FILTER_MAX => self.filter.push(c),
            KeyCode::Backspace if self.filter.is_empty() => self.is_typing = false,
            KeyCode::Backspace => {
                self.filter.pop();
            }
            KeyCode::Esc => {
                self.filter.clear();
                self.is_typing = false;
            }
            KeyCode::Enter | KeyCode::Tab => self.is_typing = false,
            code => {
                self.moved(code);
                return;
            }
        }
        self.unfold();
    }

    /// Whether it was a key that moves.
    fn moved(&mut self, code: KeyCode) -> bool {
        let is_in_pane = self.focus == Focus::Pane;
        let areas = self.areas();
        let height = if is_in_pane { areas.pane.height } else { areas.rows.height };
        let page = usize::from(height).saturating_sub(KEPT).max(1) as isize;
        let lines = match code {
            KeyCode::Up => -1,
            KeyCode::Down => 1,
            KeyCode::Char('k') if !self.is_typing => -1,
            KeyCode::Char('j') if !self.is_typing => 1,
            KeyCode::PageUp => -page,
            KeyCode::PageDown => page,
            KeyCode::Home => isize::MIN / 2,
            KeyCode::End => isize::MAX / 2,
            _ => return false,
        };
        match &mut self.pane {
            Some(pane) if is_in_pane => pane.scroll(lines, &self.log),
            _ => self.choose(self.chosen_at.saturating_add_signed(lines)),
        }
        true
    }

    fn escaped(&mut self) -> Wish {
        if self.pane.is_some() {
            return self.close();
        }
        if self.filter.is_empty() {
            return Wish::Leave;
        }
        self.filter.clear();
        self.unfold();
        Wish::Nothing
    }

    /// Opens or closes the chosen row.
    fn fold(&mut self, open: Option<bool>) {
        let Some(row) = self.rows.get(self.chosen_at).filter(|row| row.fold != Fold::Leaf) else {
            return;
        };
        let is_open = open.unwrap_or(row.fold != Fold::Open);
        self.folds.insert(row.key.clone(), is_open);
        self.unfold();
    }

    fn go_in(&mut self) {
        match self.rows.get(self.chosen_at).map(|row| row.fold) {
            Some(Fold::Closed) => self.fold(Some(true)),
            Some(Fold::Open) => self.choose(self.chosen_at + 1),
            Some(Fold::Leaf) | None => {}
        }
    }

    fn go_out(&mut self) {
        let Some(row) = self.rows.get(self.chosen_at) else { return };
        let (depth, is_open) = (row.depth, row.fold == Fold::Open);
        if is_open && self.filter.is_empty() {
            self.fold(Some(false));
        } else if let Some(above) =
            self.rows[..self.chosen_at].iter().rposition(|row| row.depth < depth)
        {
            self.choose(above);
        }
    }

    fn fold_all(&mut self, is_open: bool) {
        let mut entries: Vec<_> = self.entries.iter().collect();
        while let Some(entry) = entries.pop() {
            self.folds.insert(entry.key.clone(), is_open);
            entries.extend(&entry.below);
        }
        self.unfold();
    }

    fn tap(&mut self) -> Wish {
        let Some(chosen) = self.chosen.clone() else { return Wish::Nothing };
        match chosen.target() {
            Some(target) => self.open(Shows::Tap(target)),
            None => {
                self.note("a group cannot be tapped: → shows its nodes, choose one of them");
                Wish::Nothing
            }
        }
    }

    fn show_log(&mut self) -> Wish {
        let Some(row) = self.rows.get(self.chosen_at) else { return Wish::Nothing };
        let name = match &row.key {
            Key::Socket(instance, _) => instance.clone(),
            Key::Group(_) | Key::Node(_) | Key::Instance(_) => row.name.clone(),
        };
        self.open(Shows::Log(row.key.clone(), name))
    }

    /// Opens the pane with something else, or closes it where it shows that.
    fn open(&mut self, shows: Shows) -> Wish {
        if self.pane.as_ref().is_some_and(|pane| pane.shows == shows) {
            return self.close();
        }
        if !self.is_run {
            self.note(
                "an address has figures alone; by its name a run also has messages and a log",
            );
            return Wish::Nothing;
        }
        let wish = match &shows {
            Shows::Tap(target) => Wish::Tap(target.clone()),
            Shows::Log(..) | Shows::WholeLog => Wish::Untap,
        };
        self.pane = Some(Pane::of(shows));
        self.focus = Focus::Table;
        self.follow_chosen();
        wish
    }

    fn close(&mut self) -> Wish {
        self.pane = None;
        self.focus = Focus::Table;
        self.follow_chosen();
        Wish::Untap
    }
}
