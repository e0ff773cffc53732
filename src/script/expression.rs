//! An expression that stands in a file of tests: what is wrong with it, and what it reads.
//!
//! Owns facts with their places. Never judges them, and never evaluates one.

use std::path::Path;

use rhai::{AST, ASTNode, Expr};

use super::engine::Engine;
use super::fault::{FaultKind, ScriptFault};
use super::survey::Survey;
use super::syntax;
use super::text::{HandlerText, ScriptText};
use crate::source::Position;

/// An expression as it stands in its file.
#[derive(Clone, Debug)]
pub struct ExpressionText<'t> {
    /// The file.
    pub path: &'t Path,
    /// The expression.
    pub text: &'t str,
    /// Where each of its lines begins.
    pub lines: Vec<Position>,
}

/// A way through a map, such as `counters.sink.received`: names with their places.
pub type Way = Vec<(String, Position)>;

impl Engine {
    /// What an expression of a message, `msg`, says of itself.
    ///
    /// # Errors
    ///
    /// With every fault that could be found.
    pub fn survey_of_message(&self, text: &ExpressionText<'_>) -> Result<Survey, Vec<ScriptFault>> {
        self.survey_expression(text, "on_message", "")
    }

    /// What an expression of a map says of itself, and the ways it goes through that map.
    ///
    /// # Errors
    ///
    /// With every fault that could be found.
    pub fn survey_of_map(
        &self,
        text: &ExpressionText<'_>,
        map: &str,
    ) -> Result<(Survey, Vec<Way>), Vec<ScriptFault>> {
        let head = format!("let {map} = this;\n");
        let survey = self.survey_expression(text, "on_tick", &head)?;
        // What does not parse has been told.
        let ast = self.rhai.compile(text.body()).unwrap_or_default();
        Ok((survey, ways(&ast, map, text)))
    }

    fn survey_expression(
        &self,
        text: &ExpressionText<'_>,
        handler: &str,
        head: &str,
    ) -> Result<Survey, Vec<ScriptFault>> {
        let body = text.body();
        if let Some(position) = syntax::assignment(body) {
            return Err(vec![ScriptFault {
                kind: FaultKind::Syntax,
                path: text.path.to_owned(),
                position: text.place(position),
                message: "`=` sets something".to_owned(),
                help: Some("write `==`, which compares two values".to_owned()),
                fix: None,
            }]);
        }
        self.compile(&text.below(head, handler)).map(|program| program.survey().clone())
    }
}

impl<'t> ExpressionText<'t> {
    /// The script whose one handler is this expression.
    pub(super) fn as_handler(&self, handler: &str) -> ScriptText {
        self.below("", handler)
    }

    /// The same below a line that nobody wrote.
    fn below(&self, head: &str, handler: &str) -> ScriptText {
        let first = self.lines.first().copied().filter(|_| !head.is_empty());
        let handler = HandlerText {
            name: handler.to_owned(),
            body: format!("{head}{}", self.body()).into(),
            lines: first.into_iter().chain(self.lines.iter().copied()).collect(),
        };
        ScriptText::of_one(self.path, handler)
    }

    /// The expression itself: what ends with `;` would say nothing.
    fn body(&self) -> &'t str {
        self.text.trim_end_matches([';', ' ', '\n'])
    }

    /// A place of the expression in its file.
    fn place(&self, at: Position) -> Option<Position> {
        let line = self.lines.get(at.line.checked_sub(1)?)?;
        Some(Position { line: line.line, column: line.column + at.column.saturating_sub(1) })
    }
}

/// The ways that an expression goes through a map.
fn ways(ast: &AST, map: &str, text: &ExpressionText<'_>) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Expr(Expr::Dot(pair, ..) | Expr::Index(pair, ..))) = path.last()
            && matches!(&pair.lhs, Expr::Variable(variable, ..) if variable.1 == map)
        {
            let mut way = Vec::new();
            follow(&pair.rhs, &mut way, text);
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        true
    });
    ways
}

/// Adds the names of a way, as far as they are written out.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of nodes")]
fn follow(expression: &Expr, way: &mut Way, text: &ExpressionText<'_>) -> bool {
    let (name, place) = match expression {
        Expr::Property(property, place) => (property.2.to_string(), *place),
        Expr::StringConstant(name, place) => (name.to_string(), *place),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => {
            return follow(&pair.lhs, way, text) && follow(&pair.rhs, way, text);
        }
        _ => return false,
    };
    let place = place.line().zip(place.position());
    let place = place.and_then(|(line, column)| text.place(Position { line, column }));
    let Some(place) = place else { return false };
    way.push((name, place));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> ExpressionText<'_> {
        let lines = (1..=text.lines().count()).map(|line| Position { line: line + 9, column: 5 });
        ExpressionText { path: Path::new("a.test.yaml"), text, lines: lines.collect() }
    }

    #[test]
    fn the_ways_through_a_map_are_found_with_their_places() {
        let engine = Engine::new();
        for (expression, want) in [
            ("counters.a.sent == counters.b.x.received", "a.sent b.x.received"),
            ("counters[\"a-b\"].sent > 1;", "a-b.sent"),
            ("let a = counters.a;\na.sent < counters.a.sent", "a a.sent"),
            (
                "counters.worker[\"1\"].sent == counters.worker[\"2\"][\"pull\"].sent",
                "worker.1.sent worker.2.pull.sent",
            ),
            ("1 == 1", ""),
            ("counters.a.sent.to_string() == \"1\"", "a.sent"),
        ] {
            let (survey, ways) = engine.survey_of_map(&text(expression), "counters").unwrap();
            assert_eq!(survey.unknown_variables, [], "{expression}");
            let ways: Vec<String> = ways
                .iter()
                .map(|way| way.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("."))
                .collect();
            assert_eq!(ways.join(" "), want, "{expression}");
        }
        let (_, ways) =
            engine.survey_of_map(&text("true &&\ncounters.a.b == 1"), "counters").unwrap();
        let places: Vec<_> = ways[0].iter().map(|(_, at)| (at.line, at.column)).collect();
        assert_eq!(places, [(11, 14), (11, 16)]);
    }

    #[test]
    fn what_cannot_be_asked_is_told_where_it_stands() {
        let engine = Engine::new();
        for (expression, place, word) in [
            ("msg.msgid = 1", (10, 15), "`=` sets"),
            ("msg.msgid ==", (10, 17), "ends"),
            ("true &&\n  )", (11, 7), "`)`"),
        ] {
            let faults = engine.survey_of_message(&text(expression)).unwrap_err();
            let at = faults[0].position.unwrap();
            assert_eq!((at.line, at.column), place, "{expression}: {}", faults[0].message);
            assert!(faults[0].message.contains(word), "{expression}: {}", faults[0].message);
        }
        let survey = engine.survey_of_message(&text("mgs.msgid == 1")).unwrap();
        assert_eq!(survey.unknown_variables[0].name, "mgs");
        let (survey, _) = engine.survey_of_map(&text("msg.msgid == 1"), "counters").unwrap();
        assert_eq!(survey.unknown_variables[0].name, "msg");
    }
}
