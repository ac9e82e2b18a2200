// SPDX-License-Identifier: MIT
#include <interloop/uv/fscall.h>

#include <interloop/task/errors.h>

namespace interloop {

void FsArgument::require(const char *operation, const std::shared_ptr<OpenFile> &file)
{
    if (!file)
        throw uvError(UV_EBADF, std::string(operation) + " (no file)");
    file->requireUsable(operation);
}

} // namespace interloop
