// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>
#include <interloop/uv/filepath.h>
#include <interloop/uv/filestatus.h>

#include <unistd.h>
#include <uv.h>

/*
 * What can be done with a file's name, without opening it: libuv's uv_fs_ functions that take a path.
 *
 * Each call is one job of the pool, which costs tens of microseconds, twenty times what a call in the cache does: many
 * of them at once belong into one toThread(). Failures are std::system_error with uvCategory(), and name call and path:
 * "rename a.txt b.txt: permission denied".
 *
 * Starts: when awaited. Resumes: from the ready queue. Cancel: at once; a call that has begun is carried out all the
 * same, and nobody is told how it ended. Buffers: paths are the call's own.
 */

namespace interloop {

INTERLOOP_EXPORT Task<FileStatus> fileStatus(FilePath path); // of what a symbolic link leads to
INTERLOOP_EXPORT Task<FileStatus> linkStatus(FilePath path); // of the link itself
INTERLOOP_EXPORT Task<FileSystemStatus> fileSystemStatus(FilePath path);

// Throws unless the process may do what `mode` says: F_OK (it exists), R_OK, W_OK, X_OK, or several of them.
INTERLOOP_EXPORT Task<> checkAccess(FilePath path, int mode = F_OK);

INTERLOOP_EXPORT Task<> renameFile(FilePath from, FilePath to); // a file, a link or a directory; replaces a file
INTERLOOP_EXPORT Task<> removeFile(FilePath path);
INTERLOOP_EXPORT Task<> linkFile(FilePath existing, FilePath path); // a second name
INTERLOOP_EXPORT Task<> symlinkFile(FilePath target, FilePath path); // `path` becomes a symbolic link
INTERLOOP_EXPORT Task<FilePath> readLink(FilePath path); // what a symbolic link says
INTERLOOP_EXPORT Task<FilePath> realPath(FilePath path); // absolute, without links

INTERLOOP_EXPORT Task<> setFileMode(FilePath path, int mode); // permission bits
INTERLOOP_EXPORT Task<> setFileOwner(FilePath path, uv_uid_t owner, uv_gid_t group);
INTERLOOP_EXPORT Task<> setLinkOwner(FilePath path, uv_uid_t owner, uv_gid_t group); // the link's, not what it leads to
INTERLOOP_EXPORT Task<> setFileTimes(FilePath path, FileTime accessed, FileTime modified); // to the microsecond
INTERLOOP_EXPORT Task<> setLinkTimes(FilePath path, FileTime accessed, FileTime modified);

} // namespace interloop
