//! Who listens at a port that is taken, where the system tells.
//!
//! Owns the way from a port to a program. Never binds anything.

use std::fs;

/// Why a port that is taken cannot be bound, with who has it.
pub(super) fn with_holder(why: String, endpoint: &str) -> String {
    match holder(endpoint) {
        Some(holder) => format!("{why}: {holder}"),
        None => why,
    }
}

/// What is behind a port that another socket has, to be put behind the sentence that says so.
fn holder(endpoint: &str) -> Option<String> {
    let port = endpoint.split_once("://")?.1.split('/').next()?.rsplit_once(':')?.1;
    let inodes = listening(port.parse().ok()?);
    let process = processes().find(|process| has_one_of(*process, &inodes))?;
    if process == std::process::id() {
        return Some("it is another socket of this run".to_owned());
    }
    let command = fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let words = command.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word));
    let command = words.collect::<Vec<_>>().join(" ");
    let command: String = command.trim().chars().take(80).collect();
    Some(match command.contains("zrig") && command.contains(" run ") {
        true => format!("it is a run of zrig, process {process}: `{command}`; end that one first"),
        false => format!("it is process {process}, `{command}`"),
    })
}

/// The numbers by which the system knows the sockets that listen at a port.
fn listening(port: u16) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables.map(|table| fs::read_to_string(table).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    let found = lines.filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local) = fields.get(1)?.rsplit_once(':')?;
        let listens = *fields.get(3)? == LISTENS && u16::from_str_radix(local, 16) == Ok(port);
        listens.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
    });
    found.collect()
}

/// The state of a socket that accepts connections, as the system writes it.
const LISTENS: &str = "0A";

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn has_one_of(process: u32, inodes: &[String]) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let mut links = descriptors.filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
    links.any(|link| {
        let number = link.to_str().and_then(|link| link.strip_prefix("socket:["));
        number
            .is_some_and(|number| inodes.iter().any(|inode| number.trim_end_matches(']') == inode))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_this_process_is_known_as_its_own_and_a_free_one_as_nobodys() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        assert_eq!(holder(&endpoint).unwrap(), "it is another socket of this run");
        drop(listener);
        assert_eq!(holder(&endpoint), None);
        assert_eq!(holder("ipc:///tmp/x"), None);
    }
}
