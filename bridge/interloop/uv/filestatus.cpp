// SPDX-License-Identifier: MIT
#include <interloop/uv/filestatus.h>

#include <sys/stat.h>

#include <cmath>
#include <limits>

namespace interloop {

double secondsOf(FileTime time) noexcept
{
    const auto sinceEpoch = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch());
    const auto whole = std::chrono::floor<std::chrono::seconds>(sinceEpoch);
    const double seconds = double(whole.count()) + double((sinceEpoch - whole).count()) / 1e6;
    return std::nextafter(seconds, std::numeric_limits<double>::infinity()); // libuv rounds down to a microsecond
}

FileType fileTypeOf(quint64 mode) noexcept
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return FileType::File;
    case S_IFDIR:
        return FileType::Directory;
    case S_IFLNK:
        return FileType::SymbolicLink;
    case S_IFIFO:
        return FileType::Pipe;
    case S_IFSOCK:
        return FileType::Socket;
    case S_IFCHR:
        return FileType::CharacterDevice;
    case S_IFBLK:
        return FileType::BlockDevice;
    default:
        return FileType::Unknown;
    }
}

FileTime FileStatus::timeFrom(const uv_timespec_t &time) noexcept
{
    constexpr auto first = std::chrono::ceil<std::chrono::seconds>(FileTime::min().time_since_epoch());
    constexpr auto last = std::chrono::floor<std::chrono::seconds>(FileTime::max().time_since_epoch());
    const std::chrono::seconds seconds(time.tv_sec);
    if (seconds < first)
        return FileTime::min();
    if (seconds >= last)
        return FileTime::max();
    return FileTime(seconds + std::chrono::nanoseconds(time.tv_nsec));
}

} // namespace interloop
