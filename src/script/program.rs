//! A node's handlers, compiled.
//!
//! Owns what is the same for all calls: the functions, the imported modules, the constants. Never
//! holds a node's state: the handler does.

use std::collections::BTreeMap;
use std::rc::Rc;

use rhai::{Expr, GlobalRuntimeState, ImmutableString};

use super::fast_expression::FastExpression;
use super::places::Places;
use super::survey::Survey;

/// A node's handlers, compiled by the engine of the thread that runs them.
#[derive(Clone)]
pub struct Program(pub(super) Rc<Compiled>);

/// What a [`Program`] shares.
pub(super) struct Compiled {
    /// The state that each call begins with: functions, modules, constants.
    pub(super) base: GlobalRuntimeState,
    /// The handlers by name.
    pub(super) entries: BTreeMap<String, Rc<Entry>>,
    /// The way back to the script's file.
    pub(super) main: Places,
    /// The way back to each module's file, by the name that the engine knows it by.
    pub(super) modules: BTreeMap<String, Places>,
    /// What the checker may want to know.
    pub(super) survey: Survey,
}

/// One handler.
pub(super) struct Entry {
    pub(super) name: String,
    /// Its place among the handlers of its program, in the order of their names.
    pub(super) number: usize,
    /// The function's body as a block, which the engine evaluates without looking it up.
    pub(super) body: Expr,
    pub(super) argument: Option<ImmutableString>,
    /// What the whole body comes to, where the engine is not needed for it.
    pub(super) fast_expression: Option<FastExpression>,
    /// Where the body begins, for what goes wrong after it ended.
    pub(super) place: rhai::Position,
}

impl Program {
    /// Whether a handler of that name is defined.
    #[must_use]
    pub fn handles(&self, name: &str) -> bool {
        self.0.entries.contains_key(name)
    }

    /// Facts about the script and its modules.
    #[must_use]
    pub fn survey(&self) -> &Survey {
        &self.0.survey
    }

    /// The same without what only the checker asks, for a node to run.
    #[must_use]
    pub fn without_survey(mut self) -> Self {
        if let Some(compiled) = Rc::get_mut(&mut self.0) {
            compiled.survey = Survey::default();
        }
        self
    }

    /// The names of all handlers.
    pub fn handlers(&self) -> impl Iterator<Item = &str> {
        self.0.entries.keys().map(String::as_str)
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.handlers()).finish()
    }
}

impl Compiled {
    /// The places of a script that the engine names; the main one has no name.
    pub(super) fn places(&self, source: &str) -> &Places {
        self.modules.get(source).unwrap_or(&self.main)
    }
}
