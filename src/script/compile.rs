//! From a node's script and its modules to a [`Program`].
//!
//! Owns the order: parse, look at the top level, link the imports, compute the constants once,
//! parse again with the constants known. Never reads a file: all text is in the [`ScriptText`]. What
//! may stand in a script is told by [`form`].

mod form;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rhai::module_resolvers::StaticModuleResolver;
use rhai::{
    AST, Caches, EvalAltResult, EvalContext, Expr, Expression, GlobalRuntimeState, Module, Scope,
    ScriptFuncDef, Shared, Stmt, StmtBlock,
};

use super::body::body_of;
use super::branches::{Branches, Marker};
use super::engine::Engine;
use super::fast_expression::{self, FastExpression};
use super::fault::{FaultKind, ScriptFault};
use super::import;
use super::lending::Lender;
use super::limits;
use super::own_function;
use super::places::{Places, is_handler};
use super::program::{Compiled, Entry, Program};
use super::semicolon::{self, Said};
use super::state_use;
use super::survey::{Site, Survey};
use super::syntax;
use super::text::{Handlers, ScriptText};
use super::text_use;
use super::wording;

impl Engine {
    /// Compiles a node's handlers.
    ///
    /// # Errors
    ///
    /// With every fault that could be found, each at its place in the file the user wrote.
    pub fn compile(&self, text: &ScriptText) -> Result<Program, Vec<ScriptFault>> {
        self.compile_counting(text, None)
    }

    /// The same, and it is counted how often each branch is passed, where somebody wants to know.
    ///
    /// # Errors
    ///
    /// As [`Engine::compile`].
    pub fn compile_counting(
        &self,
        text: &ScriptText,
        branches: Option<&Branches>,
    ) -> Result<Program, Vec<ScriptFault>> {
        let marker = branches.map(|branches| Marker { marks: &self.marks, branches });
        let mut linker = Linker::new(self, text, marker);
        let (script, mut places) = Places::of_script(text);
        let script = semicolon::say(&self.rhai, script, &mut places);
        let unit = linker.unit(&script, &places);
        match unit {
            Some(unit) if linker.faults.is_empty() => {
                Ok(linker.program(unit, places, &script.script))
            }
            _ => Err(linker.into_faults()),
        }
    }
}

/// One script or module, compiled and with its constants computed.
struct Unit {
    ast: AST,
    global: GlobalRuntimeState,
    imports: Shared<StaticModuleResolver>,
}

struct Linker<'a> {
    engine: &'a Engine,
    text: &'a ScriptText,
    linked: BTreeMap<PathBuf, Option<Shared<Module>>>,
    places: BTreeMap<String, Places>,
    survey: Survey,
    faults: Vec<ScriptFault>,
    /// Who marks branches, where they are counted.
    marker: Option<Marker<'a>>,
}

impl<'a> Linker<'a> {
    fn new(engine: &'a Engine, text: &'a ScriptText, marker: Option<Marker<'a>>) -> Self {
        Self {
            engine,
            text,
            marker,
            linked: BTreeMap::new(),
            places: BTreeMap::new(),
            survey: Survey::default(),
            faults: Vec::new(),
        }
    }

    fn program(mut self, mut unit: Unit, main: Places, script: &str) -> Program {
        let mut entries = BTreeMap::new();
        let lender = Lender::new(&unit.ast);
        for function in unit.ast.iter_fn_def().filter(|function| is_handler(&function.name)) {
            let mut body = body_of(&unit.ast, function);
            let argument = function.params.first().map(|name| name.as_str());
            let mut whole = None;
            if function.name == "on_start"
                && let Some(place) = state_use::overwritten(&unit.ast, &body)
            {
                self.survey.overwrites =
                    Some(Site { path: main.path().to_owned(), position: main.find(place) });
            }
            if let Some(argument) = argument {
                self.survey.add_properties(&function.name, argument, &body, &main);
            }
            if let Some(marker) = &self.marker {
                marker.mark(&mut body, &main);
            }
            if let Some(argument) = argument {
                whole = fast_expression::whole(&body, argument);
            }
            fast_expression::rewrite(&mut body, argument, &lender);
            entries.insert(function.name.to_string(), entry_of(function, body, whole));
        }
        let numbered = entries.into_iter().enumerate();
        let entries =
            numbered.map(|(number, (name, entry))| (name, Rc::new(Entry { number, ..entry })));
        let entries = entries.collect();
        self.survey.sort();
        if !calls_its_own(script, &unit.ast) {
            unit.global.lib.clear();
        }
        Program(Rc::new(Compiled {
            base: unit.global,
            entries,
            main,
            modules: self.places,
            survey: self.survey,
        }))
    }

