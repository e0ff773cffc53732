//! A block whose last statement ends with `;` comes to nothing, as in Rust; the engine by itself takes
//! the value of the last statement, whether a `;` follows it or not.
//!
//! Owns finding such ends, saying so to the engine, and which values are lost there; literals of bytes
//! are said on the same way. Never looks at what a statement does.

use rhai::{
    AST, ASTNode, Engine, Expr, OptimizationLevel, ParseError, Position, Stmt, StmtBlock, Token,
};

use super::body::body_of;
use super::byte_literal;
use super::engine::limit;
use super::limits;
use super::places::Places;

/// What is put behind such a `;`: a statement that comes to nothing, which the engine leaves in.
const NOTHING: &str = "()";

/// Where the engine's places end; what is beyond them has the last one.
const LAST: usize = u16::MAX as usize;

/// A script whose blocks come to nothing where they end with `;`.
pub(super) struct Said {
    pub(super) script: String,
    /// How many bytes were written.
    pub(super) written: usize,
    /// Whether one of them is inside a `try`, of which the engine's optimizer takes no value to be
    /// wanted.
    in_try: bool,
}

impl Said {
    /// Parses it.
    pub(super) fn compile(&self, engine: &Engine) -> Result<AST, ParseError> {
        if self.in_try {
            plain_parser().compile(&self.script)
        } else {
            engine.compile(&self.script)
        }
    }
}

/// A parser that leaves everything in.
fn plain_parser() -> Engine {
    let mut engine = Engine::new_raw();
    limit(&mut engine);
    engine.set_optimization_level(OptimizationLevel::None);
    engine
}

/// Puts a statement that comes to nothing behind each `;` that a block ends with. The way back is added
/// to the script's places.
pub(super) fn say(engine: &Engine, script: String, places: &mut Places) -> Said {
    let written = script.len();
    // One that is too large is refused.
    if written > limits::SCRIPT_BYTES {
        return Said { script, written, in_try: false };
    }
    let Found { inserted, in_try } = look(engine, &script);
    let mut said = String::with_capacity(script.len() + 16 * inserted.len());
    let mut inserted = inserted.into_iter().peekable();
    for (line, text) in script.split_inclusive('\n').enumerate() {
        for (column, character) in text.chars().enumerate() {
            let here = (line + 1, column + 1);
            said.push(character);
            while let Some((_, more)) = inserted.next_if(|(place, _)| *place <= here) {
                said.push_str(more);
                places.inserted(here.0, here.1, more.len());
            }
        }
    }
    Said { script: said, written, in_try }
}

/// What an open brace belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brace {
    Block,
    Try,
    /// A text, which goes on behind it.
    Text,
}

/// What is put into a script: behind which line and column, from 1, and what.
#[derive(Default)]
struct Found {
    inserted: Vec<((usize, usize), &'static str)>,
    /// Whether a block inside a `try` ends with `;`.
    in_try: bool,
}

/// Finds each `;` that is the last word of a block, and each literal of bytes.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many tokens")]
fn look(engine: &Engine, script: &str) -> Found {
    let (tokens, control) = engine.lex(std::iter::once(&script));
    let mut found = Found::default();
    let lines: Vec<&str> = script.split('\n').collect();
    let mut braces = Vec::new();
    let mut next = Brace::Block;
    let (mut semicolon, mut prefix) = (None, None);
    for (token, place) in tokens {
        let here = place.line().zip(place.position());
        let here = here.filter(|&(line, column)| line < LAST && column < LAST);
        match &token {
            Token::LeftBrace | Token::MapStart => {
                braces.push(std::mem::replace(&mut next, Brace::Block));
            }
            Token::RightBrace => {
                found.in_try |= semicolon.is_some() && braces.contains(&Brace::Try);
                found.inserted.extend(semicolon.map(|place| (place, NOTHING)));
                control.borrow_mut().is_within_text = braces.pop() == Some(Brace::Text);
            }
            Token::Try | Token::Catch => next = Brace::Try,
            Token::InterpolatedString(_) => next = Brace::Text,
            Token::StringConstant(_) => {
                if let (Some((line, column)), Some(before)) = (here, prefix)
                    && (line, column - 1) == before
                    && let Some(text) = lines.get(line - 1)
                {
                    found.inserted.extend(byte_literal::call(text, before));
                }
            }
            // The parser says what is wrong.
            Token::EOF | Token::LexError(_) => break,
            _ => {}
        }
        semicolon = here.filter(|_| token == Token::SemiColon);
        prefix = here.filter(|_| matches!(&token, Token::Identifier(name) if **name == "b"));
    }
    found
}

/// Where a value is computed and lost: the last statement of a block does nothing but give it, and
/// ends with `;`. The script has passed [`say`].
pub(super) fn lost(script: &str, places: &Places) -> Vec<Position> {
    if !places.has_inserted() {
        return Vec::new();
    }
    let Ok(ast) = plain_parser().compile(script) else { return Vec::new() };
    let mut found = Vec::new();
    for function in ast.iter_fn_def() {
        found.extend(lost_at_end(&body_of(&ast, function), places));
    }
    each_block(&ast, |block| found.extend(lost_at_end(block.statements(), places)));
    found
}

/// The blocks inside functions and constants.
fn each_block(ast: &AST, mut look: impl FnMut(&StmtBlock)) {
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Stmt(block)) | ASTNode::Stmt(Stmt::Block(block))) => {
                look(block);
            }
            Some(ASTNode::Stmt(
                Stmt::If(flow, _)
                | Stmt::While(flow, _)
                | Stmt::Do(flow, ..)
                | Stmt::TryCatch(flow, _),
            )) => {
                look(&flow.body);
                look(&flow.branch);
            }
            Some(ASTNode::Stmt(Stmt::For(parts, _))) => look(&parts.2.body),
            _ => {}
        }
        true
    });
}

fn lost_at_end(block: &[Stmt], places: &Places) -> Option<Position> {
    let [.., Stmt::Expr(value), Stmt::Expr(nothing)] = block else { return None };
    let is_ours = matches!(**nothing, Expr::Unit(place) if places.is_inserted(place));
    (is_ours && only_gives(value)).then(|| begin(value))
}

/// Where an expression begins: the engine has the place of an operator.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
fn begin(expression: &Expr) -> Position {
    match expression {
        Expr::FnCall(call, _) if call.op_token.is_some() && call.args.len() > 1 => {
            begin(&call.args[0])
        }
        other => other.start_position(),
    }
}

/// Whether an expression is there for its value alone.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
fn only_gives(expression: &Expr) -> bool {
    match expression {
        Expr::Variable(..)
        | Expr::ThisPtr(..)
        | Expr::Property(..)
        | Expr::InterpolatedString(..)
        | Expr::Array(..)
        | Expr::Map(..) => true,
        Expr::FnCall(call, _) => call.op_token.is_some(),
        Expr::Dot(pair, ..) => only_gives(&pair.rhs),
        // What follows an index stands beside it.
        Expr::Index(pair, ..) => matches!(pair.rhs, Expr::Variable(..)) || pair.rhs.is_constant(),
        constant => constant.is_constant() && !matches!(constant, Expr::Unit(_)),
    }
}

#[cfg(test)]
mod tests;
