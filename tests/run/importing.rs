//! Topologies of other systems, by `zrig import`: what comes out checks clean and runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::Zrig;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import").join(name)
}

fn zrig(arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_zrig"));
    command.args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_is_imported_checks_without_errors_once_it_is_told_what_the_file_leaves_open() {
    for (name, variable) in [
        ("readout.json", "SAMPLER_1_ERROR_SOCKET=tcp://127.0.0.1:27898"),
        ("devices.zpl", "NEWS_FRONTEND_2=tcp://127.0.0.1:27899"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("imported.yaml");
        let output = output.to_str().unwrap();
        let source = example(name);
        let done = zrig(&["import", source.to_str().unwrap(), "-o", output]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        assert!(text(&done.stderr).contains("comments say what is not as it was"), "{done:?}");
        let variable_name = variable.split('=').next().unwrap();
        let checked = zrig(&["check", output]);
        assert_eq!(checked.status.code(), Some(2), "{checked:?}");
        assert!(text(&checked.stdout).contains(variable_name), "{checked:?}");
        let checked = zrig(&["check", output, "--set", variable]);
        assert!(checked.status.success(), "{}", text(&checked.stdout));
    }
}

#[test]
fn messages_flow_through_an_imported_file() {
    let done = zrig(&["import", example("readout.json").to_str().unwrap()]);
    let yaml = text(&done.stdout);
    // Ports and a path of this test's own, and more to see than that nothing fails.
    let folder = tempfile::tempdir().unwrap();
    let ipc = folder.path().join("readout.ipc");
    let mut yaml = yaml.replace("/tmp/readout.ipc", ipc.to_str().unwrap());
    for port in [27801, 27802, 27803, 27804, 27805] {
        yaml = yaml.replace(&port.to_string(), &crate::support::free_port().to_string());
    }
    yaml = yaml.replace("every: 1s", "every: 10ms").replace("tcp://*", "tcp://127.0.0.1");
    for (key, said) in
        [("on_one: '()'", "ONE"), ("on_two: '()'", "TWO"), ("on_ask_1: '()'", "ASKED")]
    {
        assert!(yaml.contains(key), "{yaml}");
        let name = key.split(':').next().unwrap();
        yaml = yaml.replace(key, &format!("{name}: 'print(`{said} ${{msg.text}}`)'"));
    }
    let errors = crate::support::free_port();
    let set = format!("SAMPLER_1_ERROR_SOCKET=tcp://127.0.0.1:{errors}");
    let run = Zrig::of(&yaml).arguments(["--set", &set]).start();
    run.says("ONE from sampler_1");
    run.says("TWO from sampler_1");
    run.says("ASKED from clock");
    let ending = run.stop();
    assert!(!ending.said("error"), "{}", ending.text());
}

#[test]
fn a_file_that_is_there_is_overwritten_only_when_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("mine.yaml");
    fs::write(&output, "mine").unwrap();
    let shown = output.to_str().unwrap();
    let source = example("devices.zpl");
    let source = source.to_str().unwrap();
    let refused = zrig(&["import", source, "-o", shown]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("mine.yaml is there already; --force"), "{refused:?}");
    assert_eq!(fs::read_to_string(&output).unwrap(), "mine");
    assert!(zrig(&["import", source, "-o", shown, "--force"]).status.success());
    assert!(fs::read_to_string(&output).unwrap().starts_with("# devices.zpl, a file of ZDCF"));
}

#[test]
fn what_is_no_file_of_another_system_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = folder.path().join("faulty.json");
    fs::write(
        &faulty,
        "{\"fairMQOptions\": {\"devices\": [{\"id\": \"a\", \"channels\": [\n  {\"name\": \"x\", \"type\": \"pus\"}]}]}}",
    )
    .unwrap();
    let refused = zrig(&["import", faulty.to_str().unwrap()]);
    let said = text(&refused.stderr);
    assert_eq!((refused.status.code(), &*text(&refused.stdout)), (Some(2), ""));
    assert!(
        said.contains("faulty.json:2:25") && said.contains("`pus` is no socket type"),
        "{said}"
    );
    assert!(said.contains("did you mean"), "{said}");
    let missing = zrig(&["import", "no/such/file.json"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("cannot read no/such/file.json"));
}
