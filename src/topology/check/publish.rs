//! What only some roles have: filters, formats and message ids, `when_full`, `sequence`.
//!
//! Owns which role takes which. Never looks at endpoints.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Mapping, Node};
use crate::message::Format;
use crate::source::Span;
use crate::topology::spec::{Filter, WhenFull};
use crate::zeromq::Role;

use super::keys;
use super::report::Report;
use super::value;

/// The format's own default for `msgid`.
const MSGID: i64 = 1000;
/// What a frame's message id is read with: 18 digits.
const MSGIDS: std::ops::RangeInclusive<i64> = -999_999_999_999_999_999..=999_999_999_999_999_999;

const FORMATS: &[(&str, Format)] =
    &[("msgid", Format::Msgid), ("envelope", Format::Envelope), ("plain", Format::Plain)];
const WHEN_FULL: &[(&str, WhenFull)] = &[("drop", WhenFull::Drop), ("wait", WhenFull::Wait)];

/// The settings read here.
pub(crate) struct Publishing {
    pub(crate) filters: Vec<Filter>,
    pub(crate) msgid: i64,
    pub(crate) format: Option<Format>,
    pub(crate) when_full: WhenFull,
    pub(crate) sequence: bool,
}

type PlacedRole = Option<(Role, Span)>;

/// Reads them, and reports those that the role cannot have.
pub(crate) fn read(mapping: &Mapping, role: PlacedRole, report: &mut Report<'_>) -> Publishing {
    let format = mapping.get("format").and_then(|f| value::word("format", f, FORMATS, report));
    Publishing {
        filters: read_filters(mapping, role, format, report),
        msgid: read_msgid(mapping, role, format, report),
        format,
        when_full: read_when_full(mapping, role, report),
        sequence: read_sequence(mapping, role, report),
    }
}

fn read_filters(
    mapping: &Mapping,
    role: PlacedRole,
    format: Option<Format>,
    report: &mut Report<'_>,
) -> Vec<Filter> {
    let (msgids, topics) = (mapping.entry("msgids"), mapping.entry("topics"));
    if let Some((role, place)) = role {
        for entry in [msgids, topics].into_iter().flatten().filter(|_| !role.filters()) {
            let key = &entry.key.text;
            not_here(
                key,
                entry.key.span,
                (role, place),
                "sub and xsub",
                "only a subscriber filters",
                report,
            );
        }
        let is_misnamed = |word| keys::stands_for(mapping, word, &[keys::SOCKET, keys::NODE]);
        let has_none = msgids.is_none() && topics.is_none();
        if role == Role::Sub && has_none && !is_misnamed("topics") && !is_misnamed("msgids") {
            report_no_filter(place, report);
        }
    }
    let mut filters = Vec::new();
    if let Some(entry) = msgids {
        report_msgids_in(format, mapping, entry.key.span, report);
        for item in value::one_or_many(&entry.value) {
            if let Some((first, last)) = range_of(item) {
                report_range(item, first, last, report);
                continue;
            }
            filters.extend(value::integer("msgids", item, MSGIDS, report).map(Filter::Msgid));
        }
    }
    if let Some(entry) = topics {
        filters.extend(read_topics(&entry.value, report));
    }
    let given = [msgids, topics].into_iter().flatten().next();
    if let (true, Some(entry), Some((Role::Sub, place))) = (filters.is_empty(), given, role)
        && entry.value.as_sequence().is_some_and(<[Node]>::is_empty)
    {
        report_no_filter(place, report);
    }
    // libzmq counts a filter that is set twice; here it is wanted or not.
    let mut seen = std::collections::HashSet::new();
    filters.retain(|filter| seen.insert(filter.clone()));
    filters
}

