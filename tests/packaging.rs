//! What `packaging/build.py` makes around a program, held to those who unpack it: pip, tar and, where it is there,
//! dpkg. The program is a stand-in of a few bytes, manual and completions are those of the real one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says what it skips")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const ZRIG: &str = env!("CARGO_BIN_EXE_zrig");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const X86_64: u8 = 62;
const AARCH64: u8 = 183;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The head of a program without a loader, for the processor of this number of ELF's.
fn stand_in(folder: &Path, name: &str, processor: u8) -> PathBuf {
    let mut bytes = vec![0; 64];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    bytes[16] = 2;
    bytes[18] = processor;
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn build(arguments: &[&str], to: &Path) -> Output {
    let mut command = Command::new("python3");
    command.arg(root().join("packaging/build.py")).args(arguments).arg("--to").arg(to);
    // A submission may be no clone of the repository.
    command
        .env("SOURCE_DATE_EPOCH", "1790000000")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap()
}

#[track_caller]
fn takes(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// All packages of both machines.
fn packages(folder: &Path, to: &str) -> PathBuf {
    let to = folder.join(to);
    let (one, other) = (stand_in(folder, "x", X86_64), stand_in(folder, "a", AARCH64));
    let arguments =
        ["--guide", ZRIG, "--program", one.to_str().unwrap(), "--program", other.to_str().unwrap()];
    let output = build(&arguments, &to);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    to
}

/// The pages that the program writes of itself.
fn pages(folder: &Path) -> BTreeSet<String> {
    let to = folder.join("pages");
    takes(Command::new(ZRIG).arg("manual").arg("--to").arg(&to));
    let names = fs::read_dir(to).unwrap().map(|page| page.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn the_same_program_makes_the_same_bytes_twice() {
    let folder = TempDir::with_prefix("zrig-packaging-").unwrap();
    let (one, other) = (packages(folder.path(), "one"), packages(folder.path(), "other"));
    let sums = fs::read_to_string(one.join("SHA256SUMS")).unwrap();
    assert_eq!(sums, fs::read_to_string(other.join("SHA256SUMS")).unwrap());
    let named: Vec<&str> = sums.lines().map(|line| line.split("  ").nth(1).unwrap()).collect();
    let expected = [
        format!("zrig-{VERSION}-aarch64-linux.tar.gz"),
        format!("zrig-{VERSION}-image.tar"),
        format!("zrig-{VERSION}-py3-none-manylinux2014_aarch64.musllinux_1_1_aarch64.whl"),
        format!("zrig-{VERSION}-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl"),
        format!("zrig-{VERSION}-x86_64-linux.tar.gz"),
        format!("zrig-{VERSION}.tgz"),
        format!("zrig-linux-arm64-{VERSION}.tgz"),
        format!("zrig-linux-x64-{VERSION}.tgz"),
        format!("zrig_{VERSION}_amd64.deb"),
        format!("zrig_{VERSION}_arm64.deb"),
    ];
    assert_eq!(named, expected);
    takes(Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(&one));
    archives_hold_everything(&one, &pages(folder.path()));
    the_wheel_installs_the_program(&one, folder.path());
    the_debian_package_holds_everything(&one, &pages(folder.path()));
    the_image_is_the_program_alone(&one, folder.path());
}

fn archives_hold_everything(made: &Path, pages: &BTreeSet<String>) {
    for machine in ["x86_64", "aarch64"] {
        let name = format!("zrig-{VERSION}-{machine}-linux");
        let said = takes(Command::new("tar").arg("tf").arg(made.join(format!("{name}.tar.gz"))));
        let files: BTreeSet<&str> = said.lines().filter(|line| !line.ends_with('/')).collect();
        let mut expected: BTreeSet<String> =
            pages.iter().map(|page| format!("{name}/man/man1/{page}")).collect();
        let others = [
            "zrig",
            "LICENSE",
            "THIRD-PARTY.txt",
            "CHANGELOG.md",
            "completions/zrig.bash",
            "completions/_zrig",
            "completions/zrig.fish",
        ];
        expected.extend(others.map(|other| format!("{name}/{other}")));
        assert_eq!(files, expected.iter().map(String::as_str).collect());
    }
}

fn the_wheel_installs_the_program(made: &Path, folder: &Path) {
    let python = takes(&mut Command::new(root().join("tests/python/setup.sh")));
    let mut pip = Command::new(python.trim());
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-index",
        "--ignore-installed",
    ]);
    let into = folder.join("installed");
    let machine = if cfg!(target_arch = "x86_64") { "x86_64" } else { "aarch64" };
    let wheel = made.join(format!(
        "zrig-{VERSION}-py3-none-manylinux2014_{machine}.musllinux_1_1_{machine}.whl"
    ));
    takes(pip.arg("--prefix").arg(&into).arg(wheel));
    let program = into.join("bin/zrig");
    assert_eq!(program.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    let source = if machine == "x86_64" { "x" } else { "a" };
    assert_eq!(fs::read(&program).unwrap(), fs::read(folder.join(source)).unwrap());
    for (path, shell) in [
        ("share/bash-completion/completions/zrig", "bash"),
        ("share/zsh/site-functions/_zrig", "zsh"),
        ("share/fish/vendor_completions.d/zrig.fish", "fish"),
    ] {
        let written = fs::read_to_string(into.join(path)).unwrap();
        assert_eq!(written, takes(Command::new(ZRIG).args(["completions", shell])), "{shell}");
    }
    assert!(into.join("share/man/man1/zrig.1").exists());
}

fn the_debian_package_holds_everything(made: &Path, pages: &BTreeSet<String>) {
    if Command::new("dpkg-deb").arg("--version").output().is_err() {
        println!("skipped: there is no dpkg-deb that could say what is in a Debian package");
        return;
    }
    for machine in ["amd64", "arm64"] {
        let package = made.join(format!("zrig_{VERSION}_{machine}.deb"));
        let field =
            |name: &str| takes(Command::new("dpkg-deb").arg("--field").arg(&package).arg(name));
        assert_eq!(field("Architecture").trim(), machine);
        assert_eq!(field("Version").trim(), VERSION);
        let contents = takes(Command::new("dpkg-deb").arg("--contents").arg(&package));
        let mut expected: Vec<String> =
            pages.iter().map(|page| format!("./usr/share/man/man1/{page}.gz")).collect();
        let others = [
            "bin/zrig",
            "share/bash-completion/completions/zrig",
            "share/zsh/vendor-completions/_zrig",
            "share/fish/vendor_completions.d/zrig.fish",
            "share/doc/zrig/copyright",
            "share/doc/zrig/examples/topologies/first.yaml",
            "share/doc/zrig/examples/scripts/first.rhai",
        ];
        expected.extend(others.map(|other| format!("./usr/{other}")));
        for path in expected {
            assert!(
                contents.lines().any(|line| line.ends_with(&format!(" {path}"))),
                "{path}\n{contents}"
            );
        }
        assert!(contents.lines().all(|line| line.contains(" root/root ")), "{contents}");
    }
}

fn the_image_is_the_program_alone(made: &Path, folder: &Path) {
    let image = folder.join("image");
    fs::create_dir(&image).unwrap();
    takes(
        Command::new("tar")
            .arg("xf")
            .arg(made.join(format!("zrig-{VERSION}-image.tar")))
            .arg("-C")
            .arg(&image),
    );
    let read = |digest: &str| {
        fs::read(image.join("blobs/sha256").join(digest.trim_start_matches("sha256:"))).unwrap()
    };
    let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    let top = json(&fs::read(image.join("index.json")).unwrap());
    let index = json(&read(top["manifests"][0]["digest"].as_str().unwrap()));
    let mut machines = Vec::new();
    for described in index["manifests"].as_array().unwrap() {
        let manifest = json(&read(described["digest"].as_str().unwrap()));
        let configuration = json(&read(manifest["config"]["digest"].as_str().unwrap()));
        machines.push(configuration["architecture"].clone());
        assert_eq!(configuration["config"]["Entrypoint"], serde_json::json!(["/zrig"]));
        let layer = folder.join("layer");
        fs::write(&layer, read(manifest["layers"][0]["digest"].as_str().unwrap())).unwrap();
        let said = takes(Command::new("tar").arg("tvzf").arg(&layer));
        let held: Vec<(&str, &str)> =
            said.lines().map(|line| (&line[..10], line.rsplit(' ').next().unwrap())).collect();
        let expected = [
            ("drwxrwxrwt", "tmp/"),
            ("drwxr-xr-x", "var/"),
            ("drwxr-xr-x", "var/lib/"),
            ("drwxrwxrwt", "var/lib/zrig/"),
            ("-rwxr-xr-x", "zrig"),
        ];
        assert_eq!(held, expected);
    }
    assert_eq!(machines, ["amd64", "arm64"]);
}

#[test]
fn a_program_that_wants_shared_libraries_is_refused() {
    let folder = TempDir::with_prefix("zrig-packaging-").unwrap();
    let output = build(&["--program", ZRIG, "--guide", ZRIG], &folder.path().join("made"));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("wants shared libraries"), "{said}");
    assert!(!folder.path().join("made").exists());
}

#[test]
fn a_program_of_an_unknown_machine_and_what_is_no_program_are_refused() {
    let folder = TempDir::with_prefix("zrig-packaging-").unwrap();
    let riscv = stand_in(folder.path(), "riscv", 243);
    let text = root().join("Cargo.toml");
    let one = stand_in(folder.path(), "one", X86_64);
    for (programs, why) in [
        (vec![riscv.to_str().unwrap()], "for a processor"),
        (vec![text.to_str().unwrap()], "is no program of 64 bits for Linux"),
        (vec!["/nowhere/zrig"], "No such file"),
        (vec![one.to_str().unwrap(), one.to_str().unwrap()], "two programs are for one machine"),
    ] {
        let mut arguments = vec!["--guide", ZRIG];
        for program in programs {
            arguments.extend(["--program", program]);
        }
        let output = build(&arguments, &folder.path().join("made"));
        assert_eq!(output.status.code(), Some(1), "{why}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(why), "{said}");
    }
}

/// The names of files in `NOTICE`s and of licences change; that a linked library is forgotten must not happen.
#[test]
fn every_linked_library_of_c_has_its_licence_in_the_packages() {
    let script = "import sys; sys.path.insert(0, 'packaging'); import licences, pathlib; print(licences.text(pathlib.Path.cwd()))";
    let mut python = Command::new("python3");
    let said = takes(python.args(["-B", "-c", script]).current_dir(root()));
    for words in
        ["Mozilla Public License Version 2.0", "ISC License", "mimalloc", "zeromq-src", "rhai 1."]
    {
        assert!(said.contains(words), "{words}");
    }
    assert!(!said.contains("proptest"), "what only tests use is not linked");
}
