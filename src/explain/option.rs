//! Pages of libzmq's options, made from the one table.
//!
//! Owns how an option's facts read. Never knows a fact that the table does not.

use crate::duration::format_duration;
use crate::zeromq::{Effective, OptionKind, SocketOption};

use super::page::{Kind, Page};

/// An option's page.
pub(super) fn page(option: &'static SocketOption) -> Page {
    let name = option.name.0;
    let roles: Vec<&str> = option.roles.iter().map(|role| role.word()).collect();
    let all = crate::zeromq::Role::ALL.len();
    let roles = if roles.len() == all { "all".to_owned() } else { roles.join(", ") };
    let text = format!(
        "# {name}\n\n{}.\n\n    roles      {roles}\n    takes      {}\n    default    {}\n    \
         changed    {}\n\nIt is ZMQ_{} of libzmq 4.3.5, and stands under `options` of a socket or of `defaults`:\n\n\
         ```yaml\noptions: {{{name}: {}}}\n```\n\nSee: options\n",
        option.meaning,
        takes(option.kind),
        default(option),
        effect(option.effective),
        name.to_uppercase(),
        example(option),
    );
    Page {
        word: name,
        kind: Kind::Option,
        also: Vec::new(),
        meaning: option.meaning.into(),
        text: text.into(),
    }
}

/// What is said of an option that is not to be had.
pub(super) fn refused(name: &str) -> Option<String> {
    let refusal = SocketOption::refusal(name)?;
    Some(format!(
        "# {name}\n\nNot set under `options`: {}.\n\nInstead: {}.\n\nSee: options\n",
        refusal.why, refusal.instead
    ))
}

/// What a kind of value is written as.
pub(crate) fn takes(kind: OptionKind) -> String {
    match kind {
        OptionKind::Boolean => "true or false".to_owned(),
        OptionKind::Tristate => "true, false, or -1 for the system's own".to_owned(),
        OptionKind::Integer { min, max: i32::MAX } => format!("a whole number from {min} up"),
        OptionKind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        OptionKind::Buffer => {
            let (step, most) = (OptionKind::BUFFER_STEP, OptionKind::LARGEST_BUFFER);
            format!("a multiple of {step} from {step} to {most}")
        }
        OptionKind::Milliseconds { min, step, .. } => {
            let steps = if step > 1 { format!(" in steps of {step}ms") } else { String::new() };
            let never = if min < 0 { ", or -1" } else { "" };
            format!("a duration such as 500ms{steps}{never}")
        }
        OptionKind::Seconds => "whole seconds such as 60s, or -1 for the system's own".to_owned(),
        OptionKind::Size => "a size such as 64KiB, or -1 for the system's own".to_owned(),
        OptionKind::LongSize => "a size such as 1MiB, or -1 for no limit".to_owned(),
        OptionKind::Mask => "a mask of bits".to_owned(),
        OptionKind::Flags(words) => {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("one or a list of {}", words.join(", "))
        }
        OptionKind::Text { min, max } => format!("a text of {min} to {max} bytes"),
        OptionKind::Key => "a key: 40 characters of Z85".to_owned(),
        OptionKind::Property => "X-NAME:VALUE".to_owned(),
    }
}

fn default(option: &SocketOption) -> String {
    match (option.kind, option.default) {
        (_, None) => "none".to_owned(),
        (OptionKind::Boolean, Some(number)) => (number != 0).to_string(),
        (OptionKind::Milliseconds { .. }, Some(millis)) if millis > 0 => {
            format_duration(std::time::Duration::from_millis(millis.unsigned_abs()))
        }
        (_, Some(number)) => number.to_string(),
    }
}

fn effect(effective: Effective) -> &'static str {
    match effective {
        Effective::Live => "takes effect at once, on the open socket",
        Effective::NextPeer => "takes effect for peers that come later",
        Effective::Rebuild => "needs a new socket, which a reload makes",
    }
}

/// A value that the option takes.
fn example(option: &SocketOption) -> String {
    match option.kind {
        OptionKind::Boolean | OptionKind::Tristate => "true".to_owned(),
        OptionKind::Integer { min, max } => 10.clamp(min, max).to_string(),
        OptionKind::Buffer => "8192".to_owned(),
        OptionKind::Milliseconds { .. } => "500ms".to_owned(),
        OptionKind::Seconds => "60s".to_owned(),
        OptionKind::Size | OptionKind::LongSize => "1MiB".to_owned(),
        OptionKind::Mask => "1".to_owned(),
        OptionKind::Flags(words) => words.first().map_or("0", |(word, _)| word).to_owned(),
        OptionKind::Text { .. } => "name".to_owned(),
        OptionKind::Key => "\"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"".to_owned(),
        OptionKind::Property => "\"X-name:value\"".to_owned(),
    }
}
