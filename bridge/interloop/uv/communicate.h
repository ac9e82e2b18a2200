// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>
#include <interloop/uv/processhandle.h>

/*
 * The body of Process::communicate: writes the input, reads both outputs and waits for the end, all at once, so that no
 * full pipe can keep one of them from going on.
 */

namespace interloop {

// See Process::communicate.
Task<ProcessOutput> communicateWith(UvRef<ProcessHandle> process, QByteArray input, qsizetype limit);

// Throws unless there is a program, and it belongs to this thread.
void requireProgram(const char *operation, const UvRef<ProcessHandle> &process);

} // namespace interloop
