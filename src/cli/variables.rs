//! `--set NAME=VALUE` before the environment.
//!
//! Owns where a topology's `${NAME}` gets its value. Never changes the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The values set on the command line.
#[derive(Clone, Default, Debug)]
pub struct Variables {
    set: BTreeMap<String, String>,
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
                pair.ok_or_else(|| format!("--set wants NAME=VALUE, not {argument:?}"))?;
            set.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self { set })
    }

    /// A variable's value: as set, otherwise the environment's.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<OsString> {
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
        assert!(Variables::parse(&["x".to_owned()]).is_err());
        assert!(Variables::parse(&["=x".to_owned()]).is_err());
    }
}
