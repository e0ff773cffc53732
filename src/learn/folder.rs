//! The folder of a learner: a file a lesson.
//!
//! Owns that nothing of the learner's is written over. Judges nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::lessons::{LESSONS, Lesson};
use crate::whole::{naming, write_new};

/// How many copies of one lesson are kept at most.
const COPIES: usize = 1000;

/// The file of a lesson.
#[must_use]
pub fn path_of(folder: &Path, lesson: &Lesson) -> PathBuf {
    folder.join(format!("{}.yaml", lesson.name))
}

/// Writes the lessons that are not there, and tells how many those were.
///
/// # Errors
///
/// When one cannot be written; with its file.
pub fn write_missing(folder: &Path) -> io::Result<usize> {
    fs::create_dir_all(folder).map_err(|error| naming(folder, &error))?;
    let mut written = 0;
    for lesson in LESSONS {
        let path = path_of(folder, lesson);
        match write(&path, lesson) {
            Ok(()) => written += 1,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(naming(&path, &error)),
        }
    }
    Ok(written)
}

/// Puts a learner's file aside and the lesson in its place as it was given; tells where the copy is, if
/// there was anything to keep.
///
/// # Errors
///
/// When either cannot be done; with the file.
pub fn put_aside(folder: &Path, lesson: &Lesson) -> io::Result<Option<PathBuf>> {
    fs::create_dir_all(folder).map_err(|error| naming(folder, &error))?;
    let path = path_of(folder, lesson);
    let kept = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        _ => Some(keep(&path)?),
    };
    write(&path, lesson).map_err(|error| naming(&path, &error))?;
    Ok(kept)
}

/// Gives a file another name that no file has.
fn keep(path: &Path) -> io::Result<PathBuf> {
    for number in 1..=COPIES {
        let copy = path.with_extension(format!("yaml.{number}"));
        // A name is taken by a link, which is refused where the name is there already.
        match fs::hard_link(path, &copy) {
            Ok(()) => {
                fs::remove_file(path).map_err(|error| naming(path, &error))?;
                return Ok(copy);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(naming(path, &error)),
        }
    }
    Err(io::Error::other(format!("{}: there are {COPIES} copies already", path.display())))
}

fn write(path: &Path, lesson: &Lesson) -> io::Result<()> {
    write_new(path, lesson.text.as_bytes(), 0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_learner_wrote_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep/er");
        assert_eq!(write_missing(&deep).unwrap(), LESSONS.len());
        let (first, second) = (&LESSONS[0], &LESSONS[1]);
        fs::write(path_of(&deep, first), "mine").unwrap();
        fs::remove_file(path_of(&deep, second)).unwrap();
        assert_eq!(write_missing(&deep).unwrap(), 1);
        assert_eq!(fs::read_to_string(path_of(&deep, first)).unwrap(), "mine");
        for number in 1..=3 {
            let copy = put_aside(&deep, first).unwrap().unwrap();
            assert_eq!(copy, deep.join(format!("{}.yaml.{number}", first.name)));
            let kept = if number == 1 { "mine" } else { first.text };
            assert_eq!(fs::read_to_string(copy).unwrap(), kept);
            assert_eq!(fs::read_to_string(path_of(&deep, first)).unwrap(), first.text);
        }
        fs::remove_file(path_of(&deep, first)).unwrap();
        assert_eq!(put_aside(&deep, first).unwrap(), None);
        fs::write(folder.path().join("file"), "").unwrap();
        let error = write_missing(&folder.path().join("file")).unwrap_err().to_string();
        assert!(error.contains("/file: "), "{error}");
    }
}
