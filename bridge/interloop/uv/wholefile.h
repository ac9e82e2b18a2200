// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/task/task.h>
#include <interloop/uv/filepath.h>

#include <QByteArray>

#include <limits>

/*
 * Files that are read, written and copied as a whole. What is written is never seen half: it is a file of its own until
 * it is complete and on the disk, and takes the old one's place in one step.
 *
 * Failures are std::system_error with uvCategory(), and name the step and its object, behind what was asked for where
 * that is another file: "write a.txt: fsync .a.txt.1x2y: input/output error".
 */

namespace interloop {

// All of the file. Throws std::system_error (file_too_large) when it has more than `limit` bytes.
// Starts: when awaited, one job of the pool. Resumes: from the ready queue. Cancel: at once; the job stops after the
// mebibyte that it is at.
INTERLOOP_EXPORT Task<QByteArray> readFile(FilePath path, qsizetype limit = std::numeric_limits<qsizetype>::max());

// Makes the file, or replaces all that is in it; its mode stays, and its owner where the process may give files away.
// Symbolic links are followed; further hard links keep the old contents. Needs the right to make files in the folder.
// Starts: when awaited, one job of the pool. Resumes: from the ready queue, when the new contents would survive a loss
// of power. Cancel: stops the job after the mebibyte that it is at and waits for that: whoever gets Cancelled finds the
// old file untouched and nothing beside it; from the last step on, the result counts.
// After a failure likewise, unless only the last step failed, "fsync" of the folder: the new file is in place then.
INTERLOOP_EXPORT Task<> writeFile(FilePath path, QByteArray data);

// The same with the contents and the mode of `from`, as they are read, without bringing them here. Tells
// Progress::current() how many KiB of how many are done.
// Starts: when awaited, a job of the pool for each mebibyte. Resumes: from the ready queue. Cancel: as of writeFile().
INTERLOOP_EXPORT Task<> copyFile(FilePath from, FilePath to);

} // namespace interloop
