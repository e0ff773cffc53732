//! Where a value lies: in `this`, a variable or a constant, below names and keys.
//!
//! Owns the way there, for a look and for a change. Never copies what lies on it.

use rhai::{Array, Dynamic, EvalContext, ImmutableString, Map};

/// A place. The keys of its steps are given with each look, since a handler computes them.
pub(super) struct Place {
    pub(super) root: Root,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Root {
    This,
    /// A variable, or else a constant of the script.
    Variable(ImmutableString),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Name(ImmutableString),
    /// The next of the keys.
    Key,
}

type Context<'e, 's, 'p, 'g, 'c, 't> = EvalContext<'e, 's, 'p, 'g, 'c, 't>;

impl Place {
    /// How many keys it takes.
    pub(super) fn keys(&self) -> usize {
        self.steps.iter().filter(|step| **step == Step::Key).count()
    }

    /// Lends what lies there.
    pub(super) fn look<T>(
        &self,
        context: &Context<'_, '_, '_, '_, '_, '_>,
        keys: &[Dynamic],
        look: impl FnOnce(&Dynamic) -> T,
    ) -> Option<T> {
        let name = match &self.root {
            Root::This => return below(context.this_ptr()?, &self.steps, keys, look),
            Root::Variable(name) => name,
        };
        if let Some(value) = context.scope().get(name) {
            return below(value, &self.steps, keys, look);
        }
        let constants = context.global_runtime_state().constants.as_ref()?.borrow();
        below(constants.get(name)?, &self.steps, keys, look)
    }

    /// Lends what lies there, to be changed. No constant is.
    pub(super) fn change<T>(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        keys: &[Dynamic],
        change: impl FnOnce(&mut Dynamic) -> T,
    ) -> Option<T> {
        let root = match &self.root {
            Root::This => context.this_ptr_mut()?,
            Root::Variable(name) => context.scope_mut().get_mut(name)?,
        };
        below_mut(root, &self.steps, keys, change)
    }
}

fn below<T>(
    value: &Dynamic,
    steps: &[Step],
    keys: &[Dynamic],
    look: impl FnOnce(&Dynamic) -> T,
) -> Option<T> {
    let Some((step, steps)) = steps.split_first() else { return Some(look(value)) };
    if let Some(map) = value.read_lock::<Map>() {
        return match (step.name(keys)?, steps.is_empty()) {
            (name, false) => below(map.get(name.as_str())?, steps, step.rest(keys), look),
            // What is not there is `()`.
            (name, true) => Some(look(map.get(name.as_str()).unwrap_or(&Dynamic::UNIT))),
        };
    }
    let array = value.read_lock::<Array>()?;
    below(&array[step.index(keys, array.len())?], steps, step.rest(keys), look)
}

fn below_mut<T>(
    value: &mut Dynamic,
    steps: &[Step],
    keys: &[Dynamic],
    change: impl FnOnce(&mut Dynamic) -> T,
) -> Option<T> {
    let Some((step, steps)) = steps.split_first() else { return Some(change(value)) };
    if value.is_map() {
        let mut map = value.write_lock::<Map>()?;
        let name = step.name(keys)?;
        return below_mut(map.get_mut(name.as_str())?, steps, step.rest(keys), change);
    }
    let mut array = value.write_lock::<Array>()?;
    let index = step.index(keys, array.len())?;
    below_mut(&mut array[index], steps, step.rest(keys), change)
}

impl Step {
    fn name(&self, keys: &[Dynamic]) -> Option<ImmutableString> {
        match self {
            Self::Name(name) => Some(name.clone()),
            Self::Key => Some(keys.first()?.as_immutable_string_ref().ok()?.clone()),
        }
    }

    /// The place in an array of that length, counted from the end where it is negative.
    fn index(&self, keys: &[Dynamic], length: usize) -> Option<usize> {
        let Self::Key = self else { return None };
        let key = keys.first()?.as_int().ok()?;
        let distance = usize::try_from(key.unsigned_abs()).ok()?;
        let index = if key < 0 { length.checked_sub(distance)? } else { distance };
        (index < length).then_some(index)
    }

    /// The keys of the steps behind this one.
    fn rest<'k>(&self, keys: &'k [Dynamic]) -> &'k [Dynamic] {
        match self {
            Self::Name(_) => keys,
            Self::Key => keys.get(1..).unwrap_or_default(),
        }
    }
}
