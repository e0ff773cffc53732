//! Trials of a topology: it runs, things are done to it, and what comes of that is looked at.

mod virtual_time;

#[cfg(test)]
mod tests;
