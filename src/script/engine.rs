//! The Rhai engine of a thread: its limits and what it lets scripts call.
//!
//! Owns the engine's settings. Never runs a handler: [`super::Handler`] does.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rhai::module_resolvers::StaticModuleResolver;
use rhai::packages::{Package, StandardPackage};
use rhai::{EvalAltResult, Module, ModuleResolver, OptimizationLevel, Position, Shared};

use super::branches::{self, Marks};
use super::call_context::CallContext;
use super::guard::{Guard, Spent};
use super::{
    binary_layout, bounded, byte_literal, bytes, cbor, chance, compression, csv_lines, digits,
    fast_expression, functions, hashes, lending, lengthy, limits, moments, move_return, msgpack,
    numbers, own_function, patterns, text_codecs, timer,
};

/// What registers functions that need nothing but the guard.
type Family = fn(&mut rhai::Engine, &Rc<Guard>);

/// The families of functions for what messages are made of.
const FAMILIES: &[Family] = &[
    binary_layout::register,
    cbor::register,
    compression::register,
    csv_lines::register,
    hashes::register,
    msgpack::register,
    patterns::register,
    text_codecs::register,
];

/// Compiles scripts and runs their handlers, for all nodes of one thread.
pub struct Engine {
    pub(super) rhai: rhai::Engine,
    pub(super) context: Rc<CallContext>,
    pub(super) module_scope: ModuleScope,
    pub(super) guard: Rc<Guard>,
    pub(super) marks: Marks,
}

impl Engine {
    /// An engine with all limits set, which knows the functions of the contract.
    ///
    /// Costs some 200 µs and 220 KiB, so a thread has one for all its nodes.
    #[must_use]
    pub fn new() -> Self {
        let mut rhai = rhai::Engine::new_raw();
        StandardPackage::new().register_into_engine(&mut rhai);
        byte_literal::register(&mut rhai);
        bytes::register(&mut rhai);
        digits::register(&mut rhai);
        moments::register(&mut rhai);
        numbers::register(&mut rhai);
        limit(&mut rhai);
        rhai.set_fast_operators(true).set_optimization_level(OptimizationLevel::Simple);
        see_constants(&mut rhai);
        let module_scope = ModuleScope::default();
        rhai.set_module_resolver(module_scope.clone());
        let context = Rc::new(CallContext::default());
        functions::register(&mut rhai, &context);
        chance::register(&mut rhai, &context);
        timer::register(&mut rhai, &context);
        fast_expression::register(&mut rhai, &context);
        move_return::register(&mut rhai);
        lending::register(&mut rhai);
        own_function::register(&mut rhai);
        let marks = branches::register(&mut rhai);
        let guard = Rc::new(Guard::new(&context));
        bounded::register(&mut rhai, &guard);
        lengthy::register(&mut rhai, &guard);
        for register in FAMILIES {
            register(&mut rhai, &guard);
        }
        let watch = Rc::clone(&guard);
        rhai.on_progress(move |_| watch.look().map(Spent::token));
        Self { rhai, context, module_scope, guard, marks }
    }

    /// How much the last call has computed, if it was that long that it was measured, and for how
    /// long on end at most it held its thread. It began at `began`, and held it at last for
    /// `stretch`.
    #[must_use]
    pub fn last_call(&self, began: Instant, stretch: Duration) -> (Option<Duration>, Duration) {
        self.guard.last_call(began, stretch)
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// Sets what holds for every script.
pub(super) fn limit(rhai: &mut rhai::Engine) {
    rhai.set_max_operations(limits::OPERATIONS * u64::from(limits::PATIENCE))
        .set_max_call_levels(limits::CALL_LEVELS)
        .set_max_expr_depths(limits::EXPRESSION_DEPTH, limits::EXPRESSION_DEPTH)
        // The engine would measure every value at every step, and by far not all that grows.
        .set_max_string_size(0)
        .set_max_array_size(0)
        .set_max_map_size(0)
        .set_max_variables(limits::VARIABLES)
        .set_max_functions(limits::FUNCTIONS)
        .set_max_modules(limits::MODULES)
        .disable_symbol("eval");
}

/// Lets functions and closures see a script's constants by their plain names; the engine by itself
/// knows them as `global::NAME` only.
#[expect(deprecated, reason = "the engine marks hooks as volatile with this attribute")]
fn see_constants(rhai: &mut rhai::Engine) {
    rhai.on_var(|name, index, context| {
        // What has an index is a variable of the function itself.
        if index > 0 {
            return Ok(None);
        }
        let constants = context.global_runtime_state().constants.as_ref();
        Ok(constants.and_then(|constants| constants.borrow().get(name).cloned()))
    });
}

/// The modules that the top level of a module may import while it is linked. Everywhere else a
/// program brings its own.
#[derive(Clone, Default)]
pub(super) struct ModuleScope(Rc<RefCell<Option<Shared<StaticModuleResolver>>>>);

/// Clears the module scope when the module is linked.
pub(super) struct ScopedModules(ModuleScope);

impl ModuleScope {
    /// Puts modules there until the answer is dropped.
    pub(super) fn put(&self, modules: &Shared<StaticModuleResolver>) -> ScopedModules {
        *self.0.borrow_mut() = Some(modules.clone());
        ScopedModules(self.clone())
    }
}

impl Drop for ScopedModules {
    fn drop(&mut self) {
        *self.0.0.borrow_mut() = None;
    }
}

impl ModuleResolver for ModuleScope {
    fn resolve(
        &self,
        engine: &rhai::Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let modules = self.0.borrow().clone();
        match modules {
            Some(modules) => modules.resolve(engine, source, path, position),
            None => Err(EvalAltResult::ErrorModuleNotFound(path.to_owned(), position).into()),
        }
    }
}
