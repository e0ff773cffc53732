//! What a handler only looks at is lent, where the engine by itself would copy it: `key in this.map`,
//! `this.jobs == ()` and `len(this.map)` take the time of a look, however much is in there.
//!
//! Owns where such a value lies and what the plain looks come to. Never says what else may come of one:
//! then the engine evaluates the expression as written.

mod find;
mod place;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use rhai::{Array, Blob, Dynamic, EvalAltResult, EvalContext, Expression, ImmutableString, Map};

use place::Place;

pub(super) use find::Lender;

/// The name that the engine knows such a look by, which no script can spell.
const NAME: &str = "a lent value";

/// A look at something that is lent.
#[derive(Clone)]
struct Lent(Rc<Look>);

/// What is looked at and how. The expressions in it are the inputs behind the original: the keys of
/// the place, then those of the other place or the other value.
struct Look {
    place: Place,
    kind: Kind,
}

enum Kind {
    /// `place == value`, or `!=`.
    Equals { other: Other, negated: bool },
    /// A function that gives nothing of what it looks at away.
    Function(Function),
    /// What lies there itself, in a constant.
    Read,
}

/// What a place is compared with.
enum Other {
    Place(Place),
    Value,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Function {
    Contains,
    IndexOf,
    Len,
    IsEmpty,
    TypeOf,
    IsShared,
    Pick,
}

type Context<'e, 's, 'p, 'g, 'c, 't> = EvalContext<'e, 's, 'p, 'g, 'c, 't>;

/// Lets an engine evaluate such looks.
pub(super) fn register(engine: &mut rhai::Engine) {
    engine.register_custom_syntax_with_state_raw(
        NAME,
        |_, _, _| Ok(None),
        false,
        |context: &mut Context<'_, '_, '_, '_, '_, '_>,
         inputs: &[Expression<'_>],
         lent: &Dynamic| {
            let look = lent.read_lock::<Lent>().map(|lent| Rc::clone(&lent.0));
            let mut values = Vec::with_capacity(inputs.len() - 1);
            for input in &inputs[1..] {
                values.push(context.eval_expression_tree(input)?);
            }
            match look.map(|look| look.value(context, &mut values)) {
                Some(Ok(Some(value))) => Ok(value),
                Some(Err(error)) => Err(error),
                Some(Ok(None)) | None => context.eval_expression_tree(&inputs[0]),
            }
        },
    );
}

impl Look {
    /// What it comes to; nothing where that is the engine's to say. An error ends the call.
    fn value(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        values: &mut [Dynamic],
    ) -> Result<Option<Dynamic>, Box<EvalAltResult>> {
        let (keys, others) = values.split_at_mut(self.place.keys());
        Ok(match &self.kind {
            Kind::Read => self.place.look(context, keys, Dynamic::clone),
            Kind::Equals { other: Other::Value, negated } => self
                .place
                .look(context, keys, |one| are_equal(one, &others[0]))
                .flatten()
                .map(|equal| Dynamic::from_bool(equal != *negated)),
            Kind::Equals { other: Other::Place(other), negated } => self
                .place
                .look(context, keys, |one| {
                    other.look(context, others, |other| are_equal(one, other)).flatten()
                })
                .flatten()
                .map(|equal| Dynamic::from_bool(equal != *negated)),
            Kind::Function(function) => {
                let engine = context.engine();
                let said = self
                    .place
                    .look(context, keys, |value| function.of(engine, value, others.first()))
                    .flatten();
                match said {
                    None if function.calls() => {
                        return self.call(*function, context, keys, others);
                    }
                    said => said,
                }
            }
        })
    }

    /// Calls the function itself with an array that is taken out of its place meanwhile.
    fn call(
        &self,
        function: Function,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        keys: &[Dynamic],
        others: &mut [Dynamic],
    ) -> Result<Option<Dynamic>, Box<EvalAltResult>> {
        let taken = self.place.change(context, keys, |place| {
            (place.is_array() && !place.is_shared()).then(|| std::mem::take(place))
        });
        let Some(mut taken) = taken.flatten() else { return Ok(None) };
        let mut arguments: Vec<&mut Dynamic> =
            std::iter::once(&mut taken).chain(others.iter_mut()).collect();
        let said = catch_unwind(AssertUnwindSafe(|| {
            context.call_native_fn_raw(function.name(), true, &mut arguments)
        }));
        self.place.change(context, keys, |place| *place = taken);
        match said {
            Ok(Ok(said)) => Ok(Some(said)),
            Ok(Err(error)) if matches!(*error, EvalAltResult::ErrorTerminated(..)) => Err(error),
            // As written it fails at its place.
            Ok(Err(_)) => Ok(None),
            Err(panic) => resume_unwind(panic),
        }
    }
}

impl Function {
    const ALL: [Self; 7] = [
        Self::Contains,
        Self::IndexOf,
        Self::Len,
        Self::IsEmpty,
        Self::TypeOf,
        Self::IsShared,
        Self::Pick,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::IndexOf => "index_of",
            Self::Len => "len",
            Self::IsEmpty => "is_empty",
            Self::TypeOf => "type_of",
            Self::IsShared => "is_shared",
            Self::Pick => "pick",
        }
    }

    fn arguments(self) -> usize {
        match self {
            Self::Contains | Self::IndexOf => 1,
            Self::Len | Self::IsEmpty | Self::TypeOf | Self::IsShared | Self::Pick => 0,
        }
    }

    /// Whether it goes through the elements by itself.
    fn calls(self) -> bool {
        matches!(self, Self::Contains | Self::IndexOf | Self::Pick)
    }

    /// What the function says of a value, where it need not go through it.
    fn of(
        self,
        engine: &rhai::Engine,
        value: &Dynamic,
        argument: Option<&Dynamic>,
    ) -> Option<Dynamic> {
        let size = size(value)?;
        Some(match self {
            Self::Contains => {
                let map = value.read_lock::<Map>()?;
                let key = argument?.read_lock::<ImmutableString>()?;
                Dynamic::from_bool(map.contains_key(key.as_str()))
            }
            Self::IndexOf | Self::Pick => return None,
            Self::Len => Dynamic::from_int(i64::try_from(size).ok()?),
            Self::IsEmpty => Dynamic::from_bool(size == 0),
            Self::TypeOf => engine.map_type_name(value.type_name()).to_owned().into(),
            Self::IsShared => Dynamic::from_bool(value.is_shared()),
        })
    }
}

/// How many elements a value has, if it is one that is copied with all of them.
fn size(value: &Dynamic) -> Option<usize> {
    if let Some(map) = value.read_lock::<Map>() {
        return Some(map.len());
    }
    if let Some(array) = value.read_lock::<Array>() {
        return Some(array.len());
    }
    value.read_lock::<Blob>().map(|blob| blob.len())
}

/// Whether two values are equal, where that can be told without going through them.
fn are_equal(one: &Dynamic, other: &Dynamic) -> Option<bool> {
    match (Plain::of(one)?, Plain::of(other)?) {
        (Plain::Unit, Plain::Unit) => Some(true),
        (Plain::Bool(one), Plain::Bool(other)) => Some(one == other),
        (Plain::Integer(one), Plain::Integer(other)) => Some(one == other),
        (Plain::Text(one), Plain::Text(other)) => Some(one == other),
        (Plain::Array(one), Plain::Array(other)) | (Plain::Map(one), Plain::Map(other)) => {
            if one != other { Some(false) } else { (one == 0).then_some(true) }
        }
        // Of one kind, or of one that the engine compares with others.
        (Plain::Blob, Plain::Blob) => None,
        _ => Some(false),
    }
}

/// What is compared by kind first.
enum Plain {
    Unit,
    Bool(bool),
    Integer(i64),
    Text(ImmutableString),
    Blob,
    /// Of so many elements.
    Array(usize),
    Map(usize),
}

impl Plain {
    fn of(value: &Dynamic) -> Option<Self> {
        if value.is_unit() {
            return Some(Self::Unit);
        }
        if let Ok(value) = value.as_int() {
            return Some(Self::Integer(value));
        }
        if let Ok(text) = value.as_immutable_string_ref() {
            return Some(Self::Text(text.clone()));
        }
        if let Ok(value) = value.as_bool() {
            return Some(Self::Bool(value));
        }
        let size = size(value)?;
        Some(match () {
            () if value.is_map() => Self::Map(size),
            () if value.is_array() => Self::Array(size),
            () => Self::Blob,
        })
    }
}

#[cfg(test)]
mod tests;
