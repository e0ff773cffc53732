//! Regular expressions in linear time, compiled once.
//!
//! Owns the compiled patterns of a thread, of which it keeps a bounded number, and that no search
//! takes long: one that might, over a long text, is refused. Never backtracks.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use regex_automata::hybrid::{self, regex::Cache};
use regex_automata::meta::{self, Regex};
use regex_automata::nfa::thompson;
use regex_automata::util::captures::Captures;
use regex_automata::util::iter::Searcher;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, Match, MatchError};
use rhai::{Array, Dynamic, Engine, ImmutableString};

use super::guard::Guard;
use super::operand::{Answer, Growing};

/// How many compiled patterns a thread keeps.
const KEPT: usize = 32;
/// Bytes of the longest pattern.
const LONGEST: usize = 64 << 10;
/// Bytes that a compiled pattern may have.
const COMPILED_BYTES: usize = 512 << 10;
/// Bytes of what a search notes.
const CACHE_BYTES: usize = 512 << 10;
/// How many steps a search may take, at some nanoseconds each, where nothing bounds it otherwise.
const STEPS: usize = 20_000_000;
/// How often a search without that bound may begin its notes anew before it is given up.
const CLEARED: usize = 16;

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine, guard: &Rc<Guard>) {
    let patterns = Rc::new(Patterns::default());
    let kept = Rc::clone(&patterns);
    engine.register_fn("matches", move |text: ImmutableString, pattern: ImmutableString| {
        kept.get(&pattern)?.first(&text).map(|found| found.is_some())
    });
    let kept = Rc::clone(&patterns);
    engine.register_fn(
        "find",
        move |text: ImmutableString, pattern: ImmutableString| -> Answer<Dynamic> {
            let found = kept.get(&pattern)?.first(&text)?;
            Ok(found.map_or(Dynamic::UNIT, |found| text[found.range()].into()))
        },
    );
    let kept = Rc::clone(&patterns);
    let here = Rc::clone(guard);
    engine.register_fn(
        "captures",
        move |text: ImmutableString, pattern: ImmutableString| -> Answer<Dynamic> {
            let pattern = kept.get(&pattern)?;
            let Some(found) = pattern.first(&text)? else { return Ok(Dynamic::UNIT) };
            let groups = pattern.groups(&text, found)?;
            let bytes: usize = groups.iter().flatten().map(|span| span.len()).sum();
            here.ask(bytes + groups.group_len() * 64, 1)?;
            let group = |span: Option<regex_automata::Span>| {
                span.map_or(Dynamic::UNIT, |span| text[span.range()].into())
            };
            Ok(Dynamic::from_array(groups.iter().map(group).collect::<Array>()))
        },
    );
    let here = Rc::clone(guard);
    engine.register_fn(
        "replace_all",
        move |text: ImmutableString, pattern: ImmutableString, by: ImmutableString| {
            patterns.get(&pattern)?.replace_all(&here, &text, &by)
        },
    );
}

/// Why a pattern that is written out in a script is none.
pub(super) fn refusal(pattern: &str) -> Option<String> {
    Pattern::new(pattern).err()
}

/// The compiled patterns of a thread.
#[derive(Default)]
struct Patterns {
    kept: RefCell<HashMap<ImmutableString, Kept>>,
    /// How many were asked for.
    asked: Cell<u64>,
}

struct Kept {
    pattern: Rc<Pattern>,
    last: u64,
}

impl Patterns {
    /// A compiled pattern; the one that was not asked for the longest makes room for a new one.
    fn get(&self, text: &ImmutableString) -> Answer<Rc<Pattern>> {
        let now = self.asked.get() + 1;
        self.asked.set(now);
        let mut kept = self.kept.borrow_mut();
        if let Some(known) = kept.get_mut(text) {
            known.last = now;
            return Ok(Rc::clone(&known.pattern));
        }
        let pattern = Rc::new(Pattern::new(text)?);
        if kept.len() >= KEPT {
            let oldest = kept.iter().min_by_key(|(_, known)| known.last);
            if let Some(oldest) = oldest.map(|(text, _)| text.clone()) {
                kept.remove(&oldest);
            }
        }
        kept.insert(text.clone(), Kept { pattern: Rc::clone(&pattern), last: now });
        Ok(pattern)
    }
}

