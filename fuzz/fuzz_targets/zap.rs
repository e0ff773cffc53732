//! Any frames as a question to the run's ZAP handler: an answer of eight frames or none, never a panic, and
//! nobody is let in who may not come. A line of the input is a frame.
#![no_main]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use zrig::load::load;
use zrig::node::answer_of_zap;
use zrig::security::{Certificate, KeyPair, PublicKey};
use zrig::topology::Policy;

const TOPOLOGY: &str = "
security: {curve: keys}
nodes:
  desk: {role: rep, bind: 'tcp://127.0.0.1:5555', on_message: msg.text}
  open: {role: rep, bind: 'tcp://127.0.0.1:5556', curve: false, allow: 127.0.0.0/8, on_message: msg.text}
  users: {role: rep, bind: 'tcp://127.0.0.1:5557', plain: {users: users.txt}, on_message: msg.text}
";

/// Of nobody's password.
const USERS: &str =
    "alice:$argon2id$v=19$m=8,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG\n";

/// What the topology above says, and the one key that may come.
static HOUSE: LazyLock<(Policy, PublicKey)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a file");
        path
    };
    let desk = KeyPair::of("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6").expect("a key");
    let guest = KeyPair::of("D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs").expect("a key");
    let now = std::time::SystemTime::UNIX_EPOCH;
    let certificate = |pair: &KeyPair| Certificate::new(pair.clone(), "x").expect("a name");
    for node in ["desk", "open", "users"] {
        write(&format!("keys/{node}.key_secret"), certificate(&desk).text(now).expose());
    }
    write("keys/allow/guest.key", certificate(&guest).public().text(now).as_bytes());
    write("users.txt", USERS.as_bytes());
    let path = write("house.yaml", TOPOLOGY.as_bytes());
    let topology = load(&path, &|_| None).topology.expect("it is sound");
    (Policy::of(&topology), guest.public())
});

fuzz_target!(|data: &[u8]| {
    let (policy, guest) = &*HOUSE;
    let frames: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let Some(answer) = answer_of_zap(policy, &frames) else { return };
    assert_eq!(answer.len(), 8);
    assert_eq!(answer[..2], [frames[0].to_vec(), frames[1].to_vec()]);
    assert_eq!((&*answer[2], &*answer[3]), (&b"1.0"[..], frames[3]));
    let (domain, address, shown) = (frames[4], frames[5], &frames[7..]);
    // A copy's name ends with a point and its number.
    let node = domain.split(|byte| *byte == b'.').next().unwrap_or_default();
    let may_come = match (node, shown) {
        (b"open", [b"NULL"]) => {
            let address = std::str::from_utf8(address).unwrap_or_default();
            zrig::security::peer_address(address)
                .is_none_or(|it| it.to_canonical().to_string().starts_with("127."))
        }
        (b"desk", [b"CURVE", key]) => *key == guest.bytes(),
        (b"", [b"CURVE", key]) => domain.is_empty() && key.len() == 32,
        _ => false,
    };
    assert!(["200", "300", "400", "500"].map(str::as_bytes).contains(&&*answer[4]));
    if answer[4] == b"200" {
        assert!(shown[0] != b"PLAIN", "nobody has checked its password");
        assert!(may_come, "{frames:?}");
    }
});
