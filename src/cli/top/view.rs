//! The screen: a title, the table with its tree and charts, what is below, and a line of keys.
//!
//! Owns how all that looks. Pure: it draws into cells, and changes nothing.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Sparkline, Widget};

use super::columns::{Column, Columns, MARK};
use super::keys::HELP;
use super::look::Theme;
use super::order::By;
use super::pane::{Look, Pane, Shows};
use super::state::{Focus, Fold, Presence, Shown, State};
use super::table::{rate, uptime};
use super::text::{cut, width, wrapped};
use super::tree::{Sums, Trouble};
use crate::visible::visible;

/// What keys there are, where nothing else is to be said.
const HINTS: [&str; 8] = [
    "? help",
    "q leave",
    "t messages",
    "l log",
    "/ filter",
    "→ unfold",
    "i o w d b n sort",
    "Tab scroll below",
];

/// Draws everything. Figures come each `interval`, in seconds.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, theme: Theme, interval: f64) {
    let areas = state.areas();
    let buffer = frame.buffer_mut();
    // The terminal may have become smaller since its size was told.
    let area = |part: Rect| part.intersection(buffer.area);
    let [title_area, head, rows, pane_title_area, pane_area, foot] = [
        area(areas.title),
        area(areas.head),
        area(areas.rows),
        area(areas.pane_title),
        area(areas.pane),
        area(areas.foot),
    ];
    if let Some(top) = state.help {
        help(buffer, top, theme);
        return;
    }
    title(buffer, title_area, state, theme, interval);
    table(buffer, head, rows, state, theme);
    if let Some(pane) = &state.pane {
        pane_title(buffer, pane_title_area, pane, state, theme);
        lines(buffer, pane_area, pane, state, theme);
    }
    footer(buffer, foot, state, theme);
}

/// Writes a text that is cut where it does not fit.
fn write(buffer: &mut Buffer, area: Rect, text: &str, style: Style) {
    if !area.is_empty() {
        let text = cut(text, area.width.into());
        buffer.set_stringn(area.x, area.y, text, area.width.into(), style);
    }
}

/// Some cells of a line.
fn part(area: Rect, from: usize, cells: usize) -> Rect {
    let from = (from as u16).min(area.width);
    let cells = (cells as u16).min(area.width - from);
    Rect { x: area.x + from, width: cells, ..area }
}

fn title(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme, interval: f64) {
    let table = &state.table;
    let sum = |of: fn(&Sums) -> f64| state.entries.iter().map(|one| of(&one.sums)).sum::<f64>();
    let (count, s) = match table.nodes.len() {
        1 => (1, ""),
        count => (count, "s"),
    };
    let mut parts = vec![
        (0, visible(&table.topology).into_owned(), theme.strong()),
        (4, format!("{count} node{s}"), Style::new()),
        (2, format!("in {}/s", rate(sum(|sums| sums.received))), Style::new()),
        (3, format!("out {}/s", rate(sum(|sums| sums.sent))), Style::new()),
        (5, format!("up {}", uptime(table.seconds)), Style::new()),
        (6, format!("generation {}", table.generation), Style::new()),
    ];
    if let Some((text, trouble)) = presence(state, interval) {
        parts.insert(1, (1, text, theme.trouble(trouble).patch(theme.strong())));
    }
    if !state.filter.is_empty() {
        let text = format!("only /{}", visible(&state.filter));
        parts.push((1, text, theme.trouble(Trouble::Some)));
    }
    let room = usize::from(area.width);
    let taken = |parts: &[(u8, String, Style)]| {
        parts.iter().map(|(_, text, _)| width(text) + 2).sum::<usize>().saturating_sub(2)
    };
    while parts.len() > 2 && taken(&parts) > room {
        let least = parts.iter().enumerate().max_by_key(|(_, (rank, ..))| *rank);
        let Some(at) = least.map(|(at, _)| at) else { break };
        parts.remove(at);
    }
    // What has happened to the run is said whole, and its name as far as there is room.
    let rest = taken(&parts[1..]) + if parts.len() > 1 { 2 } else { 0 };
    parts[0].1 = cut(&parts[0].1, room.saturating_sub(rest).max(room.min(4)));
    let mut at = 0;
    for (_, text, style) in parts {
        write(buffer, part(area, at, room), &text, style);
        at += width(&text) + 2;
    }
}

