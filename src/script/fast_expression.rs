//! Expressions over the message in hand, such as `msg.msgid == 1000` and `msg.body + "!"`, that are
//! evaluated without a walk through the engine's tree, which takes ten times as long.
//!
//! Owns what such an expression is and its value where all goes well. Never fails and never says
//! what an operator means for unequal types: then the engine evaluates the expression as written.

mod rewrite;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use rhai::{Dynamic, ImmutableString};

use super::call_context::CallContext;
use super::custom;
use super::msg::{LazyMessage, Msg};

pub(super) use rewrite::{rewrite, whole};

/// The name that the engine knows fast expressions by, which no script can spell.
const NAME: &str = "a fast expression";

/// An expression over the message in hand and literals.
#[derive(Debug)]
pub(super) enum FastExpression {
    Unit,
    Message,
    Integer(i64),
    Bool(bool),
    Text(ImmutableString),
    Property(Property),
    Not(Box<FastExpression>),
    All(Vec<FastExpression>),
    Any(Vec<FastExpression>),
    Compare(Comparison, Box<(FastExpression, FastExpression)>),
    Calculate(Calculation, Box<(FastExpression, FastExpression)>),
    If(Box<[FastExpression; 3]>),
}

/// A property of the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Property {
    Socket,
    Msgid,
    Msgtype,
    Topic,
    Body,
    Text,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Calculation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A part of an expression's value: text is made into a value of its own only at the end.
enum Part<'m> {
    Integer(i64),
    Bool(bool),
    Text(Cow<'m, str>),
}

/// What a whole handler comes to.
pub(super) enum Outcome<'m> {
    Nothing,
    Message,
    Text(Cow<'m, str>),
    /// Anything else.
    Value(Dynamic),
}

impl<'m> From<Part<'m>> for Outcome<'m> {
    fn from(part: Part<'m>) -> Self {
        match part {
            Part::Text(text) => Self::Text(text),
            Part::Integer(value) => Self::Value(value.into()),
            Part::Bool(value) => Self::Value(value.into()),
        }
    }
}

/// The same without the message.
pub(super) enum Known {
    Message,
    Value(Dynamic),
}

impl Outcome<'_> {
    /// Lets go of the message.
    pub(super) fn known(self) -> Known {
        match self {
            Self::Nothing => Known::Value(Dynamic::UNIT),
            Self::Message => Known::Message,
            Self::Text(text) => Known::Value(ImmutableString::from(&*text).into()),
            Self::Value(value) => Known::Value(value),
        }
    }
}

impl Known {
    /// The value, of that message.
    pub(super) fn value(self, msg: &Msg) -> Dynamic {
        match self {
            Self::Message => Dynamic::from(msg.clone()),
            Self::Value(value) => value,
        }
    }
}

/// A fast expression in the place of the one it stands for.
#[derive(Clone)]
struct Rewritten(Rc<FastExpression>);

/// Lets an engine evaluate fast expressions over the message in the call context.
pub(super) fn register(engine: &mut rhai::Engine, context: &Rc<CallContext>) {
    let context = Rc::clone(context);
    custom::register(engine, NAME, move |_, rewritten| {
        let rewritten = rewritten.read_lock::<Rewritten>()?;
        context.current(|msg| rewritten.0.value(msg))
    });
}

impl FastExpression {
    /// The value, if it is the plain one.
    pub(super) fn value(&self, msg: &Msg) -> Option<Dynamic> {
        let taken = self.taken(&msg.0)?;
        if let Self::Property(property) = taken {
            // Kept with the message, for who reads it again.
            return property.value(&msg.0);
        }
        Some(taken.outcome(&msg.0)?.known().value(msg))
    }

