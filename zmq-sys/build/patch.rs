//! Owns the patches: what a patch file says, and its hunks on the very lines that they name.
//!
//! It never looks for a place where a hunk might fit: the sources are pinned, so one that is not where
//! it says belongs to other sources. Hence no library for it; those look around.

/// The text above its first file that says with which feature of this crate it is applied.
const FEATURE: &str = "Feature: ";

/// One patch file: one reason, and what it changes.
#[derive(Debug)]
pub(crate) struct Patch<'a> {
    /// The feature that it belongs to.
    pub feature: &'a str,
    /// What it does, its first line.
    pub title: &'a str,
    /// Each file that it changes, as `src/pipe.cpp`, and where.
    pub files: Vec<(&'a str, Vec<Hunk<'a>>)>,
}

/// Lines of a file, one after another, and what becomes of them.
#[derive(Debug)]
pub(crate) struct Hunk<'a> {
    /// The line of the file that it begins at; the first is 1.
    first: usize,
    old: Vec<&'a str>,
    new: Vec<&'a str>,
}

/// Reads a patch file.
///
/// # Errors
///
/// What is wrong with it, and in which line.
pub(crate) fn read(text: &str) -> Result<Patch<'_>, String> {
    let mut lines = text.lines().enumerate().peekable();
    let (mut feature, mut reason) = (None, String::new());
    let (_, title) = lines.next().ok_or("is empty")?;
    while let Some((_, line)) = lines.next_if(|(_, line)| !line.starts_with("--- a/")) {
        match line.strip_prefix(FEATURE) {
            Some(name) => feature = Some(name),
            None => reason = reason + line + "\n",
        }
    }
    let mut files: Vec<(&str, Vec<Hunk<'_>>)> = Vec::new();
    while let Some((number, line)) = lines.next() {
        let place = |fault: &str| format!("line {}: {fault}", number + 1);
        if let Some(path) = line.strip_prefix("--- a/") {
            let after = lines.next().and_then(|(_, line)| line.strip_prefix("+++ b/"));
            if after != Some(path) {
                return Err(place("a file may be changed, but neither added, removed nor moved"));
            }
            files.push((path, Vec::new()));
            continue;
        }
        let (_, hunks) = files.last_mut().ok_or_else(|| place("belongs to no file"))?;
        let (first, old, new) =
            header(line).ok_or_else(|| place("neither a file nor a hunk begins here"))?;
        let mut hunk = Hunk { first, old: Vec::new(), new: Vec::new() };
        while (hunk.old.len(), hunk.new.len()) != (old, new) {
            let (_, line) = lines.next().ok_or_else(|| place("the hunk ends too early"))?;
            match line.split_at_checked(1) {
                Some((" ", line)) => {
                    hunk.old.push(line);
                    hunk.new.push(line);
                }
                Some(("-", line)) => hunk.old.push(line),
                Some(("+", line)) => hunk.new.push(line),
                // Some editors take away the blank of an empty line.
                None if line.is_empty() => {
                    hunk.old.push("");
                    hunk.new.push("");
                }
                _ => return Err(place("the hunk has a line that begins with none of ' -+'")),
            }
            if hunk.old.len() > old || hunk.new.len() > new {
                return Err(place("the hunk has more lines than it says"));
            }
        }
        hunks.push(hunk);
    }
    if let Some((path, _)) = files.iter().find(|(_, hunks)| hunks.is_empty()) {
        return Err(format!("{path} has no hunk"));
    }
    if files.is_empty() {
        return Err("changes nothing".to_owned());
    }
    if title.is_empty() || reason.trim().is_empty() {
        return Err("does not say what it does, in its first line, and why, below it".to_owned());
    }
    let feature = feature.ok_or_else(|| format!("no line '{FEATURE}…' above the first file"))?;
    Ok(Patch { feature, title, files })
}

/// The first line, how many there were, and how many there are: `@@ -1,2 +3,4 @@ whatever`.
fn header(line: &str) -> Option<(usize, usize, usize)> {
    let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let range = |text: &str| -> Option<(usize, usize)> {
        let (first, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((first.parse().ok()?, count.parse().ok()?))
    };
    let ((first, old), (_, new)) = (range(old)?, range(new)?);
    (first > 0 && old > 0).then_some((first, old, new))
}

/// A file's text with its hunks applied.
///
/// # Errors
///
/// Which hunk is about other lines than the file has there.
pub(crate) fn apply(text: &str, hunks: &[Hunk<'_>]) -> Result<String, String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut patched: Vec<&str> = Vec::with_capacity(lines.len());
    let mut done = 0;
    for (number, hunk) in hunks.iter().enumerate() {
        let begin = hunk.first - 1;
        let end = begin + hunk.old.len();
        if begin < done || lines.get(begin..end) != Some(&hunk.old) {
            return Err(format!(
                "hunk {} is not what the file has in lines {} to {end}",
                number + 1,
                hunk.first
            ));
        }
        patched.extend(&lines[done..begin]);
        patched.extend(&hunk.new);
        done = end;
    }
    patched.extend(&lines[done..]);
    Ok(patched.iter().flat_map(|line| [line, "\n"]).collect())
}
