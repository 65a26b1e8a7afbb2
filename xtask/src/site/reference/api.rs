//! The reference of the mock server's API: its OpenAPI document, as a list of operations in the site and
//! in Swagger UI on a page of its own.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use crate::process::root;
use crate::site::nav::REFERENCE;
use crate::site::pages::{Entry, Pages, write};

/// Where the page of Swagger UI is in the site.
const PLACE: &str = "reference/mock-api";
/// What it needs of its package.
const ASSETS: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

/// The page. The document is part of it, so that it also opens from a disk.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of the mock server - Viseme</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="swagger-ui.css">
</head>
<body>
<p style="margin: 1rem 2rem; font-family: sans-serif"><a href="../mock-api.html">Viseme</a></p>
<div id="api"></div>
<script src="swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({
  spec: @DOCUMENT@,
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'list',
  // The requests would go to a server that the reader does not have.
  supportedSubmitMethods: [],
  validatorUrl: null,
});
</script>
</body>
</html>
"#;

pub(super) fn stage(pages: &mut Pages, folder: &Path) -> Result<()> {
    let path = root().join("mock-server/assets/openapi.json");
    let text = fs::read_to_string(path).context("cannot read the OpenAPI document")?;
    let document: Value =
        serde_json::from_str(&text).context("the OpenAPI document is not JSON")?;
    let place = folder.join(PLACE);
    // Inside a script element, only `<` could end it.
    let data = serde_json::to_string(&document)?.replace('<', "\\u003c");
    write(
        &place.join("index.html"),
        &PAGE.replace("@DOCUMENT@", &data).replace("../mock-api.html", "../mock-server-api/"),
    )?;
    write(&place.join("openapi.json"), &text)?;
    for name in ASSETS {
        let from = root().join("site/node_modules/swagger-ui-dist").join(name);
        fs::copy(&from, place.join(name)).with_context(|| format!("no {}", from.display()))?;
    }
    write(&folder.join("reference/mock-server-api.md"), &overview(&document)?)?;
    pages.add(REFERENCE, Entry::page("API of the mock server", "reference/mock-server-api.md"))
}

/// The operations by tag.
fn overview(document: &Value) -> Result<String> {
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut page = format!(
        "# API of the mock server\n\n{}\n\n[Parameters, bodies and responses](mock-api/index.html) of \
         every operation · [the OpenAPI document](mock-api/openapi.json)\n",
        document.get("info").map(|info| text(info, "description")).unwrap_or_default(),
    );
    let tags = document.get("tags").and_then(Value::as_array).context("no tags")?;
    let paths = document.get("paths").and_then(Value::as_object).context("no paths")?;
    for tag in tags {
        let name = text(tag, "name");
        page += &format!(
            "\n## {name}\n\n{}\n\n| operation | purpose |\n|---|---|\n",
            text(tag, "description")
        );
        for (path, operations) in paths {
            for (method, operation) in operations.as_object().unwrap_or(&Map::new()) {
                let tags = operation.get("tags").and_then(Value::as_array);
                if tags.is_some_and(|tags| tags.iter().any(|tag| tag.as_str() == Some(&name))) {
                    let method = method.to_uppercase();
                    page += &format!("| `{method} {path}` | {} |\n", text(operation, "summary"));
                }
            }
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operation_is_listed_below_its_tag() {
        let page = overview(&json!({
            "info": {"description": "An API."},
            "tags": [{"name": "jobs", "description": "Jobs."}],
            "paths": {"/a": {"get": {"tags": ["jobs"], "summary": "Reads."}, "parameters": []}},
        }));
        let page = page.expect("a document");
        assert!(
            page.contains(
                "## jobs\n\nJobs.\n\n| operation | purpose |\n|---|---|\n| `GET /a` | Reads. |"
            ),
            "{page}"
        );
    }
}