/// A compiled pattern.
struct Pattern {
    regex: Regex,
    text: String,
    /// How many steps there are for a byte at most.
    states: usize,
    /// What searches long texts, and gives up where that would take long; made when there is one.
    lazy: OnceCell<Option<(hybrid::regex::Regex, RefCell<Cache>)>>,
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!(
                "a regular expression has {} KiB at most; this one has {} bytes",
                LONGEST >> 10,
                text.len()
            ));
        }
        let wrong = |why: &str| format!("{text:?} is no regular expression: {why}");
        let hir = syntax::parse(text).map_err(|error| {
            let said = error.to_string();
            // The engine shows the pattern above it, with a mark below what it is about.
            wrong(said.rsplit("error: ").next().unwrap_or(&said).trim())
        })?;
        let too_large = |_| wrong("it is too large once compiled; repeat less");
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().nfa_size_limit(Some(COMPILED_BYTES)))
            .build_from_hir(&hir)
            .map_err(|error| too_large(error.to_string()))?;
        let config = Regex::config()
            .nfa_size_limit(Some(COMPILED_BYTES))
            .hybrid_cache_capacity(CACHE_BYTES)
            .onepass_size_limit(Some(COMPILED_BYTES));
        let regex = meta::Builder::new()
            .configure(config)
            .build_from_hir(&hir)
            .map_err(|error| too_large(error.to_string()))?;
        Ok(Self { regex, text: text.to_owned(), states: nfa.states().len(), lazy: OnceCell::new() })
    }

    /// Whether a search over so many bytes is short whatever is in them.
    fn is_short(&self, bytes: usize) -> bool {
        bytes.checked_mul(self.states).is_some_and(|steps| steps <= STEPS)
    }

    fn first(&self, text: &str) -> Answer<Option<Match>> {
        self.search(&Input::new(text)).map_err(|_| self.too_long(text.len()).into())
    }

    fn search(&self, input: &Input<'_>) -> Result<Option<Match>, MatchError> {
        if self.is_short(input.get_range().len()) {
            return Ok(self.regex.search(input));
        }
        match self.lazy.get_or_init(|| self.lazy()) {
            Some((regex, cache)) => regex.try_search(&mut cache.borrow_mut(), input),
            None => Err(MatchError::gave_up(0)),
        }
    }

    fn lazy(&self) -> Option<(hybrid::regex::Regex, RefCell<Cache>)> {
        let config = hybrid::dfa::Config::new()
            .cache_capacity(CACHE_BYTES)
            .unicode_word_boundary(true)
            .minimum_cache_clear_count(Some(CLEARED));
        let regex = hybrid::regex::Regex::builder().dfa(config).build(&self.text).ok()?;
        let cache = RefCell::new(regex.create_cache());
        Some((regex, cache))
    }

    fn too_long(&self, bytes: usize) -> String {
        format!(
            "a text of {bytes} bytes is too long for {:?}, which takes up to {} steps for each; \
             use a simpler one, or search piece by piece",
            self.text, self.states
        )
    }

    /// The groups of a match.
    fn groups(&self, text: &str, found: Match) -> Answer<Captures> {
        let mut groups = self.regex.create_captures();
        if !self.is_short(found.len()) {
            return Err(self.too_long(found.len()).into());
        }
        let input = Input::new(text).range(found.range()).anchored(Anchored::Yes);
        self.regex.search_captures(&input, &mut groups);
        Ok(groups)
    }

    fn replace_all(&self, guard: &Rc<Guard>, text: &str, by: &str) -> Answer<ImmutableString> {
        let by = self.replacement(by)?;
        let has_groups = by.iter().any(|part| matches!(part, Part::Group(number) if *number > 0));
        let mut replaced = Growing::new(guard);
        let (mut searcher, mut end) = (Searcher::new(Input::new(text)), 0);
        loop {
            let found = searcher.try_advance(|input| self.search(input));
            let Some(found) = found.map_err(|_| self.too_long(text.len()))? else { break };
            replaced.extend(&text.as_bytes()[end..found.start()])?;
            end = found.end();
            let groups = if has_groups { Some(self.groups(text, found)?) } else { None };
            for part in &by {
                let span: Range<usize> = match (part, &groups) {
                    (Part::Text(part), _) => {
                        replaced.extend(part.as_bytes())?;
                        continue;
                    }
                    (Part::Group(0), _) | (_, None) => found.range(),
                    (Part::Group(number), Some(groups)) => {
                        groups.get_group(*number).map_or(0..0, |span| span.range())
                    }
                };
                replaced.extend(&text.as_bytes()[span])?;
            }
            // How long a search takes hangs on the text, so there is no counting of searches.
            guard.breathe()?;
        }
        replaced.extend(&text.as_bytes()[end..])?;
        Ok(replaced.into_text())
    }

    /// What stands for a match: text, and the groups it names as `$1`, `$name`, `${name}`.
    fn replacement<'b>(&self, by: &'b str) -> Result<Vec<Part<'b>>, String> {
        let (mut parts, mut rest) = (Vec::new(), by);
        while let Some(at) = rest.find('$') {
            parts.push(Part::Text(&rest[..at]));
            let behind = &rest[at + 1..];
            let (name, length) = match behind.strip_prefix('{').and_then(|part| part.find('}')) {
                Some(end) => (&behind[1..=end], end + 2),
                None => {
                    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    let end = behind.find(|c| !is_name(c)).unwrap_or(behind.len());
                    (&behind[..end], end)
                }
            };
            if behind.starts_with('$') || name.is_empty() {
                parts.push(Part::Text("$"));
                rest = behind.strip_prefix('$').unwrap_or(behind);
                continue;
            }
            parts.push(Part::Group(self.group(name)?));
            rest = &behind[length..];
        }
        parts.push(Part::Text(rest));
        Ok(parts)
    }

    fn group(&self, name: &str) -> Result<usize, String> {
        let info = self.regex.group_info();
        let number = match name.parse() {
            Ok(number) => Some(number).filter(|&number| number < info.all_group_len()),
            Err(_) => info.to_index(regex_automata::PatternID::ZERO, name),
        };
        number.ok_or_else(|| {
            format!("{:?} has no group {name}; `$$` stands for a dollar sign", self.text)
        })
    }
}

/// A part of what stands for a match.
enum Part<'b> {
    Text(&'b str),
    Group(usize),
}

#[cfg(test)]
mod tests;
