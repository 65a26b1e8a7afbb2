//! The navigation of the documentation site. Pages are named by their path in the repository.

/// A part of the navigation.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) pages: &'static [Page],
}

/// A page, and its title in the navigation if it is not the page's own.
pub(super) struct Page {
    pub(super) file: &'static str,
    pub(super) title: Option<&'static str>,
}

const fn page(file: &'static str) -> Page {
    Page { file, title: None }
}

const fn titled(title: &'static str, file: &'static str) -> Page {
    Page { file, title: Some(title) }
}

/// The first page.
pub(super) const HOME: &str = "site/index.md";

/// The section that gets every guide in `docs/` that no section names.
pub(super) const GUIDES: &str = "Guides";

/// The section that gets the references that are generated from the code.
pub(super) const REFERENCE: &str = "Reference";

/// The section that gets every other document that a page links to.
pub(super) const PROJECT: &str = "Project";

pub(super) const SECTIONS: &[Section] = &[
    Section {
        title: "Start",
        pages: &[
            titled("Home", HOME),
            titled("Overview", "README.md"),
            titled("Command line", "docs/start/command-line.md"),
            titled("Python", "docs/start/python.md"),
            titled("Node.js", "docs/start/node.md"),
            titled("Rust", "docs/start/rust.md"),
            titled("Swift", "docs/start/swift.md"),
            titled("Kotlin", "docs/start/kotlin.md"),
        ],
    },
    Section {
        title: GUIDES,
        pages: &[
            titled("Media", "docs/media-limits.md"),
            titled("Models and parameters", "docs/models.md"),
            titled("Make media acceptable", "docs/fit.md"),
            titled("Long clips", "docs/dub.md"),
            titled("Batches", "docs/batches.md"),
            titled("Errors", "docs/errors.md"),
            titled("Retries and network", "docs/network.md"),
            titled("Money: how a submit ends", "docs/billing-safety.md"),
            titled("Money: the ledger", "docs/ledger.md"),
            titled("Webhooks", "docs/webhooks.md"),
            titled("Offline development", "mock-server/README.md"),
            titled("Test with the mock", "docs/testing.md"),
            titled("Record", "docs/recording.md"),
            titled("Replay and drift", "docs/drift.md"),
            titled("Playground", "docs/playground.md"),
            titled("Tools for agents (MCP)", "docs/mcp.md"),
            titled("Mobile apps", "docs/mobile.md"),
            titled("Migrate from the official packages", "docs/moving-from-wavespeed.md"),
            titled("Pipelines", "docs/pipelines.md"),
            titled("Celery", "integrations/celery/README.md"),
            titled("BullMQ", "integrations/bullmq/README.md"),
            titled("Temporal in Python", "integrations/temporal-python/README.md"),
            titled("Temporal in Node.js", "integrations/temporal-node/README.md"),
            titled("Examples", "examples/README.md"),
            titled("Service with FastAPI", "examples/fastapi/README.md"),
            titled("Service with Express", "examples/express/README.md"),
            titled("Routes of Next.js", "examples/nextjs/README.md"),
            titled("Django and Celery", "examples/django-celery/README.md"),
            titled("Mobile backend in Python", "examples/mobile-backend-python/README.md"),
            titled("Mobile backend in Node.js", "examples/mobile-backend-node/README.md"),
            titled("Sample apps with backends", "examples/mobile-apps/README.md"),
            titled("Tests with pytest", "examples/pytest-suite/README.md"),
            titled("Tests with Vitest", "examples/vitest-suite/README.md"),
            titled("Notebook: one run", "docs/notebooks/lipsync.ipynb"),
            titled("Notebook: a batch", "docs/notebooks/batch.ipynb"),
        ],
    },
    Section {
        title: REFERENCE,
        pages: &[
            titled("Command line", "docs/cli.md"),
            titled("Command line: models and prices", "docs/cli-models.md"),
            titled("Python package", "bindings-python/README.md"),
            titled("Python mock server", "bindings-python/mock/README.md"),
            titled("Node.js package", "bindings-node/README.md"),
            titled("Node.js mock server", "bindings-node/mock/README.md"),
        ],
    },
    Section {
        title: PROJECT,
        pages: &[
            titled("Changes", "CHANGELOG.md"),
            titled("Performance", "docs/performance.md"),
            titled("Comparison of clients", "docs/client-comparison.md"),
            titled("Conformance suite", "conformance/README.md"),
            titled("Driver protocol", "conformance/protocol.md"),
            titled("Architecture", "docs/architecture.md"),
            titled("Contributing", "CONTRIBUTING.md"),
            page("docs/decisions/0001-tls.md"),
            page("docs/decisions/0002-state-machine-without-io.md"),
            page("docs/decisions/0003-names.md"),
            page("docs/decisions/0004-documentation-site.md"),
            titled("Versions", "docs/versioning.md"),
            titled("Releases", "docs/releasing.md"),
            titled("Mutation tests", "docs/mutation-testing.md"),
            titled("Releasing", "docs/releasing.md"),
            titled("Versions", "docs/versioning.md"),
            titled("Samples", "samples/README.md"),
        ],
    },
];
