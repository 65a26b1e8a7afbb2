//! Where the version and the address of the repository are repeated.

/// Files that repeat the version, and what stands around it there. The group is the version; each pattern must
/// occur. The changelog, which keeps older versions, has a check of its own.
pub(super) const VERSIONS: &[(&str, &str)] = &[
    ("Cargo.toml", r#"(?m)^viseme[a-z-]* = \{ path = "[^"]+", version = "([^"]+)""#),
    (
        "bindings-common/Cargo.toml",
        r#"(?m)^viseme[a-z-]* = \{ path = "[^"]+", version = "([^"]+)""#,
    ),
    (
        "bindings-mobile/Cargo.toml",
        r#"(?m)^viseme[a-z-]* = \{ path = "[^"]+", version = "([^"]+)""#,
    ),
    ("bindings-node/package.json", r#"\A\{\s+"name": "viseme",\s+"version": "([^"]+)""#),
    ("bindings-node/package-lock.json", r#""name": "viseme",\s+"version": "([^"]+)""#),
    ("bindings-node/mock/package.json", r#"\A\{\s+"name": "viseme-mock",\s+"version": "([^"]+)""#),
    ("bindings-node/README.md", r"viseme-(?:mock-)?(?:linux-x64-gnu-)?(\d[^`]*?)\.tgz"),
    ("bindings-node/mock/README.md", r"viseme-(?:mock-)?(?:linux-x64-gnu-)?(\d[^`]*?)\.tgz"),
    ("README.md", r"viseme-(?:mock-)?(?:linux-x64-gnu-)?(\d[^` ]*?)\.tgz"),
    (
        "integrations/temporal-node/package.json",
        r#""name": "@viseme/temporal",\s+"version": "([^"]+)""#,
    ),
    (
        "integrations/temporal-node/package.json",
        r#"(?s)"peerDependencies": \{.*?"viseme": "([^"]+)""#,
    ),
    ("integrations/temporal-python/pyproject.toml", r#"(?m)^version = "([^"]+)""#),
    (
        "integrations/package-lock.json",
        r#""name": "(?:viseme|viseme-mock|@viseme/temporal)",\s+"version": "([^"]+)""#,
    ),
    ("integrations/package-lock.json", r#""viseme": "(\d[^"]*)""#),
    ("examples/package-lock.json", r#""name": "(?:viseme|viseme-mock)",\s+"version": "([^"]+)""#),
    ("bindings-mobile/swift/Sources/VisemeDriver/Driver.swift", r#""version": "([^"]+)""#),
    (
        "bindings-mobile/kotlin/pom.xml",
        r"<artifactId>viseme-parent</artifactId>\s+<version>([^<]+)<",
    ),
    (
        "bindings-mobile/kotlin/viseme/pom.xml",
        r"<artifactId>viseme-parent</artifactId>\s+<version>([^<]+)<",
    ),
    (
        "bindings-mobile/kotlin/sample/pom.xml",
        r"<artifactId>viseme-parent</artifactId>\s+<version>([^<]+)<",
    ),
    (
        "bindings-mobile/kotlin/conformance/pom.xml",
        r"<artifactId>viseme-parent</artifactId>\s+<version>([^<]+)<",
    ),
    ("conformance/protocol.md", r#""name": "python-sync", "version": "([^"]+)""#),
    ("docs/cli.md", r"viseme (\d+\.\d+\.\d+) on "),
    ("docs/cli.md", r#""version": "([^"]+)" \}"#),
    ("docs/start/node.md", r"viseme-(?:mock-)?(?:linux-x64-gnu-)?(\d[^` ]*?)\.tgz"),
    ("docs/start/kotlin.md", r"`dev\.viseme:viseme:([^`]+)`"),
    ("docs/versioning.md", r"`\^([^`]+)` \(npm"),
    ("docs/mobile.md", r"`dev\.viseme:viseme:([^`]+)`"),
];

/// Files that repeat the minor version.
pub(super) const MINORS: &[(&str, &str)] = &[
    ("integrations/temporal-python/pyproject.toml", r#""viseme>=([^",]+),"#),
    ("docs/versioning.md", r"`viseme>=([^,`]+),"),
    ("docs/versioning.md", r#"`viseme = "([^"]+)"`"#),
];

/// Files that exclude the next version that may break what works.
pub(super) const NEXT_BREAKING: &[(&str, &str)] = &[
    ("integrations/temporal-python/pyproject.toml", r#""viseme>=[^"]*<([^"]+)""#),
    ("docs/versioning.md", r"`viseme>=[^`]*<([^`]+)`"),
];

/// Files that repeat the address of the repository.
pub(super) const REPOSITORIES: &[(&str, &str)] = &[
    ("bindings-python/pyproject.toml", r#"(?m)^Repository = "([^"]+)""#),
    ("bindings-python/mock/pyproject.toml", r#"(?m)^Repository = "([^"]+)""#),
    ("integrations/temporal-python/pyproject.toml", r#"(?m)^Repository = "([^"]+)""#),
    ("bindings-node/package.json", r#""url": "git\+([^"]+)\.git""#),
    ("bindings-node/mock/package.json", r#""url": "git\+([^"]+)\.git""#),
    ("integrations/temporal-node/package.json", r#""url": "git\+([^"]+)\.git""#),
    ("bindings-mobile/kotlin/pom.xml", r"<repository\.url>([^<]+)</repository\.url>"),
];