/// What is the matter with the run, if anything.
fn presence(state: &State, interval: f64) -> Option<(String, Trouble)> {
    let since = |moment: f64| uptime((state.at - moment).max(0.0));
    match &state.presence {
        Presence::Gone(at, why) => {
            let why = visible(why);
            return Some((format!("GONE {}: {why}; waiting for it", since(*at)), Trouble::Much));
        }
        Presence::Back(at) if !state.is_held() => {
            return Some((format!("BACK {}", since(*at)), Trouble::Some));
        }
        Presence::Back(_) | Presence::Here => {}
    }
    if let Some(silence) = state.silence(interval) {
        return Some((format!("NO ANSWER {}", uptime(silence)), Trouble::Much));
    }
    if state.is_held() {
        return Some(("HELD: nodes take nothing".to_owned(), Trouble::Some));
    }
    (!state.has_started()).then(|| ("STARTING".to_owned(), Trouble::Some))
}

fn table(buffer: &mut Buffer, head: Rect, area: Rect, state: &State, theme: Theme) {
    let columns = Columns::fit(area.width.into(), state.longest_name());
    let sorted = |by: Option<By>| match by {
        Some(by) if by == state.order.by => {
            let is_up = (by == By::Name) != state.order.is_reversed;
            if is_up { "▲" } else { "▼" }
        }
        _ => "",
    };
    let name = format!("{:MARK$}NODE{}", "", sorted(Some(By::Name)));
    write(buffer, part(head, 0, MARK + columns.name), &name, theme.strong());
    each(&columns, |column, from, cells| {
        let title = format!("{}{}", column.title(), sorted(column.by()));
        cell(buffer, part(head, from, cells), column, &title, theme.strong());
    });
    let seen = state.rows.iter().enumerate().skip(state.top).take(area.height.into());
    for (line, (at, row)) in seen.enumerate() {
        let area = Rect { y: area.y + line as u16, height: 1, ..area };
        draw_row(buffer, area, row, &columns, state, theme);
        if at == state.chosen_at {
            buffer.set_style(area, theme.bar());
        }
    }
    if state.rows.is_empty() {
        let text = if state.filter.is_empty() { "no nodes" } else { "no row has that in its name" };
        write(buffer, area, &format!("{:MARK$}{text}", ""), theme.faint());
    }
}

/// Each column with its first cell and how many it has.
fn each(columns: &Columns, mut draw: impl FnMut(Column, usize, usize)) {
    let mut from = MARK + columns.name;
    for &(column, cells) in &columns.others {
        from += columns.gap;
        draw(column, from, cells);
        from += cells;
    }
}

fn draw_row(
    buffer: &mut Buffer,
    area: Rect,
    row: &Shown,
    columns: &Columns,
    state: &State,
    theme: Theme,
) {
    let trouble = row.sums.trouble();
    write(buffer, part(area, 0, 1), Theme::mark(trouble), theme.trouble(trouble));
    let sign = match row.fold {
        Fold::Leaf => "  ",
        Fold::Closed => "▸ ",
        Fold::Open => "▾ ",
    };
    let name = format!("{:indent$}{sign}{}", "", row.name, indent = 2 * row.depth);
    write(buffer, part(area, MARK, columns.name), &name, theme.trouble(trouble));
    each(columns, |column, from, cells| {
        let area = part(area, from, cells);
        if column == Column::Chart {
            chart(buffer, area, row, state, theme);
            return;
        }
        let style = theme.trouble(column.trouble(&row.sums));
        cell(buffer, area, column, &column.cell(&row.sums), style);
    });
}

fn cell(buffer: &mut Buffer, area: Rect, column: Column, text: &str, style: Style) {
    let text = cut(text, area.width.into());
    let before = if column.is_text() { 0 } else { usize::from(area.width) - width(&text) };
    write(buffer, part(area, before, area.width.into()), &text, style);
}

/// The last minute of a row, by its own largest.
fn chart(buffer: &mut Buffer, area: Rect, row: &Shown, state: &State, theme: Theme) {
    const SCALE: f64 = 800.0;
    let bars = state.history.bars(&row.key, area.width.into());
    let most = bars.iter().flatten().fold(0.0, |most: f64, bar| most.max(*bar));
    // However little it is, it is more than nothing.
    let scaled =
        |bar: f64| if bar > 0.0 { (bar / most * SCALE).max(SCALE / 8.0) as u64 } else { 0 };
    let bars = bars.into_iter().map(|bar| bar.map(scaled));
    Sparkline::default()
        .data(bars)
        .max(SCALE as u64)
        .style(theme.chart())
        .absent_value_symbol(" ")
        .render(area, buffer);
}

