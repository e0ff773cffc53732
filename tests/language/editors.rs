//! What ships for editors names what the server knows.

use std::fs;
use std::path::Path;

use serde_json::Value;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_extension_names_the_languages_that_the_server_knows() {
    let manifest: Value = serde_json::from_str(&read("editors/vscode/package.json")).unwrap();
    let languages = manifest["contributes"]["languages"].as_array().unwrap();
    let ids: Vec<&str> = languages.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["zrig", "rhai"]);
    for language in languages {
        let file = language["configuration"].as_str().unwrap();
        serde_json::from_str::<Value>(&read(&format!("editors/vscode/{file}"))).unwrap();
    }
    for grammar in manifest["contributes"]["grammars"].as_array().unwrap() {
        let path = format!("editors/vscode/{}", grammar["path"].as_str().unwrap());
        serde_json::from_str::<Value>(&read(&path)).unwrap();
        assert!(ids.contains(&grammar["language"].as_str().unwrap()));
    }
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let code = read(&format!("editors/vscode/{}", manifest["main"].as_str().unwrap()));
    let documents = read("src/lsp/documents.rs");
    let docs = read("docs/editors.md");
    for id in ids {
        assert!(code.contains(&format!("language: '{id}'")), "{id}");
        assert!(documents.contains(&format!("\"{id}\"")), "{id}");
        assert!(docs.contains(id), "{id}");
    }
    assert!(!manifest.to_string().contains("resolved"));
}
