//! How values of a file are read and faults of it told, for whoever reads another kind of file.
//!
//! Owns nothing of its own: these are the readers of a topology's keys.

pub(crate) use super::attach::read_target;
pub(crate) use super::defaults::read_hwm;
pub(crate) use super::keys::{check as check_keys, shorten, unknown as unknown_key};
pub(crate) use super::name::{check_node as check_name, is_name};
pub(crate) use super::node::report_lossy_numbers;
pub(crate) use super::publish::read as read_publishing;
pub(crate) use super::report::{Report, first_line};
pub(crate) use super::socket::{read_identity, read_role};
pub(crate) use super::unresolved::TargetKind;
pub(crate) use super::value;