    fn into_faults(mut self) -> Vec<ScriptFault> {
        // One wrong handler stops the parser for all of them, so each is asked alone.
        if let Handlers::Inline(handlers) = &self.text.handlers
            && handlers.len() > 1
            && self.faults.iter().any(|fault| fault.path == self.text.path)
        {
            let alone: Vec<ScriptFault> = handlers
                .iter()
                .filter_map(|handler| {
                    let (script, places) =
                        Places::of_handlers(&self.text.path, std::slice::from_ref(handler));
                    self.engine
                        .rhai
                        .compile(&script)
                        .err()
                        .map(|error| syntax::fault(&places, &script, &error))
                })
                .collect();
            if !alone.is_empty() {
                self.faults.retain(|fault| {
                    fault.path != self.text.path || fault.kind != FaultKind::Syntax
                });
                self.faults.extend(alone);
            }
        }
        self.faults.sort_by(|a, b| (&a.path, a.position).cmp(&(&b.path, b.position)));
        self.faults.dedup();
        self.faults
    }

    /// Compiles one text and what it imports.
    fn unit(&mut self, script: &Said, places: &Places) -> Option<Unit> {
        if script.written > limits::SCRIPT_BYTES {
            let most = limits::SCRIPT_BYTES >> 20;
            self.fault(places, rhai::Position::NONE, format!("a script has at most {most} MiB"));
            return None;
        }
        let mut ast = match script.compile(&self.engine.rhai) {
            Ok(ast) => ast,
            Err(error) => {
                self.faults.push(syntax::fault(places, &script.script, &error));
                return None;
            }
        };
        let in_module = places.path() != self.text.path;
        if in_module {
            // Before anything shares the functions: the engine names their file by this.
            ast.set_source(name_of(places.path()));
        }
        let sound = self.check_top_level(&ast, places) & self.check_functions(&ast, places);
        let imports = self.link_imports(&ast, places);
        if !sound {
            return None;
        }
        let imports = imports?;
        replace_functions(&mut ast, self.marker.as_ref().map(|marker| (marker, places)));
        let mut global = self.run_top_level(&ast, places, &imports)?;
        let constants = global.constants.as_ref().map(|constants| constants.borrow().clone());
        self.survey.add(&ast, &constants.unwrap_or_default(), places, in_module);
        self.survey.add_lost(semicolon::lost(&script.script, places), places);
        self.survey.add_mistakes(syntax::mistaken(&script.script), places);
        self.survey.add_mistakes(text_use::written(&ast), places);
        global.level = 0;
        Some(Unit { ast, global, imports })
    }

    /// Links what a text imports; `None` when some of it cannot be had.
    fn link_imports(&mut self, ast: &AST, places: &Places) -> Option<Shared<StaticModuleResolver>> {
        let mut resolver = StaticModuleResolver::new();
        let mut complete = true;
        for found in import::imports_of(ast) {
            let Some(literal) = found.literal else {
                complete = false;
                self.import_fault(places, found.place, import::NOT_LITERAL.to_owned());
                continue;
            };
            let target = import::target_of(places.path(), &literal);
            match self.module(&target, &literal, places, found.place) {
                Some(module) => {
                    resolver.insert(literal, (*module).clone());
                }
                None => complete = false,
            }
        }
        complete.then(|| Shared::new(resolver))
    }

    fn module(
        &mut self,
        path: &Path,
        literal: &str,
        from: &Places,
        at: rhai::Position,
    ) -> Option<Shared<Module>> {
        if let Some(linked) = self.linked.get(path).cloned() {
            if linked.is_none() && !self.faults.iter().any(|fault| fault.path == path) {
                self.import_fault(from, at, format!("{literal:?} imports itself in the end"));
            }
            return linked;
        }
        let Some(script) = self.text.modules.get(path).map(ToString::to_string) else {
            self.import_fault(from, at, format!("the module {literal:?} was not found"));
            return None;
        };
        // Until it is linked it counts as not to be had, which ends a circle of imports.
        self.linked.insert(path.to_owned(), None);
        let mut places = Places::of_file(path);
        let script = semicolon::say(&self.engine.rhai, script, &mut places);
        let unit = self.unit(&script, &places)?;
        let module = self.make_module(unit, path, &places)?;
        let module = Shared::new(module);
        self.linked.insert(path.to_owned(), Some(module.clone()));
        self.places.insert(name_of(path), places);
        Some(module)
    }

    fn make_module(&mut self, unit: Unit, path: &Path, places: &Places) -> Option<Module> {
        let Unit { ast, imports, .. } = unit;
        let mut global = fresh_global(self.engine, &imports);
        let _shelf = self.engine.module_scope.put(&imports);
        match Module::eval_ast_as_new_raw(&self.engine.rhai, &mut Scope::new(), &mut global, &ast) {
            Ok(mut module) => {
                module.set_id(name_of(path));
                module.build_index();
                Some(module)
            }
            Err(error) => {
                self.run_fault(places, &error);
                None
            }
        }
    }

