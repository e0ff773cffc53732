//! What may stand in a script: at its top level, and as its functions.
//!
//! Owns the faults of what may not. Never compiles anything.

use std::collections::BTreeSet;

use rhai::{AST, ASTFlags, ScriptFuncDef, Stmt};

use super::Linker;
use crate::nearest::nearest;
use crate::script::places::{EVENTS, Places, argument_of, arity_of, is_handler};
use crate::script::text::Handlers;

impl Linker<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of statements")]
    pub(super) fn check_top_level(&mut self, ast: &AST, places: &Places) -> bool {
        let before = self.faults.len();
        for statement in ast.statements() {
            let allowed = match statement {
                Stmt::Import(..) | Stmt::Export(..) | Stmt::Noop(..) => true,
                Stmt::Var(_, flags, _) => flags.contains(ASTFlags::CONSTANT),
                _ => false,
            };
            if !allowed {
                let help = match statement {
                    Stmt::Var(variable, ..) => format!(
                        "write `fn on_start() {{ this.{0} = …; }}` for what is kept, and read it as \
                         `this.{0}`; write `const` for what never changes",
                        variable.0.name
                    ),
                    _ => {
                        "put what runs into a handler, such as `fn on_start() { … }`, and what is \
                          kept into `this`"
                            .to_owned()
                    }
                };
                let message = "only fn, const and import may stand at top level".to_owned();
                self.fault_with_help(places, statement.position(), message, &help);
            }
        }
        self.faults.len() == before
    }

    pub(super) fn check_functions(&mut self, ast: &AST, places: &Places) -> bool {
        let before = self.faults.len();
        for function in ast.iter_fn_def() {
            if is_handler(&function.name) && function.this_type.is_some() {
                let place = function.body.start_position();
                let message = format!("{} is a handler and belongs to no type", function.name);
                self.fault(places, place, message);
                continue;
            }
            let arity = arity_of(&function.name);
            if is_handler(&function.name) && function.params.len() != arity {
                self.wrong_arity(places, function, arity);
            }
        }
        if let Handlers::Inline(handlers) = &self.text.handlers
            && places.path() == self.text.path
        {
            let wanted: BTreeSet<&str> =
                handlers.iter().map(|handler| handler.name.as_str()).collect();
            for function in ast.iter_fn_def() {
                if !wanted.contains(&*function.name) && !function.name.starts_with("anon$") {
                    let place = function.body.start_position();
                    self.fault(
                        places,
                        place,
                        "an inline handler cannot define functions".to_owned(),
                    );
                }
            }
        }
        self.faults.len() == before
    }

    fn wrong_arity(&mut self, places: &Places, function: &ScriptFuncDef, arity: usize) {
        let name = &*function.name;
        let plural = if arity == 1 { "one argument" } else { "no argument" };
        let event = EVENTS.iter().copied().find(|event| *event == name);
        let meant = match event {
            Some(_) => None,
            None => nearest(name, EVENTS.iter().copied()),
        };
        let help = match (&meant, event) {
            (Some(meant), _) => meant.question(),
            (None, Some(_)) => format!("write `fn {name}({})`", argument_of(name)),
            (None, None) => format!(
                "it is called for each message of a socket `{}`: write `fn {name}(msg)`; a function \
                 of your own begins with another word than `on_`",
                name.trim_start_matches("on_")
            ),
        };
        let message = format!("{name} takes {plural}");
        self.fault_with_help(places, function.body.start_position(), message, &help);
    }
}