/// `1000-1010` or `1000..1010`.
fn range_of(item: &Node) -> Option<(i64, i64)> {
    let text = &*item.as_scalar()?.text;
    let (first, last) = text
        .split_once("..")
        .map(|(first, last)| (first, last.trim_start_matches('=')))
        .or_else(|| text.split_once('-'))?;
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

fn report_range(item: &Node, first: i64, last: i64, report: &mut Report<'_>) {
    let (least, most) = (first.min(last), first.max(last));
    let ids: Vec<String> = (least..=most).take(3).map(|id| id.to_string()).collect();
    let more = if most - least > 2 { ", …" } else { "" };
    report.add(
        Diagnostic::new(Code::WrongType, "`msgids` takes single ids, no range of them")
            .at(item.span, format!("this is {}", item.describe()))
            .because("each id is a subscription of its own, and ZeroMQ knows prefixes only")
            .help(format!("write each: `msgids: [{}{more}]`", ids.join(", "))),
    );
}

fn read_topics(node: &Node, report: &mut Report<'_>) -> Vec<Filter> {
    if node.as_scalar().is_some_and(|scalar| &*scalar.text == "all") {
        return vec![Filter::Topic(Vec::new())];
    }
    let items = value::one_or_many(node).iter();
    items
        .filter_map(|item| value::text("topics", item, report))
        .map(|topic| Filter::Topic(topic.into_bytes()))
        .collect()
}

fn report_no_filter(place: Span, report: &mut Report<'_>) {
    report.add(
        Diagnostic::new(Code::FilterMissing, "a sub without a filter")
            .at(place, "it has neither `msgids` nor `topics`")
            .because("a SUB takes only what it subscribed to, so nothing would ever arrive")
            .help("write `msgids: [1000]` for message ids, or `topics: all` for everything"),
    );
}

fn report_msgids_in(
    format: Option<Format>,
    mapping: &Mapping,
    place: Span,
    report: &mut Report<'_>,
) {
    let Some(format) = format.filter(|format| *format != Format::Msgid) else { return };
    let format_span = mapping.get("format").map_or(place, |node| node.span);
    report.add(
        Diagnostic::new(Code::Conflict, format!("`msgids` in format `{}`", format.word()))
            .at(place, "message ids")
            .at(format_span, "but messages have none in this format")
            .because("only format `msgid` starts with a message id and a space")
            .help("write `topics: [\"…\"]`, or take the format away"),
    );
}

fn read_msgid(
    mapping: &Mapping,
    role: PlacedRole,
    format: Option<Format>,
    report: &mut Report<'_>,
) -> i64 {
    let Some(entry) = mapping.entry("msgid") else { return MSGID };
    let msgid = value::integer("msgid", &entry.value, MSGIDS, report);
    if let Some((role, place)) = role {
        let span = entry.key.span;
        if !role.sends() {
            not_here("msgid", span, (role, place), "sockets that send", "it sends nothing", report);
        } else if format.unwrap_or_else(|| role.default_format()) != Format::Msgid {
            report.add(
                Diagnostic::new(Code::NotHere, "`msgid` without format `msgid`")
                    .at(span, "means nothing here")
                    .because("only messages of format `msgid` start with a message id")
                    .help("write `format: msgid`, or remove it"),
            );
        }
    }
    msgid.unwrap_or(MSGID)
}

fn read_when_full(mapping: &Mapping, role: PlacedRole, report: &mut Report<'_>) -> WhenFull {
    let Some(entry) = mapping.entry("when_full") else { return WhenFull::default() };
    if let Some((role, place)) = role
        && !(role.publishes() || role == Role::Router)
    {
        let why = "the other roles never drop a message they could send, they wait";
        not_here("when_full", entry.key.span, (role, place), "pub, xpub and router", why, report);
    }
    value::word("when_full", &entry.value, WHEN_FULL, report).unwrap_or_default()
}

fn read_sequence(mapping: &Mapping, role: PlacedRole, report: &mut Report<'_>) -> bool {
    let Some(entry) = mapping.entry("sequence") else { return false };
    let is_wanted = value::boolean("sequence", &entry.value, report).unwrap_or_default();
    if let Some((role, place)) = role
        && is_wanted
        && !matches!(role, Role::Pub | Role::Sub)
    {
        let why = "it numbers what a publisher sends and a subscriber receives";
        not_here("sequence", entry.key.span, (role, place), "pub and sub", why, report);
    }
    is_wanted
}

fn not_here(
    key: &str,
    span: Span,
    (role, place): (Role, Span),
    whose: &str,
    why: &str,
    report: &mut Report<'_>,
) {
    report.add(
        Diagnostic::new(Code::NotHere, format!("a {role} takes no `{key}`"))
            .at(span, format!("for {whose} only"))
            .at(place, "the role")
            .because(why)
            .help("remove it, or change the role"),
    );
}
