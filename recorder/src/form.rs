//! Forms with files: the hashes and facts of what is in them, without the bytes in memory.

use std::path::Path;

use bytes::Bytes;
use futures_util::{Stream, stream};
use multer::Multipart;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use crate::media::{IN_FLIGHT, pass};
use crate::recording::{RecordedField, RecordedMedia};

/// How much of a form is read at once.
const CHUNK: usize = 64 * 1024;
/// The most fields that are read. The API's form has one.
const MAX_FIELDS: usize = 100;

/// What is in a form.
#[derive(Default)]
pub(crate) struct Form {
    pub(crate) fields: Vec<RecordedField>,
    /// The files in it, with their hashes.
    pub(crate) files: Vec<(String, RecordedMedia)>,
}

/// Reads a stored form as far as it is one. `folder` is where files are meanwhile, and `keep` where they are kept, if
/// they are.
pub(crate) async fn read(
    form: &Path,
    content_type: &str,
    folder: &Path,
    keep: Option<&Path>,
) -> Form {
    let mut read = Form::default();
    let Ok(boundary) = multer::parse_boundary(content_type) else { return read };
    let Ok(file) = tokio::fs::File::open(form).await else { return read };
    let mut form = Multipart::new(chunks(file), boundary);
    while read.fields.len() < MAX_FIELDS
        && let Ok(Some(field)) = form.next_field().await
    {
        let name = field.name().unwrap_or_default().to_owned();
        let kind = field.content_type().map(ToString::to_string);
        let is_file = field.file_name().is_some();
        // What passes goes nowhere: it reached the service already.
        let (sender, mut receiver) = mpsc::channel(IN_FLIGHT);
        let drain = async { while receiver.recv().await.is_some() {} };
        let passing = async move { pass(field, &sender, folder).await };
        let (mut passed, ()) = tokio::join!(passing, drain);
        if is_file {
            let media = passed.examine(kind.clone(), keep).await;
            read.files.push((passed.sha256.clone(), media));
        }
        read.fields.push(RecordedField {
            name,
            content_type: kind,
            sha256: passed.sha256,
            bytes: passed.bytes,
        });
    }
    read
}

/// Returns the chunks of a file.
fn chunks(file: tokio::fs::File) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    stream::unfold(Some(file), |file| async {
        let mut file = file?;
        let mut chunk = vec![0; CHUNK];
        match file.read(&mut chunk).await {
            Ok(0) => None,
            Ok(read) => {
                chunk.truncate(read);
                Some((Ok(chunk.into()), Some(file)))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_text(form: &str, content_type: &str) -> Form {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("form");
        std::fs::write(&path, form).unwrap();
        read(&path, content_type, folder.path(), None).await
    }

    #[tokio::test]
    async fn fields_and_files_are_read_as_far_as_the_form_goes() {
        let form = "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\
                    Content-Type: audio/mpeg\r\n\r\nabc\r\n--x--\r\n";
        let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let whole = read_text(form, "multipart/form-data; boundary=x").await;
        let field = |name: &str, kind: Option<&str>, sha256: &str, bytes| RecordedField {
            name: name.to_owned(),
            content_type: kind.map(str::to_owned),
            sha256: sha256.to_owned(),
            bytes,
        };
        let note = field("note", None, hello, 5);
        assert_eq!(whole.fields, [note.clone(), field("file", Some("audio/mpeg"), abc, 3)]);
        let [(sha256, media)] = whole.files.as_slice() else { panic!("{:?}", whole.files) };
        assert_eq!((sha256.as_str(), media.bytes), (abc, 3));

        for (form, kind, fields) in [
            (form, "text/plain", 0),
            (form, "multipart/form-data; boundary=y", 0),
            ("no form", "multipart/form-data; boundary=x", 0),
            (&form[..form.find("abc").unwrap()], "multipart/form-data; boundary=x", 2),
        ] {
            let found = read_text(form, kind).await.fields;
            assert!(found.len() <= fields, "{kind}: {found:?}");
        }
    }
}
