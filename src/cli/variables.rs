//! `--set NAME=VALUE` before the environment.
//!
//! Owns where a topology's `${NAME}` gets its value. Never changes the environment.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use crate::nearest::{nearest, one_of};
use crate::web::Lookup;

/// The values set on the command line.
#[derive(Clone, Default, Debug)]
pub struct Variables {
    set: BTreeMap<String, String>,
    read: RefCell<BTreeSet<String>>,
}

impl Variables {
    /// Reads arguments of the form `NAME=VALUE`.
    ///
    /// # Errors
    ///
    /// When one has no `=` or no name.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut set = BTreeMap::new();
        for argument in arguments {
            let pair = argument.split_once('=').filter(|(name, _)| !name.is_empty());
            let (name, value) =
                pair.ok_or("--set wants NAME=VALUE, and one of them has no name or no `=`")?;
            set.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self { set, read: RefCell::default() })
    }

    /// What is said of a variable that is set and that no file has read.
    #[must_use]
    pub fn unread(&self) -> Option<String> {
        let read = self.read.borrow();
        let unread = self.set.keys().find(|name| !read.contains(*name))?;
        let unset = read.iter().map(String::as_str).filter(|name| !self.set.contains_key(*name));
        let help = match nearest(unread, unset) {
            Some(meant) => meant.question(),
            None if read.is_empty() => "the file has no ${…}".to_owned(),
            None => format!("the file reads {}", one_of(read.iter().map(String::as_str))),
        };
        Some(format!("--set {unread}: nothing in the file reads `${{{unread}}}`; {help}"))
    }

    /// The same for other threads.
    #[must_use]
    pub fn lookup(&self) -> Lookup {
        let set = self.set.clone();
        Lookup::new(move |name| {
            set.get(name).map(OsString::from).or_else(|| std::env::var_os(name))
        })
    }

    /// A variable's value: as set, otherwise the environment's.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<OsString> {
        if !self.read.borrow().contains(name) {
            self.read.borrow_mut().insert(name.to_owned());
        }
        self.set.get(name).map(OsString::from).or_else(|| std::env::var_os(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_goes_before_the_environment() {
        let variables = Variables::parse(&["PATH=x=y".to_owned()]).unwrap();
        assert_eq!(variables.get("PATH").as_deref(), Some("x=y".as_ref()));
        assert_eq!(Variables::default().get("PATH"), std::env::var_os("PATH"));
        assert!(variables.unread().is_none());
        let variables = Variables::parse(&["HELO=1".to_owned()]).unwrap();
        assert!(variables.get("HELLO").is_none());
        let said = variables.unread().unwrap();
        assert_eq!(said, "--set HELO: nothing in the file reads `${HELO}`; did you mean `HELLO`?");
        assert!(Variables::parse(&["x".to_owned()]).is_err());
        assert!(Variables::parse(&["=x".to_owned()]).is_err());
    }
}
