// SPDX-License-Identifier: MIT
#pragma once

#include <QString>
#include <QStringList>

#include <filesystem>
#include <string>
#include <system_error>

namespace interloop::test {

// This process's open file descriptors, and what each is. Without files beneath /proc and /sys: glibc's allocator opens such
// for a moment, in whichever thread it allocates or frees, also in one that has been waited for and is about to be gone
// (malloc/arena.c: check_may_shrink_heap reads overcommit_memory, arena_get2 the number of processors).
inline QStringList openDescriptors()
{
    QStringList descriptors;
    for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code isGone;
        const std::string target = std::filesystem::read_symlink(entry.path(), isGone).string();
        if (!isGone && !target.starts_with("/proc/") && !target.starts_with("/sys/"))
            descriptors += QString::fromStdString(entry.path().filename().string() + '=' + target);
    }
    return descriptors;
}

} // namespace interloop::test
