//! `zrig users`: the users of a PLAIN server and the hashes of their passwords.
//!
//! Owns the arguments of `users` and asking for a password. What the file holds is `security/`'s.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::output::{FAILED, aside, invalid};
use crate::security::{Secret, Users, hash_password, user_name, with_user, without_user};
use crate::visible::visible;
use crate::whole::replace;

/// PLAIN counts a password's bytes in one.
const LONGEST: usize = 255;

/// Add a user to the file of a PLAIN server, or give him another password
///
/// The password is asked for on a terminal, and is otherwise the first line of standard input.
#[derive(Args, Debug)]
pub(super) struct UsersArguments {
    /// The file, one NAME:HASH a line
    file: PathBuf,
    /// The user
    #[arg(required_unless_present = "remove")]
    name: Option<String>,
    /// Remove a user
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    remove: Option<String>,
}

impl UsersArguments {
    /// Changes the file.
    ///
    /// # Errors
    ///
    /// When what became of it cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let name = self.name.as_deref().or(self.remove.as_deref()).unwrap_or_default();
        if let Err(fault) = user_name(name) {
            return Ok(invalid(&format!("`{}`: {fault}", visible(name))));
        }
        let path = self.file.display().to_string();
        let done = match self.remove {
            Some(_) => remove(&self.file, name),
            None => add(&self.file, name),
        };
        match done {
            Ok(what) => {
                writeln!(io::stdout(), "{what} {} in {}", visible(name), visible(&path))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(why) => {
                aside(&format!("error: {}", visible(&why)));
                Ok(ExitCode::from(FAILED))
            }
        }
    }
}

fn add(file: &Path, name: &str) -> Result<&'static str, String> {
    // What would not be written is not asked for.
    read(file)?;
    let password = password_of(name)?;
    let hash = hash_password(&password).ok_or("the system gives no random bytes for a salt")?;
    // Asking takes long, and somebody else may have changed the file meanwhile.
    let text = read(file)?;
    let was_there = without_user(&text, name).is_some();
    write(file, &with_user(&text, name, &hash))?;
    Ok(if was_there { "changed" } else { "added" })
}

fn remove(file: &Path, name: &str) -> Result<&'static str, String> {
    let text = read(file)?;
    let without = without_user(&text, name);
    let without =
        without.ok_or_else(|| format!("there is no user `{name}` in {}", file.display()))?;
    write(file, &without)?;
    Ok("removed")
}

/// The file's text, which is a file of users; nothing if there is none yet.
fn read(file: &Path) -> Result<String, String> {
    let told = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
    let mut text = String::new();
    let read = match File::open(file) {
        Ok(opened) => opened.take(Users::MAX_BYTES as u64 + 1).read_to_string(&mut text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(text),
        Err(error) => Err(error),
    };
    read.map_err(|error| told(&error))?;
    if text.len() > Users::MAX_BYTES {
        return Err(told(&"it is too large for a file of users"));
    }
    match Users::read(&text) {
        Ok(_) => Ok(text),
        Err(flaws) => {
            let lines = flaws.iter().map(|flaw| format!("{}:{flaw}", file.display()));
            Err(lines.collect::<Vec<_>>().join("; "))
        }
    }
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    replace(file, text.as_bytes()).map_err(|error| format!("{}: {error}", file.display()))
}

/// From the terminal, twice and unseen, or from standard input.
fn password_of(name: &str) -> Result<Secret, String> {
    let password = if io::stdin().is_terminal() {
        let ask = |question: String| rpassword::prompt_password(question).map(Secret::from);
        let asked = ask(format!("Password of {}: ", visible(name)))
            .and_then(|first| Ok((first, ask("The same again: ".to_owned())?)));
        let (first, again) = asked.map_err(|error| error.to_string())?;
        if first != again {
            return Err("the two passwords differ; nothing was changed".to_owned());
        }
        first
    } else {
        let mut line = Vec::with_capacity(4096);
        let input = io::stdin().lock().take(4096).read_until(b'\n', &mut line);
        input.map_err(|error| error.to_string())?;
        let end = line.strip_suffix(b"\n").map_or(line.len(), <[u8]>::len);
        line.truncate(end);
        if line.ends_with(b"\r") {
            line.pop();
        }
        Secret::new(line)
    };
    match password.expose().len() {
        0 => Err("an empty password is none; nothing was changed".to_owned()),
        bytes if bytes > LONGEST => {
            Err(format!("a password has at most {LONGEST} bytes, and this has {bytes}"))
        }
        _ => Ok(password),
    }
}
