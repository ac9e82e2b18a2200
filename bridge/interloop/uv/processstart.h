// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/uvhandle.h>
#include <interloop/uv/processoptions.h>

/*
 * From ProcessOptions to a program that runs: refuses what libuv would cut or not survive, and says what was at fault when
 * a start fails.
 */

namespace interloop {

class ProcessHandle;

// See Process::start.
UvRef<ProcessHandle> startProcess(const ProcessOptions &options);

} // namespace interloop
