//! The line below a picture that says what its signs mean.
//!
//! Owns the signs of what a picture uses, and no others. Never measures a box.

use super::super::family::Family;
use super::super::layout::Point;
use super::super::picture::Picture;
use super::palette::palette;
use super::wire::{Attached, dot};
use crate::ink::{Look, MUTED, Markup, Number as N, Type};

const SET: Type = Type::plain(11.0);
const SIGN: f64 = 15.0;
const GAP: f64 = 20.0;
/// The height of a line.
const LINE: f64 = 20.0;

/// A legend, broken into lines.
pub(super) struct Legend {
    entries: Vec<Entry>,
    /// Its height.
    pub height: f64,
}

struct Entry {
    sign: Sign,
    text: &'static str,
    at: Point,
}

#[derive(Clone, Copy)]
enum Sign {
    Dot(Attached),
    Colour(Family),
}

impl Legend {
    /// What explains this picture, in lines of that width.
    pub(super) fn new(picture: &Picture, width: f64) -> Self {
        let (mut x, mut y) = (0.0, LINE / 2.0);
        let mut entries = Vec::new();
        for (sign, text) in signs(picture) {
            let room = SIGN + SET.width(text);
            if x > 0.0 && x + room > width {
                (x, y) = (0.0, y + LINE);
            }
            entries.push(Entry { sign, text, at: Point { x, y } });
            x += room + GAP;
        }
        let height = if entries.is_empty() { 0.0 } else { y + LINE / 2.0 };
        Self { entries, height }
    }

    /// Draws it with its top left corner there.
    pub(super) fn draw(&self, markup: &mut Markup, corner: Point) {
        markup.begin("g", r#"class="legend""#);
        for entry in &self.entries {
            let at = Point { x: corner.x + entry.at.x + 5.5, y: corner.y + entry.at.y };
            match entry.sign {
                Sign::Dot(attached) => dot(markup, at, attached, None),
                Sign::Colour(family) => swatch(markup, at, family),
            }
            let below = (at.x - 5.5 + SIGN, at.y + 4.0);
            markup.text(below, SET, &Look::filled(MUTED), entry.text);
        }
        markup.end();
    }
}

fn signs(picture: &Picture) -> Vec<(Sign, &'static str)> {
    let families = picture.families().map(|family| (Sign::Colour(family), family.title()));
    let ports = || picture.boxes.iter().flat_map(|node| &node.ports);
    let attached = [
        (Attached::Binds, "binds"),
        (Attached::Connects, "connects"),
        (Attached::Both, "binds and connects"),
    ];
    let shown: Vec<Attached> = ports().map(Attached::of).chain(outside(picture)).collect();
    let used = attached.into_iter().filter(|(attached, _)| shown.contains(attached));
    families.chain(used.map(|(attached, text)| (Sign::Dot(attached), text))).collect()
}

/// How what is outside the file is attached to its wires.
fn outside(picture: &Picture) -> impl Iterator<Item = Attached> {
    let ends = picture
        .wires
        .iter()
        .flat_map(|wire| [(wire.from, wire.bound_at_from), (wire.to, !wire.bound_at_from)]);
    let outside = ends.filter(|(end, _)| picture.port(*end).is_none());
    outside.map(|(_, binds)| if binds { Attached::Binds } else { Attached::Connects })
}

fn swatch(markup: &mut Markup, at: Point, family: Family) {
    let (x, y, colour) = (N(at.x - 5.5), N(at.y - 4.0), palette(Some(family)).strong);
    let look = Look::filled(colour);
    markup.leaf("rect", &format!(r#"x="{x}" y="{y}" width="11" height="8" rx="4" {look}"#));
}
