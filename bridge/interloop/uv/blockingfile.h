// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <uv.h>

#include <optional>
#include <string>
#include <system_error>
#include <utility>

/*
 * Files for code that runs on a thread of the pool, where calls block: several calls in one job cost one thread switch.
 */

namespace interloop {

[[noreturn]] void throwFsError(ssize_t error, const char *operation, const QByteArray &path); // "open a.txt: ..."

// The error of a step as one of the `whole`, which the user has asked for: "write a.txt: fsync .a.txt.1x: ...".
std::system_error errorOfStep(const std::string &whole, const std::system_error &error);

// Calls a function of the uv_fs_ family here and now. Its result, not negative; throws std::system_error that names
// `operation` and `path`. Other results are in `request`, which the caller cleans up.
template<typename Function, typename... Arguments>
ssize_t callBlocking(uv_fs_t &request, const char *operation, const QByteArray &path, Function function,
                     Arguments... arguments)
{
    const ssize_t result = function(nullptr, &request, arguments..., nullptr);
    if (result < 0)
        throwFsError(result, operation, path);
    return result;
}

class BlockingFile
{
public:
    // Opens it; `flags` and `mode` are open(2)'s.
    BlockingFile(const QByteArray &path, int flags, int mode);

    BlockingFile(BlockingFile &&other) noexcept
        : m_path(other.m_path), m_descriptor(std::exchange(other.m_descriptor, -1))
    {
    }
    BlockingFile &operator=(BlockingFile &&) = delete;
    ~BlockingFile(); // closes; errors are lost, other than close()'s

    const QByteArray &path() const noexcept { return m_path; }
    int descriptor() const noexcept { return m_descriptor; }

    uv_stat_t status() const;
    qsizetype read(char *data, qsizetype size) const; // 0 at the end
    qsizetype write(const char *data, qsizetype size) const; // how much was taken
    void sync() const;
    void takeOver(const uv_stat_t &status) const; // mode, and owner where the process may give files away
    void close();

private:
    QByteArray m_path;
    int m_descriptor = -1; // -1: closed, or moved from
};

void renameBlocking(const QByteArray &from, const QByteArray &to);
void removeBlocking(const QByteArray &path) noexcept; // errors are lost
std::optional<uv_stat_t> statusBlocking(const QByteArray &path); // none when there is no such file
QByteArray followLinks(QByteArray path); // the file that it leads to, also when there is none yet
void syncFolder(const QByteArray &path); // where the file system can

} // namespace interloop
