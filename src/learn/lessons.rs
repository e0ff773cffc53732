//! The lessons that there are, in their order.
//!
//! Owns their texts, which are those of the folder `lessons/`. Judges nothing.

/// A lesson.
#[derive(Debug)]
pub struct Lesson {
    /// Its name, which is that of its file, without `.yaml`: `01-bind-and-connect`.
    pub name: &'static str,
    /// The word of `zrig explain` that it teaches.
    pub teaches: &'static str,
    /// The file as it is given.
    pub text: &'static str,
    /// What helps.
    pub hint: &'static str,
    /// The tests that the file has to pass.
    pub(super) judge: &'static str,
}

macro_rules! lesson {
    ($name:literal, $teaches:literal) => {
        Lesson {
            name: $name,
            teaches: $teaches,
            text: include_str!(concat!("../../lessons/", $name, "/lesson.yaml")),
            hint: include_str!(concat!("../../lessons/", $name, "/hint.md")),
            judge: include_str!(concat!("../../lessons/", $name, "/judge.test.yaml")),
        }
    };
}

/// Every lesson, in order.
pub const LESSONS: &[Lesson] = &[
    lesson!("01-bind-and-connect", "bind"),
    lesson!("02-a-name-is-an-endpoint", "connect"),
    lesson!("03-who-talks-to-whom", "role"),
    lesson!("04-an-answer", "rep"),
    lesson!("05-subscribe", "subscription"),
    lesson!("06-a-prefix", "prefix matching"),
    lesson!("07-an-envelope", "envelope"),
    lesson!("08-what-a-message-says", "msg"),
    lesson!("09-filled-in", "handlers"),
    lesson!("10-remember", "handler state"),
    lesson!("11-a-clock", "timers"),
    lesson!("12-silence", "idle"),
    lesson!("13-many-hands", "replicas"),
    lesson!("14-the-right-one", "router"),
    lesson!("15-one-name-each", "identity"),
    lesson!("16-the-empty-frame", "delimiter"),
    lesson!("17-a-broker", "forward"),
    lesson!("18-a-bus", "xsub"),
    lesson!("19-room-for-a-burst", "high-water mark"),
    lesson!("20-only-the-newest", "conflate"),
    lesson!("21-who-comes-late", "last-value cache"),
    lesson!("22-many-questions-at-once", "dealer"),
    lesson!("23-a-bad-order", "on_error"),
    lesson!("24-after-a-restart", "persist"),
    lesson!("25-what-was-missed", "sequence"),
    lesson!("26-who-is-free", "load balancing"),
    lesson!("27-asking-again", "lazy pirate"),
    lesson!("28-a-broker-that-survives-its-workers", "paranoid pirate"),
];

impl Lesson {
    /// Which one it is, from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        LESSONS.iter().position(|lesson| lesson.name == self.name).map_or(0, |at| at + 1)
    }

    /// What it is called, in words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default().trim_start_matches("# ");
        first.split_once(". ").map_or(first, |(_, title)| title)
    }

    /// What is wanted: the comment at its head, below the title, line by line.
    pub fn wanted(&self) -> impl Iterator<Item = &'static str> {
        let head = self.text.lines().take_while(|line| line.starts_with('#')).skip(1);
        head.map(|line| line.trim_start_matches('#').trim_start())
            .skip_while(|line| line.is_empty())
    }

    /// The lesson that a learner means by its number, its name or its file.
    #[must_use]
    pub fn meant(word: &str) -> Option<&'static Self> {
        let file = word.rsplit('/').next().unwrap_or(word);
        let name = file.strip_suffix(".yaml").unwrap_or(file);
        let number = name.parse::<usize>().ok();
        LESSONS.iter().find(|lesson| lesson.name == name || Some(lesson.number()) == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::explain;

    #[test]
    fn every_lesson_is_in_its_place_small_and_teaches_a_word_that_is_explained() {
        assert!(LESSONS.len() >= 25, "{}", LESSONS.len());
        for (at, lesson) in LESSONS.iter().enumerate() {
            let name = lesson.name;
            assert!(name.starts_with(&format!("{:02}-", at + 1)), "{name}");
            assert!(lesson.text.starts_with(&format!("# {}. ", at + 1)), "{name}");
            assert!(explain(lesson.teaches).is_some(), "{name}: {}", lesson.teaches);
            assert!(lesson.text.lines().count() <= 32, "{name}");
            assert!((1..=4).contains(&lesson.wanted().count()), "{name}");
            assert!(!lesson.hint.trim().is_empty() && !lesson.title().is_empty(), "{name}");
            for word in [name, &(at + 1).to_string(), &format!("a/b/{name}.yaml")] {
                assert_eq!(Lesson::meant(word).map(|found| found.name), Some(name), "{word}");
            }
        }
        for word in ["0", "99", "", "nothing", "01"] {
            let found = Lesson::meant(word).map(Lesson::number);
            assert_eq!(found, (word == "01").then_some(1), "{word}");
        }
    }
}
