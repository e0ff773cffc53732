//! What stands where inside a box.
//!
//! Owns the sizes of names, ports, descriptions and marks, relative to the box's top left corner.
//! Never knows where the box stands.

use super::super::picture::{Mark, MarkKind, NodeBox, Port};
use super::layers::{Side, Sides};
use crate::ink::Type;

/// A node's name.
pub(in super::super) const NAME: Type = Type::bold(15.0);
/// How many copies of it run.
pub(in super::super) const BADGE: Type = Type::bold(12.0);
/// A description.
pub(in super::super) const SMALL: Type = Type::plain(11.5);
/// A port's role, in capitals.
pub(in super::super) const PILL: Type = Type::bold(10.0);
/// A port's name.
pub(in super::super) const PORT: Type = Type::plain(12.0);
/// Endpoints and filters along a wire, and marks.
pub(in super::super) const LABEL: Type = Type::plain(11.0);

/// Between a box's edge and what is in it.
pub(in super::super) const PAD: f64 = 14.0;
/// The height of a role's pill.
pub(in super::super) const PILL_HEIGHT: f64 = 16.0;
/// The width of a mark's icon with the space behind it.
pub(in super::super) const ICON: f64 = 17.0;
/// How far the sheets of a stack show below the box.
pub(in super::super) const STACK: f64 = 9.0;

/// How much is in a box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Density {
    /// All of it.
    Roomy,
    /// What tells boxes apart, and what happens now.
    Compact,
}

impl Density {
    /// The least distance between two boxes of a column.
    pub(super) fn margin(self) -> f64 {
        if self == Self::Roomy { 26.0 } else { 18.0 }
    }

    /// The least distance of a wire that passes boxes.
    pub(super) fn lane_margin(self) -> f64 {
        if self == Self::Roomy { 18.0 } else { 11.0 }
    }

    /// The most room that wires have between two columns.
    pub(super) fn swing(self) -> f64 {
        if self == Self::Roomy { 120.0 } else { 60.0 }
    }
}

/// The strip with the name.
const HEAD: f64 = 34.0;
const COMPACT_HEAD: f64 = 26.0;
const COMPACT_ROW: f64 = 25.0;
const COMPACT_LABEL_MOST: f64 = 96.0;
const COMPACT_INNER_LEAST: f64 = 84.0;
const INNER_LEAST: f64 = 112.0;
const INNER_MOST: f64 = 236.0;
/// Facing ports may need more; wider than this they stand one below the other.
const FACING_MOST: f64 = 300.0;
const DESCRIPTION_WIDTH: f64 = 190.0;
const DESCRIPTION_LINES: usize = 3;
const LINE: f64 = 15.0;
const ROW: f64 = 33.0;
const LABELLED_ROW: f64 = 36.0;
const MARK_LINE: f64 = 20.0;
const MARK_GAP: f64 = 12.0;
const LABEL_MOST: f64 = 150.0;
const PORT_NAME_MOST: f64 = 110.0;
const PORT_GAP: f64 = 20.0;
const FORWARD_GAP: f64 = 44.0;
const TERMINAL_HEIGHT: f64 = 28.0;
const TERMINAL_MOST: f64 = 180.0;

/// A box from inside.
#[derive(Clone, PartialEq, Debug)]
pub(in super::super) struct BoxMetrics {
    /// Its width; a column makes its boxes equally wide.
    pub width: f64,
    /// Its height without the sheets of a stack.
    pub height: f64,
    /// The height of the strip with the name.
    pub head: f64,
    /// The title, cut to fit.
    pub title: String,
    /// `×3`.
    pub badge: Option<String>,
    /// The description's lines.
    pub description: Vec<String>,
    /// The labels of all ports, in their order.
    pub labels: Vec<PortLabel>,
    /// Where they stand.
    pub rows: Vec<Row>,
    /// Where the line between ports and marks is.
    pub rule: Option<f64>,
    /// The marks.
    pub marks: Vec<PlacedMark>,
}

/// What is written at a port.
#[derive(Clone, PartialEq, Debug)]
pub(in super::super) struct PortLabel {
    /// The role in capitals.
    pub pill: String,
    /// The width of its pill.
    pub pill_width: f64,
    /// The port's name, cut to fit.
    pub name: Option<String>,
    /// The width of both.
    pub width: f64,
    /// What it binds: outside the box, above the wire.
    pub above: Option<String>,
    /// What it subscribes to: below the wire.
    pub below: Option<String>,
}

/// A line of ports.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in super::super) struct Row {
    /// The port on the left edge.
    pub left: Option<usize>,
    /// The port on the right edge; the same as `left` for one that is wired on both.
    pub right: Option<usize>,
    /// Its middle.
    pub y: f64,
}

