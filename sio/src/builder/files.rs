//! Options for files that are served beside Socket.IO.

use std::path::PathBuf;

use super::Builder;
use super::checks::can_be_requested;
use crate::error::Problem;
use crate::http::Files;
use crate::http::static_files::{StaticFiles, whole};

/// Static files.
impl Builder {
    /// Serves a file at a path, or a directory at a path and below it, with its `index.html`. The path begins with a
    /// slash and is percent-encoded, as in a URL; otherwise, and when the target does not exist, [`Builder::build`]
    /// fails. Default none; may be called often.
    ///
    /// A directory is found without its slash too: such a request is redirected (308). Dot files, and what links lead
    /// to outside of the directory, are not served unless [`Files`] allow it.
    pub fn static_files(mut self, path: impl AsRef<str>, files: impl Into<Files>) -> Self {
        self.files.add(path.as_ref(), files.into());
        self
    }

    /// Serves the official browser client at `<path>/socket.io.js` and its usual variants, from the directory
    /// `dist` of the npm package `socket.io-client`. They are read once, when the server is built, and answered with an
    /// `ETag`, and with the feature `compression` in their compressed form.
    pub fn client_files(mut self, directory: impl Into<PathBuf>) -> Self {
        self.client_files = Some(directory.into());
        self
    }

    /// All routes; what is missing becomes a problem.
    pub(super) fn files(&mut self, problems: &mut Vec<Problem>) -> StaticFiles {
        let mut files = std::mem::take(&mut self.files);
        problems.extend(files.missing().map(|reason| Problem::Option { name: "static_files", reason }));
        let is_idle = |path: &&str| !(path.is_empty() || path.starts_with('/')) || !can_be_requested(path);
        problems.extend(files.paths().filter(is_idle).map(|path| Problem::Option {
            name: "static_files",
            reason: format!(
                "{path:?} is no path that can be asked for: one begins with a slash and is percent-encoded"
            ),
        }));
        if let Some(directory) = &self.client_files {
            if let Err(error) = files.add_client(&self.http.path, directory) {
                let reason = format!("{} cannot be read: {error}", whole(directory));
                problems.push(Problem::Option { name: "client_files", reason });
            }
            if !directory.join("socket.io.js").is_file() {
                let reason = format!("there is no socket.io.js in {}", whole(directory));
                problems.push(Problem::Option { name: "client_files", reason });
            }
        }
        files
    }
}
