//! The picture as SVG: one that can stand on a slide.
//!
//! Owns the canvas: title, picture, legend. Needs no font, script or style sheet; the same picture
//! gives the same bytes.

mod icon;
mod legend;
mod node;
mod palette;
#[cfg(test)]
mod tests;
mod wire;

use super::layout::{Layout, Placed, Point, Route, Step, lay_out};
use super::picture::{Picture, Wire};
use crate::ink::{FONTS, GROUND, INK, Look, MUTED, Markup, Number as N, Type};
use legend::Legend;

const MARGIN: f64 = 30.0;
const TITLE: Type = Type::bold(20.0);
const DESCRIPTION: Type = Type::plain(13.0);
const DESCRIPTION_LINE: f64 = 18.0;
const LEAST_WIDTH: f64 = 400.0;

/// Draws a picture.
#[must_use]
pub fn svg(picture: &Picture) -> String {
    let layout = lay_out(picture);
    let title_width = TITLE.width(&picture.name).min(900.0);
    let inner = layout.width.max(title_width).max(LEAST_WIDTH).ceil();
    let text = picture.description.as_deref().unwrap_or_default();
    let description = DESCRIPTION.wrap(text, inner, 4);
    let head = 24.0 + DESCRIPTION_LINE * description.len() as f64 + 22.0;
    let legend = Legend::new(picture, inner);
    let foot = MARGIN + head + layout.height + 26.0;
    let (width, height) = (inner + 2.0 * MARGIN, foot + legend.height + MARGIN - 8.0);

    let mut markup = Markup::default();
    begin_document(&mut markup, picture, width, height);
    let ground = Look::of("ground").fill(GROUND);
    let ground = format!(r#"width="{}" height="{}" {ground}"#, N(width), N(height));
    markup.leaf("rect", &ground);
    let name = TITLE.fit(&picture.name, inner);
    markup.text((MARGIN, MARGIN + 17.0), TITLE, &Look::of("title").fill(INK), &name);
    for (at, line) in description.iter().enumerate() {
        let y = MARGIN + 40.0 + DESCRIPTION_LINE * at as f64;
        let look = Look::of("description").fill(MUTED);
        markup.text((MARGIN, y), DESCRIPTION, &look, line);
    }
    let corner = Point { x: MARGIN + ((inner - layout.width) / 2.0).round(), y: MARGIN + head };
    draw(&mut markup, picture, &moved(layout, corner));
    legend.draw(&mut markup, Point { x: MARGIN, y: foot });
    markup.finish()
}

fn begin_document(markup: &mut Markup, picture: &Picture, width: f64, height: f64) {
    let (width, height) = (N(width), N(height));
    let id: String = picture.name.chars().filter(char::is_ascii_alphanumeric).collect();
    markup.begin(
        "svg",
        &format!(
            r#"xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="zrig-{id}-title zrig-{id}-desc" font-family="{FONTS}""#
        ),
    );
    markup.words("title", &format!(r#"id="zrig-{id}-title""#), &picture.name);
    markup.words("desc", &format!(r#"id="zrig-{id}-desc""#), &in_words(picture));
}

/// The picture for who cannot see it.
fn in_words(picture: &Picture) -> String {
    let say = |wire: &Wire| {
        let verb = if wire.both_ways { "exchanges messages with" } else { "sends to" };
        format!("{} {verb} {}.", picture.end_name(wire.from), picture.end_name(wire.to))
    };
    picture
        .description
        .iter()
        .cloned()
        .chain(picture.wires.iter().map(say))
        .collect::<Vec<_>>()
        .join(" ")
}

fn draw(markup: &mut Markup, picture: &Picture, layout: &Layout) {
    let (nodes, terminals) = layout.blocks.split_at(picture.boxes.len());
    for (at, (terminal, placed)) in picture.terminals.iter().zip(terminals).enumerate() {
        node::terminal(markup, at, terminal, placed);
    }
    for (wire, route) in picture.wires.iter().zip(&layout.routes) {
        wire::wire(markup, picture, wire, route);
    }
    for (node, placed) in picture.boxes.iter().zip(nodes) {
        node::node(markup, node, placed);
    }
}

/// The layout with its top left corner there.
fn moved(layout: Layout, by: Point) -> Layout {
    let point = |at: Point| Point { x: at.x + by.x, y: at.y + by.y };
    let step = |step: Step| match step {
        Step::Across(x) => Step::Across(x + by.x),
        Step::Swing(to) => Step::Swing(point(to)),
        Step::Bow(to, reach) => Step::Bow(point(to), reach),
        Step::Down(y) => Step::Down(y + by.y),
        Step::Corner(round, to) => Step::Corner(point(round), point(to)),
    };
    let route = |route: Route| Route {
        begin: point(route.begin),
        steps: route.steps.into_iter().map(step).collect(),
        end: point(route.end),
        ..route
    };
    let place = |placed: Placed| Placed { x: placed.x + by.x, y: placed.y + by.y, ..placed };
    Layout {
        blocks: layout.blocks.into_iter().map(place).collect(),
        routes: layout.routes.into_iter().map(route).collect(),
        ..layout
    }
}
