//! Files of a directory, opened in such a way that no link leads out of it.
//!
//! A path that is checked and then opened could be another by then: whoever may write to the directory could put a
//! link there in between. So the path without its links is found first, and opened from the directory downwards, each
//! part of it as what it is: a link that is there now was not there before.

use std::fs::{File, Metadata};
use std::future::Future;
use std::io::{self, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};
use tokio::task::spawn_blocking;
use tower_http::services::fs;

/// A directory, and what of it is served.
#[derive(Debug, Clone)]
pub(super) struct Beneath {
    pub(super) root: Arc<Path>,
    pub(super) dot_files: bool,
    pub(super) links: bool,
}

impl Beneath {
    /// Opens a file or a directory, if it may be served.
    fn open_now(&self, path: &Path) -> io::Result<File> {
        // A loop of links is no file, and an error that has no name.
        let missing = |_| io::Error::from(io::ErrorKind::NotFound);
        let (root, real) = (self.root.canonicalize()?, path.canonicalize().map_err(missing)?);
        match real.strip_prefix(&root) {
            Ok(below) if !self.dot_files && is_hidden(below) => Err(io::ErrorKind::NotFound.into()),
            Ok(below) => open(&root, below),
            Err(_) if self.links => File::open(path),
            Err(_) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// Returns whether a part of a path begins with a dot.
pub(super) fn is_hidden(path: &Path) -> bool {
    path.components()
        .any(|part| matches!(part, Component::Normal(name) if name.as_encoded_bytes().starts_with(b".")))
}

/// Opens what is at a path below a directory, and follows no link.
#[cfg(unix)]
fn open(root: &Path, below: &Path) -> io::Result<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    use rustix::io::Errno;

    // Directories on the way need not be readable, where a system can tell.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const PASSED: OFlags = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const PASSED: OFlags = OFlags::RDONLY;
    let passed = PASSED | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parents = below.parent().into_iter().flat_map(Path::components);
    let mut directory = openat(CWD, root, passed, Mode::empty())?;
    let missing = |error| match error {
        // It was neither a moment ago.
        Errno::LOOP | Errno::NOTDIR => io::ErrorKind::NotFound.into(),
        other => io::Error::from(other),
    };
    for part in parents {
        directory = openat(&directory, part.as_os_str(), passed | OFlags::NOFOLLOW, Mode::empty())
            .map_err(missing)?;
    }
    let name = below.file_name().unwrap_or_else(|| ".".as_ref());
    // A pipe would keep the thread waiting.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    openat(&directory, name, flags, Mode::empty()).map(File::from).map_err(missing)
}

/// As above: opens it, and sees that it is still the path that it was.
#[cfg(not(unix))]
fn open(root: &Path, below: &Path) -> io::Result<File> {
    let path = root.join(below);
    let file = File::open(&path)?;
    if path.canonicalize()? == path { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
}

type Opening<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// Does what keeps its thread waiting.
fn later<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Opening<T> {
    let work = spawn_blocking(work);
    Box::pin(async move { work.await.map_err(io::Error::other)? })
}

impl fs::Backend for Beneath {
    type File = Opened;
    type Metadata = Metadata;
    type OpenFuture = Opening<Opened>;
    type MetadataFuture = Opening<Metadata>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let this = self.clone();
        later(move || Ok(Opened(tokio::fs::File::from_std(this.open_now(&path)?))))
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let this = self.clone();
        later(move || this.open_now(&path)?.metadata())
    }
}

/// A file that is being served.
pub(super) struct Opened(tokio::fs::File);

impl fs::File for Opened {
    type Metadata = Metadata;
    type MetadataFuture<'a> = Pin<Box<dyn Future<Output = io::Result<Metadata>> + Send + 'a>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        Box::pin(self.0.metadata())
    }
}

impl AsyncRead for Opened {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncSeek for Opened {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.0).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.0).poll_complete(cx)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    fn read(root: &Path, below: &str) -> Option<String> {
        let mut text = String::new();
        open(root, below.as_ref()).ok()?.read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// The paths are those that were found to be without links before somebody put these there.
    #[test]
    fn a_link_that_has_taken_a_place_after_the_check_is_not_followed() {
        let place = std::env::temp_dir().join(format!("sio-beneath-{}", std::process::id()));
        let (root, outside) = (place.join("root"), place.join("outside"));
        for directory in [&root.join("sub/deep"), &outside.join("deep")] {
            std::fs::create_dir_all(directory).expect("it can be made");
        }
        for (path, text) in [
            (root.join("page"), "page"),
            (root.join("sub/deep/page"), "deep"),
            (outside.join("page"), "secret"),
            (outside.join("deep/page"), "secret"),
        ] {
            std::fs::write(path, text).expect("it can be written");
        }
        let root = root.canonicalize().expect("it is there");
        assert_eq!(read(&root, "page").as_deref(), Some("page"));
        assert_eq!(read(&root, "sub/deep/page").as_deref(), Some("deep"));
        assert!(
            open(&root, "".as_ref()).expect("the directory itself").metadata().is_ok_and(|it| it.is_dir())
        );

        let replace = |target: &Path, name: &str| {
            let path = root.join(name);
            std::fs::rename(&path, place.join("old")).expect("it is there");
            symlink(target, &path).expect("it can be made");
            let text = read(&root, "sub/deep/page").or_else(|| read(&root, "page"));
            std::fs::remove_file(&path).expect("it is there");
            std::fs::rename(place.join("old"), &path).expect("it is there");
            text
        };
        assert_eq!(replace(&outside, "sub").as_deref(), Some("page"));
        assert_eq!(replace(&outside.join("deep"), "sub/deep").as_deref(), Some("page"));
        assert_eq!(replace(&outside.join("page"), "sub/deep/page").as_deref(), Some("page"));
        std::fs::remove_dir_all(place).expect("it is there");
    }
}