/// A mark with its place.
#[derive(Clone, PartialEq, Debug)]
pub(in super::super) struct PlacedMark {
    /// What it is.
    pub kind: MarkKind,
    /// Its text, cut to fit.
    pub text: String,
    /// Its left edge.
    pub x: f64,
    /// Its middle.
    pub y: f64,
}

impl BoxMetrics {
    /// A node's box, its ports on these sides.
    pub(super) fn of_node(node: &NodeBox, sides: &Sides, density: Density) -> Self {
        let is_roomy = density == Density::Roomy;
        let labels: Vec<_> = node.ports.iter().map(|port| PortLabel::new(port, density)).collect();
        let badge = node.badge();
        let badge_room = badge.as_deref().map_or(0.0, |badge| BADGE.width(badge) + 12.0);
        let title = NAME.fit(&node.name, INNER_MOST - badge_room);
        let text = node.description.as_deref().filter(|_| is_roomy).unwrap_or_default();
        let description = SMALL.wrap(text, DESCRIPTION_WIDTH, DESCRIPTION_LINES);
        let shown: Vec<&Mark> =
            node.marks.iter().filter(|mark| is_roomy || mark.kind.is_live()).collect();
        let has_forward = !node.forwards.is_empty();
        let gap = if has_forward { FORWARD_GAP } else { PORT_GAP };
        let mut rows = rows(sides, &labels, has_forward);
        let rows_width = rows.iter().map(|row| row_width(row, &labels, gap)).fold(0.0, f64::max);
        // Marks share a line where the box need not be wide for it.
        let one_line = Some(one_line(&shown)).filter(|width| *width <= DESCRIPTION_WIDTH);
        let marks_width = one_line.unwrap_or_else(|| longest_mark(&shown).min(INNER_MOST));
        let inner = [NAME.width(&title) + badge_room, rows_width]
            .into_iter()
            .chain(description.iter().map(|line| SMALL.width(line)))
            .chain([marks_width])
            .fold(if is_roomy { INNER_LEAST } else { COMPACT_INNER_LEAST }, f64::max)
            .ceil();

        let (head, row_height) = if is_roomy { (HEAD, ROW) } else { (COMPACT_HEAD, COMPACT_ROW) };
        // What is written below a wire shall not meet what is written above the next one.
        let is_above = labels.iter().any(|label| label.above.is_some());
        let is_below = labels.iter().any(|label| label.below.is_some());
        let row_height = if is_above && is_below { LABELLED_ROW } else { row_height };
        let mut y = head + 2.0;
        if !description.is_empty() {
            y += 4.0 + LINE * description.len() as f64;
        }
        for row in &mut rows {
            row.y = y + row_height / 2.0;
            y += row_height;
        }
        let rule = (!shown.is_empty()).then_some(y + 2.0);
        let marks = flow_marks(&shown, inner, y + 4.0);
        if let Some(last) = marks.last() {
            y = last.y + MARK_LINE / 2.0 + 2.0;
        }
        let (width, height) = (inner + 2.0 * PAD, y + 3.0);
        Self { width, height, head, title, badge, description, labels, rows, rule, marks }
    }

    /// A place outside the file: one line and one port, whichever side it is wired on.
    pub(super) fn of_terminal(title: &str) -> Self {
        let title = LABEL.fit(title, TERMINAL_MOST);
        Self {
            width: (LABEL.width(&title) + 26.0).ceil(),
            height: TERMINAL_HEIGHT,
            head: 0.0,
            title,
            badge: None,
            description: Vec::new(),
            labels: Vec::new(),
            rows: vec![Row { left: Some(0), right: Some(0), y: TERMINAL_HEIGHT / 2.0 }],
            rule: None,
            marks: Vec::new(),
        }
    }

    /// Where on the height of the box a port is.
    pub(in super::super) fn port_y(&self, port: usize, side: Side) -> Option<f64> {
        let on = |row: &&Row| match side {
            Side::Left => row.left == Some(port),
            Side::Right => row.right == Some(port),
        };
        self.rows.iter().find(on).map(|row| row.y)
    }

    /// How much room the labels on one side of the box take outside of it.
    pub(super) fn outside_room(&self, side: Side) -> f64 {
        let on = |row: &Row| match side {
            Side::Left => row.left,
            Side::Right => row.right,
        };
        let labels = self.rows.iter().filter_map(on).filter_map(|port| self.labels.get(port));
        let texts = labels.flat_map(|label| label.above.iter().chain(&label.below));
        texts.map(|text| LABEL.width(text)).fold(0.0, f64::max).ceil()
    }
}

