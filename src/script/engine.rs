//! The Rhai engine of a thread: its limits and what it lets scripts call.
//!
//! Owns the engine's settings. Never runs a handler: [`super::Handler`] does.

use std::rc::Rc;

use rhai::OptimizationLevel;
use rhai::packages::{Package, StandardPackage};

use super::desk::Desk;
use super::{functions, limits};

/// Compiles scripts and runs their handlers, for all nodes of one thread.
pub struct Engine {
    pub(super) rhai: rhai::Engine,
    pub(super) desk: Rc<Desk>,
}

impl Engine {
    /// An engine with all limits set, which knows the functions of the contract.
    ///
    /// Costs some 200 µs and 220 KiB, so a thread has one for all its nodes.
    #[must_use]
    pub fn new() -> Self {
        let mut rhai = rhai::Engine::new_raw();
        StandardPackage::new().register_into_engine(&mut rhai);
        limit(&mut rhai);
        rhai.set_fast_operators(true)
            .set_optimization_level(OptimizationLevel::Simple)
            .disable_symbol("eval");
        let desk = Rc::new(Desk::default());
        functions::register(&mut rhai, &desk);
        Self { rhai, desk }
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

fn limit(rhai: &mut rhai::Engine) {
    rhai.set_max_operations(limits::OPERATIONS)
        .set_max_call_levels(limits::CALL_LEVELS)
        .set_max_expr_depths(limits::EXPRESSION_DEPTH, limits::EXPRESSION_DEPTH)
        .set_max_string_size(limits::TEXT_BYTES)
        .set_max_array_size(limits::ARRAY_SIZE)
        .set_max_map_size(limits::MAP_SIZE)
        .set_max_variables(limits::VARIABLES)
        .set_max_functions(limits::FUNCTIONS)
        .set_max_modules(limits::MODULES);
}