    /// What it comes to, if it is the plain one.
    pub(super) fn outcome<'m>(&'m self, message: &'m LazyMessage) -> Option<Outcome<'m>> {
        match self.taken(message)? {
            Self::Unit => Some(Outcome::Nothing),
            Self::Message => Some(Outcome::Message),
            Self::Property(property) => match property.part(message) {
                Some(part) => Some(part.into()),
                None => property.value(message).map(Outcome::Value),
            },
            taken @ (Self::Integer(_)
            | Self::Bool(_)
            | Self::Text(_)
            | Self::Not(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::Compare(..)
            | Self::Calculate(..)
            | Self::If(_)) => taken.part(message).map(Outcome::from),
        }
    }

    /// The branch that a choice leads to; anything else is its own.
    fn taken(&self, message: &LazyMessage) -> Option<&Self> {
        let Self::If(parts) = self else { return Some(self) };
        let [condition, then, otherwise] = &**parts;
        if condition.truth(message)? { then } else { otherwise }.taken(message)
    }

    /// What stands beside an operator is mostly found here, without a call.
    #[inline(always)]
    fn part<'m>(&'m self, message: &'m LazyMessage) -> Option<Part<'m>> {
        match self {
            Self::Property(property) => property.part(message),
            Self::Integer(value) => Some(Part::Integer(*value)),
            Self::Text(text) => Some(Part::borrowed(text)),
            Self::Unit
            | Self::Message
            | Self::Bool(_)
            | Self::Not(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::Compare(..)
            | Self::Calculate(..)
            | Self::If(_) => self.composed(message),
        }
    }

    #[inline(never)]
    fn composed<'m>(&'m self, message: &'m LazyMessage) -> Option<Part<'m>> {
        if let Self::Calculate(calculation, pair) = self {
            return calculation.of(pair.0.part(message)?, &pair.1.part(message)?);
        }
        self.truth(message).map(Part::Bool)
    }

    fn truth(&self, message: &LazyMessage) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Not(inner) => inner.truth(message).map(|value| !value),
            Self::All(terms) => decided_by(terms, message, false),
            Self::Any(terms) => decided_by(terms, message, true),
            Self::Compare(comparison, pair) => {
                comparison.of(&pair.0.part(message)?, &pair.1.part(message)?)
            }
            Self::Unit
            | Self::Message
            | Self::Integer(_)
            | Self::Text(_)
            | Self::Property(_)
            | Self::Calculate(..)
            | Self::If(_) => None,
        }
    }
}

/// Looks at terms until one decides.
fn decided_by(terms: &[FastExpression], message: &LazyMessage, decides: bool) -> Option<bool> {
    for term in terms {
        if term.truth(message)? == decides {
            return Some(decides);
        }
    }
    Some(!decides)
}

impl Property {
    /// What stands alone may be any value.
    fn value(self, message: &LazyMessage) -> Option<Dynamic> {
        match self {
            Self::Socket => Some(message.name.clone().into()),
            Self::Msgid => message.msgid().ok().map(Dynamic::from_int),
            Self::Msgtype => message.msgtype().ok().map(|word| ImmutableString::from(word).into()),
            Self::Topic => message.topic().ok(),
            Self::Body => message.body().ok(),
            Self::Text => message.text().ok().map(Dynamic::from),
            Self::Json => message.json().ok(),
        }
    }

    /// What stands beside an operator is a number or text here.
    #[inline(always)]
    fn part(self, message: &LazyMessage) -> Option<Part<'_>> {
        match self {
            Self::Msgid => message.msgid().ok().map(Part::Integer),
            Self::Socket => Some(Part::borrowed(&message.name)),
            Self::Msgtype => message.msgtype().ok().map(Part::borrowed),
            Self::Topic => message.topic_text().map(Part::borrowed),
            Self::Body => message.body_text().map(Part::borrowed),
            Self::Text => message.as_text().map(Part::borrowed),
            Self::Json => None,
        }
    }
}

impl Comparison {
    fn of(self, left: &Part<'_>, right: &Part<'_>) -> Option<bool> {
        let order = match (left, right) {
            (Part::Integer(left), Part::Integer(right)) => left.cmp(right),
            (Part::Bool(left), Part::Bool(right)) => {
                // The engine knows no greater and lesser truth.
                return match self {
                    Self::Equal => Some(left == right),
                    Self::NotEqual => Some(left != right),
                    Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => None,
                };
            }
            (left, right) => left.text()?.cmp(right.text()?),
        };
        Some(match self {
            Self::Equal => order == Ordering::Equal,
            Self::NotEqual => order != Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
        })
    }
}

impl Calculation {
    fn of<'m>(self, left: Part<'m>, right: &Part<'_>) -> Option<Part<'m>> {
        if let (&Part::Integer(left), &Part::Integer(right)) = (&left, right) {
            let result = match self {
                Self::Add => left.checked_add(right),
                Self::Subtract => left.checked_sub(right),
                Self::Multiply => left.checked_mul(right),
                Self::Divide => left.checked_div(right),
                Self::Remainder => left.checked_rem(right),
            };
            return result.map(Part::Integer);
        }
        if self != Self::Add {
            return None;
        }
        let end = right.text()?;
        let mut joined = match left {
            Part::Text(Cow::Owned(text)) => text,
            Part::Text(Cow::Borrowed(begin)) => {
                let mut text = String::with_capacity(begin.len() + end.len());
                text.push_str(begin);
                text
            }
            Part::Integer(_) | Part::Bool(_) => return None,
        };
        joined.push_str(end);
        Some(Part::Text(Cow::Owned(joined)))
    }
}

impl<'m> Part<'m> {
    fn borrowed(text: &'m str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(_) | Self::Bool(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