impl PortLabel {
    fn new(port: &Port, density: Density) -> Self {
        let pill = port.role.word().to_uppercase();
        let pill_width = (PILL.width(&pill) + 14.0).ceil();
        let name = port.name.as_deref().map(|name| PORT.fit(name, PORT_NAME_MOST));
        let name_width = name.as_deref().map_or(0.0, |name| 7.0 + PORT.width(name));
        Self {
            pill,
            pill_width,
            name,
            width: (pill_width + name_width).ceil(),
            above: label(&port.binds, density),
            below: below(port, density),
        }
    }
}

/// Some texts in one line; of many, as many as fit.
fn label(texts: &[String], density: Density) -> Option<String> {
    let (most, short) = match density {
        Density::Roomy => (LABEL_MOST, false),
        Density::Compact => (COMPACT_LABEL_MOST, true),
    };
    let texts: Vec<&str> =
        texts.iter().map(|text| if short { without_loopback(text) } else { text }).collect();
    let all = texts.join(", ");
    if texts.len() < 2 || LABEL.width(&all) <= most {
        return (!all.is_empty()).then(|| LABEL.fit(&all, most));
    }
    let some = |count: usize| format!("{} +{}", texts[..count].join(", "), texts.len() - count);
    // What is longer than a few does not fit anyway.
    let fits = (1..texts.len().min(40)).rev().map(some).find(|text| LABEL.width(text) <= most);
    fits.or_else(|| Some(LABEL.fit(&some(1), most)))
}

/// `:5555` of `tcp://127.0.0.1:5555`.
fn without_loopback(endpoint: &str) -> &str {
    let port = ["tcp://127.0.0.1", "tcp://localhost"]
        .iter()
        .find_map(|machine| endpoint.strip_prefix(machine));
    port.filter(|port| port.starts_with(':')).unwrap_or(endpoint)
}

/// What a port subscribes to, and where its queue ends.
fn below(port: &Port, density: Density) -> Option<String> {
    let filters = label(&port.filters, density);
    match (filters, &port.hwm) {
        (Some(filters), Some(hwm)) => Some(format!("{filters} · {hwm}")),
        (filters, hwm) => filters.or_else(|| hwm.clone()),
    }
}

/// Ports face each other in pairs where there is room; one that is wired on both sides has a row
/// of its own.
///
/// A forward is a line between ports that face each other, so they do then at any width.
fn rows(sides: &Sides, labels: &[PortLabel], has_forward: bool) -> Vec<Row> {
    let only = |ports: &[usize], others: &[usize]| -> Vec<usize> {
        ports.iter().copied().filter(|port| !others.contains(port)).collect()
    };
    let (left, right) = (only(&sides.left, &sides.right), only(&sides.right, &sides.left));
    let row = |left: Option<usize>, right: Option<usize>| Row { left, right, y: 0.0 };
    let facing: Vec<Row> = (0..left.len().max(right.len()))
        .map(|at| row(left.get(at).copied(), right.get(at).copied()))
        .collect();
    let has_room = facing.iter().all(|row| row_width(row, labels, PORT_GAP) <= FACING_MOST);
    let mut rows = if has_forward || has_room {
        facing
    } else {
        let left = left.into_iter().map(|port| row(Some(port), None));
        left.chain(right.into_iter().map(|port| row(None, Some(port)))).collect()
    };
    let both = sides.left.iter().filter(|port| sides.right.contains(port));
    rows.extend(both.map(|&port| row(Some(port), Some(port))));
    rows
}

fn row_width(row: &Row, labels: &[PortLabel], gap: f64) -> f64 {
    let width = |port: Option<usize>| port.map_or(0.0, |port| labels[port].width);
    match (row.left, row.right) {
        (Some(left), Some(right)) if left != right => width(row.left) + gap + width(row.right),
        (left, right) => width(left.or(right)),
    }
}

fn mark_width(text: &str) -> f64 {
    ICON + LABEL.width(text)
}

fn longest_mark(marks: &[&Mark]) -> f64 {
    marks.iter().map(|mark| mark_width(&mark.text)).fold(0.0, f64::max)
}

fn one_line(marks: &[&Mark]) -> f64 {
    let widths: f64 = marks.iter().map(|mark| mark_width(&mark.text)).sum();
    widths + MARK_GAP * marks.len().saturating_sub(1) as f64
}

/// Marks one after the other, in as many lines as they need.
fn flow_marks(marks: &[&Mark], inner: f64, top: f64) -> Vec<PlacedMark> {
    let (mut x, mut y) = (0.0, top + MARK_LINE / 2.0 + 1.0);
    let mut placed = Vec::with_capacity(marks.len());
    for mark in marks {
        let text = LABEL.fit(&mark.text, inner - ICON);
        let width = mark_width(&text);
        if x > 0.0 && x + width > inner {
            (x, y) = (0.0, y + MARK_LINE);
        }
        placed.push(PlacedMark { kind: mark.kind, text, x: PAD + x, y });
        x += width + MARK_GAP;
    }
    placed
}
