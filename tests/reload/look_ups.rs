//! Look-up files of `params` are watched as scripts are.

use std::fs;

use crate::edited::Edited;
use crate::support::Zrig;

const YAML: &str = "
nodes:
  a:
    role: push
    connect: 5
    every: 20ms
    params:
      cities: {file: cities.json}
      rows: {file: rows.csv}
      units: {file: units.yaml}
      plain: {file: x, more: 1}
    on_start: this.n = 0
    on_tick: |
      this.n += 1;
      let rows = param(\"rows\");
      print(`${param(\"cities\").oslo} ${rows[0].name} of ${rows.len()} ${param(\"plain\").file} ${param(\"units\").name} ${this.n}`);
";

#[test]
fn an_edit_of_a_look_up_file_is_a_live_change_of_params_and_a_broken_one_changes_nothing() {
    let zrig = Zrig::of(YAML)
        .with("cities.json", "{\"oslo\": 59.9}")
        .with("rows.csv", "name,north\n\"Oslo, Norway\",59.9\nTurin,45.1\n")
        .with("units.yaml", "\u{feff}name: degrees\nnext: ${NOBODY}\n");
    let mut edited = Edited::of(zrig);
    edited.run.says("59.9 Oslo, Norway of 2 x degrees");
    edited.save_as("cities.json", "{\"oslo\": 60}");
    let receipt = edited.receipt();
    assert_eq!(receipt["verdict"], "applied", "{receipt:#}");
    let change = &receipt["nodes"][0]["changes"][0];
    assert_eq!((&change["what"], &change["how"]), (&"params".into(), &"live".into()));
    edited.run.says("60 Oslo, Norway of 2 x degrees");
    for (broken, why) in [
        ("{\"oslo\": 60,\n \"turin\" 45}", "expected `:` at line 2 column 10"),
        ("{\"oslo\": 184467440737095516160}", "an integer of more than 64 bits"),
    ] {
        edited.save_as("cities.json", broken);
        let receipt = edited.receipt();
        assert_eq!(receipt["verdict"], "rejected", "{receipt:#}");
        assert!(receipt.to_string().contains("cities.json"), "{receipt:#}");
        edited.run.says(why);
    }
    fs::remove_file(edited.run.path("cities.json")).unwrap();
    edited.save_as("cities.json", "{\"oslo\": 61}");
    while edited.receipt()["verdict"] != "applied" {}
    let said = edited.run.says("61 Oslo, Norway of 2 x degrees");
    edited.save_as("rows.csv", "name,north\nRome,41.9\n");
    assert_eq!(edited.receipt()["verdict"], "applied");
    edited.run.says("61 Rome of 1 x degrees");
    edited.save_as("units.yaml", "name: [gon");
    assert_eq!(edited.receipt()["verdict"], "rejected");
    edited.run.says("cannot read");
    edited.save_as("units.yaml", "name: gon\n");
    while edited.receipt()["verdict"] != "applied" {}
    edited.run.says("61 Rome of 1 x gon");
    let count: u64 = said.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(count > 1, "`this` stays: {said}");
    edited.stop();
}
