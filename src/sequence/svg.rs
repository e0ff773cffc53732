//! A sequence as SVG: one that can stand on a slide.
//!
//! Owns the canvas: a box and a line for each lane, an arrow for each message, the times at the left.
//! Needs no font, script or style sheet.

use super::{Moment, Sequence, What, seconds};
use crate::ink::{
    ALARM, BOX, Colour, FONTS, GROUND, INK, Look, MUTED, Markup, Number as N, RULE, TEXT, Type,
};

const MARGIN: f64 = 30.0;
const TITLE: Type = Type::bold(18.0);
const NAME: Type = Type::bold(13.0);
const SAID: Type = Type::plain(12.0);
const TIME: Type = Type::plain(11.0);
const TIMES: f64 = 76.0;
/// How far lanes are apart at least, and at most.
const APART: (f64, f64) = (150.0, 340.0);
const HEAD: f64 = 64.0;
/// How high the box of a name is.
const NAMED: f64 = 30.0;
const ROW: f64 = 32.0;
/// The line of a lane, of a message.
const LINE: Colour = Colour::new("#a9b6c6", "mixed-edge");
const ARROW: Colour = Colour::new("#2563eb", "pubsub-strong");
/// A text has a rim, under its letters.
const OVER_LINES: &str = r#"paint-order="stroke""#;
const IN_THE_MIDDLE: &str = r#"text-anchor="middle" paint-order="stroke""#;
/// How long the arrow of a message is that never arrives.
const STUMP: f64 = 46.0;

/// Draws a sequence.
#[must_use]
pub fn svg(sequence: &Sequence, title: &str) -> String {
    let widest = sequence.moments.iter().map(|moment| SAID.width(words(moment)) / span(moment));
    let names = sequence.lanes.iter().map(|lane| NAME.width(lane) + 28.0);
    let apart = widest.map(|width| width + 28.0).chain(names).fold(APART.0, f64::max).min(APART.1);
    let lanes = sequence.lanes.len().max(1) as f64;
    let inner = (TIMES + lanes * apart).max(420.0);
    let titles = TITLE.wrap(title, inner, 3);
    let top = MARGIN + 24.0 * titles.len() as f64 + 10.0;
    let bottom = top + HEAD + ROW * sequence.moments.len() as f64;
    let below = if sequence.is_long() { NAMED } else { 0.0 };
    let (width, height) = (inner + 2.0 * MARGIN, bottom + below + MARGIN);

    let mut markup = Markup::default();
    begin_document(&mut markup, title, width, height);
    for (at, line) in titles.iter().enumerate() {
        let y = MARGIN + 16.0 + 24.0 * at as f64;
        markup.text((MARGIN, y), TITLE, &Look::of("title").fill(INK), line);
    }
    let x_of = |lane: usize| MARGIN + TIMES + apart * (lane as f64 + 0.5);
    for (at, lane) in sequence.lanes.iter().enumerate() {
        draw_lane(&mut markup, x_of(at), (top, bottom), lane, apart);
        if sequence.is_long() {
            draw_name(&mut markup, (x_of(at), bottom), lane, apart);
        }
    }
    let mut before = None;
    for (at, moment) in sequence.moments.iter().enumerate() {
        let y = top + HEAD + ROW * at as f64;
        if before != Some(moment.at) {
            let look = Look::of("time").fill(MUTED);
            markup.text((MARGIN, y + 4.0), TIME, &look, &seconds(moment.at));
        }
        before = Some(moment.at);
        draw_moment(&mut markup, moment, y, &x_of, apart, (MARGIN + TIMES, inner + MARGIN));
    }
    markup.finish()
}