    /// Evaluates the constants and imports of a text, once.
    fn run_top_level(
        &mut self,
        ast: &AST,
        places: &Places,
        imports: &Shared<StaticModuleResolver>,
    ) -> Option<GlobalRuntimeState> {
        let mut global = fresh_global(self.engine, imports);
        global.lib.push(ast.shared_lib().clone());
        let mut scope = Scope::new();
        let block = StmtBlock::new(
            ast.statements().iter().cloned(),
            rhai::Position::NONE,
            rhai::Position::NONE,
        );
        let block = Expr::Stmt(Box::new(block));
        let mut caches = Caches::new();
        let mut context =
            EvalContext::new(&self.engine.rhai, &mut global, &mut caches, &mut scope, None);
        #[expect(deprecated, reason = "the engine marks calls as volatile with this attribute")]
        let result = context.eval_expression_tree_raw(&Expression::from(&block), false);
        if let Err(error) = result {
            self.run_fault(places, &error);
            return None;
        }
        Some(global)
    }

    fn fault(&mut self, places: &Places, at: rhai::Position, message: String) {
        self.faults.push(fault_at(FaultKind::Syntax, places, at, message, None));
    }

    fn fault_with_help(
        &mut self,
        places: &Places,
        at: rhai::Position,
        message: String,
        help: &str,
    ) {
        self.faults.push(fault_at(FaultKind::Syntax, places, at, message, Some(help.to_owned())));
    }

    fn import_fault(&mut self, places: &Places, at: rhai::Position, message: String) {
        self.faults.push(fault_at(FaultKind::Import, places, at, message, None));
    }

    fn run_fault(&mut self, places: &Places, error: &EvalAltResult) {
        let bare = wording::of(error.unwrap_inner());
        self.fault(places, error.position(), format!("a constant cannot be computed: {bare}"));
    }
}

fn fresh_global(engine: &Engine, imports: &Shared<StaticModuleResolver>) -> GlobalRuntimeState {
    let mut global = engine.rhai.new_global_runtime_state();
    global.embedded_module_resolver = Some(imports.clone());
    // Constants get the last few steps of a call: they are computed on threads that did not ask
    // for a handler to run.
    let all = limits::OPERATIONS * u64::from(limits::PATIENCE);
    global.num_operations = all - limits::CONSTANT_OPERATIONS;
    global.level = limits::CALL_LEVELS - limits::CONSTANT_CALL_LEVELS;
    engine.guard.begin_constants();
    global
}

/// Lends what a script's own functions only look at, and marks their branches where these are counted.
/// Handlers are not called as functions.
fn replace_functions(ast: &mut AST, marker: Option<(&Marker<'_>, &Places)>) {
    let lender = Lender::new(ast);
    let looks = lender.looks(ast);
    let mut replaced = Vec::new();
    for function in ast.iter_fn_def() {
        let body = function.body.start_position()..function.body.end_position();
        let is_named = !is_handler(&function.name) && !function.name.starts_with("anon$");
        let looks = looks.iter().any(|place| body.contains(place));
        if !is_named || (!looks && marker.is_none()) {
            continue;
        }
        let mut body = body_of(ast, function);
        let is_marked = marker.is_some_and(|(marker, places)| marker.mark(&mut body, places));
        if (looks && fast_expression::rewrite(&mut body, None, &lender)) || is_marked {
            replaced.push((function.clone(), body));
        }
    }
    own_function::replace(ast, replaced);
}

/// Whether handlers may call a function of their script. A handler has its body; the engine's table
/// of functions is 2.5 KiB a node, and where none is named but by its definition nothing looks into
/// it.
fn calls_its_own(script: &str, ast: &AST) -> bool {
    let functions = ast.iter_fn_def().count();
    let named = script.matches("on_").count();
    let all_are_handlers = ast.iter_fn_def().all(|function| is_handler(&function.name));
    let by_text = ["Fn", "is_def_fn", "import"].iter().any(|word| script.contains(word));
    !all_are_handlers || named > functions || by_text
}

fn entry_of(
    function: &ScriptFuncDef,
    body: Vec<Stmt>,
    fast_expression: Option<FastExpression>,
) -> Entry {
    let (start, end) = (function.body.start_position(), function.body.end_position());
    let block = StmtBlock::new(body, start, end);
    Entry {
        name: function.name.to_string(),
        // Known when all are.
        number: 0,
        body: Expr::Stmt(Box::new(block)),
        argument: function.params.first().cloned(),
        fast_expression,
        place: start,
    }
}

/// The name that the engine knows a module by.
fn name_of(path: &Path) -> String {
    path.display().to_string()
}

fn fault_at(
    kind: FaultKind,
    places: &Places,
    at: rhai::Position,
    message: String,
    help: Option<String>,
) -> ScriptFault {
    ScriptFault {
        kind,
        path: places.path().to_owned(),
        position: places.find(at),
        message,
        help,
        fix: None,
    }
}

#[cfg(test)]
mod tests;