fn pane_title(buffer: &mut Buffer, area: Rect, pane: &Pane, state: &State, theme: Theme) {
    let what = match &pane.shows {
        Shows::Tap(target) => format!("messages of {}", visible(target)),
        Shows::Log(_, name) => format!("log of {}", visible(name)),
        Shows::WholeLog => "log of the whole run".to_owned(),
    };
    let how = match (pane.goes_along(), state.focus) {
        (false, _) => " · stands still, End goes along",
        (true, Focus::Pane) => " · ↑ scrolls",
        (true, Focus::Table) => "",
    };
    let sign = if state.focus == Focus::Pane { "▶" } else { "─" };
    let text = format!("{sign}─ {what}{how} ");
    let line = "─".repeat(usize::from(area.width).saturating_sub(width(&text)));
    let style = if state.focus == Focus::Pane { theme.strong() } else { theme.faint() };
    write(buffer, area, &format!("{text}{line}"), style);
}

fn lines(buffer: &mut Buffer, area: Rect, pane: &Pane, state: &State, theme: Theme) {
    let seen = pane.seen(&state.log, area.width.into(), area.height.into());
    if seen.is_empty() {
        let text = match pane.shows {
            Shows::Tap(_) => "waiting for a message",
            Shows::Log(..) | Shows::WholeLog => "nothing yet, since this screen was opened",
        };
        write(buffer, area, text, theme.said(Look::Aside));
    }
    for (line, said) in seen.iter().enumerate() {
        let area = Rect { y: area.y + line as u16, height: 1, ..area };
        write(buffer, area, &said.text, theme.said(said.look));
    }
}

fn footer(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme) {
    if state.is_typing {
        let text = format!("/{}█  Enter keeps it, Esc clears it", visible(&state.filter));
        write(buffer, area, &text, theme.strong());
        return;
    }
    let height = usize::from(state.areas().rows.height);
    let (first, count) = (state.top + 1, state.rows.len());
    let place = if count > height {
        format!("  {first}–{} of {count}", (state.top + height).min(count))
    } else {
        String::new()
    };
    let room = usize::from(area.width).saturating_sub(width(&place));
    write(buffer, part(area, room, width(&place)), &place, theme.faint());
    if let Some(notice) = state.notice() {
        write(buffer, part(area, 0, room), notice, theme.trouble(Trouble::Some));
        return;
    }
    let mut text = String::new();
    for hint in HINTS {
        let is_for_pane = hint.starts_with("Tab");
        if is_for_pane && state.pane.is_none() || width(&text) + 2 + width(hint) > room {
            continue;
        }
        if !text.is_empty() {
            text.push_str("  ");
        }
        text.push_str(hint);
    }
    write(buffer, part(area, 0, room), &text, theme.faint());
}

fn help(buffer: &mut Buffer, top: usize, theme: Theme) {
    let area = buffer.area;
    let mut lines = vec![("KEY", "")];
    lines.extend(HELP);
    lines.push(("", ""));
    lines.push(("COLUMN", ""));
    lines.extend(Column::all().map(|column| (column.title(), column.meaning())));
    lines.push(("!", "a queue is full, a message waits, is dropped, or a handler failed"));
    lines.push(("‼", "it stands still half of the time or more, or its task is over"));
    let first = lines.iter().map(|(key, _)| width(key)).max().unwrap_or_default() + 2;
    let room = usize::from(area.width).saturating_sub(first).max(1);
    let lines: Vec<(&str, String)> = lines
        .into_iter()
        .flat_map(|(key, meaning)| {
            let keys = std::iter::once(key).chain(std::iter::repeat(""));
            keys.zip(wrapped(meaning, room)).collect::<Vec<_>>()
        })
        .collect();
    let height = usize::from(area.height);
    let body = if height > 2 { height - 1 } else { height };
    let top = top.min(lines.len().saturating_sub(body));
    for (line, (key, meaning)) in lines.iter().skip(top).take(body).enumerate() {
        let area = Rect { y: area.y + line as u16, height: 1, ..area };
        write(buffer, part(area, 0, first - 1), key, theme.strong());
        write(buffer, part(area, first, room), meaning, Style::new());
    }
    if body < height {
        let area = Rect { y: area.y + body as u16, height: 1, ..area };
        let more = if top + body < lines.len() { "↓ more  " } else { "" };
        write(buffer, area, &format!("{more}any other key goes back  q leaves"), theme.faint());
    }
}