fn begin_document(markup: &mut Markup, title: &str, width: f64, height: f64) {
    let (width, height) = (N(width), N(height));
    markup.begin(
        "svg",
        &format!(
            r#"xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="zrig-sequence-title" font-family="{FONTS}""#
        ),
    );
    markup.words("title", r#"id="zrig-sequence-title""#, title);
    let ground = Look::of("ground").fill(GROUND);
    markup.leaf("rect", &format!(r#"width="{width}" height="{height}" {ground}"#));
}

fn draw_lane(markup: &mut Markup, x: f64, (top, bottom): (f64, f64), name: &str, apart: f64) {
    let look = Look::of("lane").stroke(LINE, 1.5).with(r#"stroke-dasharray="4 4""#);
    line(markup, (x, top + NAMED), (x, bottom), &look);
    draw_name(markup, (x, top), name, apart);
}

fn draw_name(markup: &mut Markup, (x, top): (f64, f64), name: &str, apart: f64) {
    let name = NAME.fit(name, apart - 20.0);
    let width = NAME.width(&name) + 22.0;
    let (left, top, wide, high) = (N(x - width / 2.0), N(top), N(width), N(NAMED));
    let look = Look::of("name").fill(BOX).stroke(LINE, 1.5);
    let place = format!(r#"x="{left}" y="{top}" width="{wide}" height="{high}""#);
    markup.leaf("rect", &format!(r#"{place} rx="6" {look}"#));
    centred(markup, (x, top.0 + 20.0), NAME, INK, &name);
}

/// The words of a moment.
fn words(moment: &Moment) -> &str {
    match &moment.what {
        What::Message { text, .. } | What::Note { text, .. } | What::Step { text } => text,
    }
}

/// Over how many lanes they may stretch.
fn span(moment: &Moment) -> f64 {
    match &moment.what {
        What::Message { from, to: Some(to), .. } => from.abs_diff(*to).max(1) as f64,
        What::Message { to: None, .. } | What::Note { .. } => 2.0,
        What::Step { .. } => 3.0,
    }
}

fn draw_moment(
    markup: &mut Markup,
    moment: &Moment,
    y: f64,
    x_of: &dyn Fn(usize) -> f64,
    apart: f64,
    (left, right): (f64, f64),
) {
    match &moment.what {
        What::Message { from, to: Some(to), text, arrived } if from != to => {
            let (near, far) = (x_of(*from), x_of(*to));
            let way = (far - near).signum();
            let late = arrived.map(|arrived| arrived.saturating_sub(moment.at));
            let late = late.filter(|late| !late.is_zero());
            let look = Look::of("message").stroke(ARROW, 1.8);
            let look = if late.is_some() { look.with(r#"stroke-dasharray="7 4""#) } else { look };
            let late = late.map(|late| format!(", {} later", seconds(late))).unwrap_or_default();
            let text = &format!("{text}{late}");
            line(markup, (near, y), (far - way * 8.0, y), &look);
            head(markup, (far - way * 1.0, y), way, ARROW);
            let text = SAID.fit(text, (far - near).abs() - 24.0);
            said(markup, ((near + far) / 2.0, y - 6.0), TEXT, IN_THE_MIDDLE, &text);
        }
        What::Message { from, text, .. } => {
            let x = x_of(*from);
            line(markup, (x, y), (x + STUMP, y), &Look::of("lost").stroke(ALARM, 1.8));
            cross(markup, (x + STUMP, y));
            let text = SAID.fit(text, apart * 1.5);
            said(markup, (x + STUMP + 12.0, y + 4.0), ALARM, OVER_LINES, &text);
        }
        What::Note { lane, text, is_alarm } => {
            let (x, colour) = (x_of(*lane), if *is_alarm { ALARM } else { TEXT });
            if *is_alarm {
                cross(markup, (x, y));
            } else {
                let (x, y, look) = (N(x), N(y), Look::of("note").fill(LINE));
                markup.leaf("circle", &format!(r#"cx="{x}" cy="{y}" r="4" {look}"#));
            }
            let text = SAID.fit(text, (right - x - 14.0).max(apart / 2.0));
            said(markup, (x + 12.0, y + 4.0), colour, OVER_LINES, &text);
        }
        What::Step { text } => {
            let (x, top, width) = (N(left), N(y - 11.0), N(right - left));
            let look = Look::of("step").fill(RULE);
            markup.leaf(
                "rect",
                &format!(r#"x="{x}" y="{top}" width="{width}" height="22" rx="4" {look}"#),
            );
            let text = SAID.fit(text, right - left - 20.0);
            centred(markup, ((left + right) / 2.0, y + 4.0), SAID, INK, &text);
        }
    }
}

fn line(markup: &mut Markup, from: (f64, f64), to: (f64, f64), look: &Look) {
    let (x1, y1, x2, y2) = (N(from.0), N(from.1), N(to.0), N(to.1));
    markup.leaf("line", &format!(r#"x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {look}"#));
}

/// The head of an arrow that points to the right, or with -1 to the left.
fn head(markup: &mut Markup, (x, y): (f64, f64), way: f64, colour: Colour) {
    let (tip, back, up, down) = (N(x), N(x - way * 9.0), N(y - 4.5), N(y + 4.5));
    let look = Look::of("head").fill(colour);
    let y = N(y);
    markup.leaf("path", &format!(r#"d="M{tip} {y} L{back} {up} L{back} {down} Z" {look}"#));
}

fn cross(markup: &mut Markup, (x, y): (f64, f64)) {
    let look = Look::of("cross").stroke(ALARM, 2.2);
    line(markup, (x - 5.0, y - 5.0), (x + 5.0, y + 5.0), &look);
    line(markup, (x - 5.0, y + 5.0), (x + 5.0, y - 5.0), &look);
}

/// What is said between the lanes, or beside one; the lines of others end around it.
fn said(markup: &mut Markup, at: (f64, f64), colour: Colour, more: &'static str, text: &str) {
    let look = Look::of("said").fill(colour).stroke(GROUND, 4.0).with(more);
    markup.text(at, SAID, &look, text);
}

fn centred(markup: &mut Markup, at: (f64, f64), set: Type, colour: Colour, text: &str) {
    let look = Look::of("said").fill(colour).with(r#"text-anchor="middle""#);
    markup.text(at, set, &look, text);
}
