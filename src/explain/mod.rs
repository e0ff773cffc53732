//! What the words of ZeroMQ and of the format mean: the pages that `zrig explain` prints.
//!
//! Owns finding a page by its word. The texts are those of `docs/explain`, and for options the
//! table in `zeromq/`. Never prints.

mod option;
mod page;
mod pages;

use std::sync::LazyLock;

use crate::nearest::nearest;
use crate::zeromq::SocketOption;

pub(crate) use option::takes;
pub use page::{Kind, Page};

use pages::PAGES;

/// Every page, by kind and word.
#[must_use]
pub fn pages() -> &'static [Page] {
    static ALL: LazyLock<Vec<Page>> = LazyLock::new(|| {
        let written = PAGES.iter().filter_map(|(_, text)| Page::parse(text));
        let options = SocketOption::all().iter().map(option::page);
        let mut pages: Vec<Page> = written.chain(options).collect();
        pages.sort_by_key(|page| (page.kind, page.word));
        pages
    });
    &ALL
}

/// What there is about a word: its page, and what libzmq's option of that name does.
#[must_use]
pub fn explain(word: &str) -> Option<String> {
    let wanted = normal(word);
    let fits = |page: &&Page| normal(page.word) == wanted;
    let named: Vec<&Page> = pages().iter().filter(fits).collect();
    if !named.is_empty() {
        let texts: Vec<&str> = named.iter().map(|page| page.text.trim_end()).collect();
        return Some(texts.join("\n\n") + "\n");
    }
    let also = |page: &&Page| page.also.iter().any(|also| normal(also) == wanted);
    let texts: Vec<&str> = pages().iter().filter(also).map(|page| page.text.trim_end()).collect();
    if texts.is_empty() {
        return option::refused(&wanted.replace('-', "_"));
    }
    Some(texts.join("\n\n") + "\n")
}

/// What a word means, in one line.
#[must_use]
pub fn meaning(word: &str) -> Option<&'static str> {
    let wanted = normal(word);
    let by_word = pages().iter().find(|page| normal(page.word) == wanted);
    let found = by_word.or_else(|| {
        pages().iter().find(|page| page.also.iter().any(|also| normal(also) == wanted))
    });
    found.map(|page| &*page.meaning)
}

/// The sentence of a word's page that has these words in it.
#[must_use]
pub fn sentence(word: &str, words: &str) -> Option<String> {
    let wanted = normal(word);
    let page = pages().iter().find(|page| normal(page.word) == wanted)?;
    // Items of a list and paragraphs are what sentences end in.
    let items = page.text.split("\n\n").flat_map(|paragraph| paragraph.split("\n- "));
    let texts = items.map(|item| item.split_whitespace().collect::<Vec<_>>().join(" "));
    let text = texts.into_iter().find(|text| text.contains(words))?;
    let found = text.split(". ").find(|sentence| sentence.contains(words))?;
    let found = found.trim_start_matches("- ").trim_end_matches([';', '.', ':']);
    let mut letters = found.chars();
    let first = letters.next()?.to_uppercase();
    Some(format!("{first}{}.", letters.as_str()))
}

/// The word that was probably meant.
#[must_use]
pub fn nearest_word(word: &str) -> Option<&'static str> {
    let words =
        pages().iter().flat_map(|page| std::iter::once(page.word).chain(page.also.iter().copied()));
    // Functions are called in an example, and looked for by their names.
    let words = words.map(|word| word.trim_end_matches("()"));
    let wanted = normal(word).replace('-', " ");
    nearest(&wanted, words.clone()).or_else(|| nearest(word, words)).map(|guess| guess.first())
}

/// A word as it is compared: `ZMQ_Router_Mandatory`, `router mandatory` and `router-mandatory` are
/// one, and so are `send_to`, `send_to()` and `send_to(socket, v)`.
fn normal(word: &str) -> String {
    let word =
        word.split('(').next().unwrap_or(word).trim().to_lowercase().replace([' ', '_'], "-");
    word.strip_prefix("zmq-").map_or(word.clone(), str::to_owned)
}

#[cfg(test)]
mod tests;
