//! Where the ledger of a test is.

use viseme_ledger::AnyLedger;

/// A place without a ledger. The ledger is opened there as often as the test likes.
pub(crate) struct Place {
    folder: Option<tempfile::TempDir>,
    pub(crate) path_or_url: String,
}

impl Place {
    /// A file in a temporary folder.
    pub(crate) fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path_or_url = folder.path().join("ledger.db").to_string_lossy().into_owned();
        Self { folder: Some(folder), path_or_url }
    }

    /// A database of the server of this process.
    #[cfg(all(unix, feature = "testing"))]
    pub(crate) async fn database() -> Self {
        use std::sync::LazyLock;

        use viseme_ledger::testing::PostgresServer;

        static SERVER: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);
        Self { folder: None, path_or_url: SERVER.create_database().await }
    }

    /// Another place of the same kind.
    pub(crate) async fn another(&self) -> Self {
        #[cfg(all(unix, feature = "testing"))]
        if self.folder.is_none() {
            return Self::database().await;
        }
        Self::file()
    }

    pub(crate) async fn open(&self) -> AnyLedger {
        AnyLedger::open(&self.path_or_url).await.unwrap()
    }
}

/// Makes a test for each backend of each of these functions.
macro_rules! on_each_backend {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($crate::place::Place::file()).await;
            })+
        }

        #[cfg(all(unix, feature = "testing"))]
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test($crate::place::Place::database().await).await;
            })+
        }
    };
}
