// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/task.h>
#include <interloop/uv/filepath.h>
#include <interloop/uv/fsjob.h>
#include <interloop/uv/openfile.h>
#include <interloop/uv/recycled.h>

#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

/*
 * Any function of libuv's uv_fs_ family as something to await: `callFs("rename", &noResult, &uv_fs_rename, from, to)`.
 *
 * The job owns its arguments: paths are copied, and a file stays open until the call is over. So a cancelled wait ends
 * at once and the call, if it has begun, runs on.
 */

namespace interloop {

// How an argument is checked, kept by the job, given to libuv and named in messages.
class FsArgument
{
public:
    static void require(const char *operation, const FilePath &path) { path.require(operation); }
    static QByteArray kept(FilePath &&path) { return path.bytes(); }
    static const char *passed(const QByteArray &path) { return path.constData(); }
    static void addName(std::string &name, const QByteArray &path) { name += ' ' + path.toStdString(); }

    static void require(const char *operation, const std::shared_ptr<OpenFile> &file);
    static FileUse kept(std::shared_ptr<OpenFile> &&file) { return FileUse(std::move(file)); }
    static int passed(const FileUse &file) { return file->descriptor(); }
    static void addName(std::string &name, const FileUse &file) { addName(name, file->path()); }

    template<typename Number>
        requires std::is_arithmetic_v<Number>
    static void require(const char *, Number)
    {
    }
    template<typename Number>
        requires std::is_arithmetic_v<Number>
    static Number kept(Number number)
    {
        return number;
    }
    template<typename Number>
        requires std::is_arithmetic_v<Number>
    static Number passed(Number number)
    {
        return number;
    }
    template<typename Number>
        requires std::is_arithmetic_v<Number>
    static void addName(std::string &, Number)
    {
    }
};

template<typename Function, typename... Kept>
class FsCallJob final : public FsJob
{
public:
    template<typename... Arguments>
    FsCallJob(const char *operation, Function function, Arguments &&...arguments)
        : m_operation(operation), m_function(function), m_arguments(FsArgument::kept(std::move(arguments))...)
    {
    }

    std::string name() const override
    {
        std::string name = m_operation;
        std::apply([&name](const Kept &...kept) { (FsArgument::addName(name, kept), ...); }, m_arguments);
        return name;
    }

private:
    int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) override
    {
        const auto call = [&](const Kept &...kept) {
            return m_function(loop, request, FsArgument::passed(kept)..., done);
        };
        return std::apply(call, m_arguments);
    }

    const char *m_operation;
    Function m_function;
    std::tuple<Kept...> m_arguments;
};

inline void noResult(FsJob &) noexcept { }

// Calls `function` in the pool; the result is what `take` finds in the job that has succeeded.
template<typename T, typename Function, typename... Arguments>
Task<T> callFs(const char *operation, T (*take)(FsJob &), Function function, Arguments... arguments)
{
    (FsArgument::require(operation, arguments), ...);
    using Job = FsCallJob<Function, decltype(FsArgument::kept(std::move(arguments)))...>;
    const std::shared_ptr<Job> job = makeRecycled<Job>(operation, function, std::move(arguments)...);
    PoolJobWait wait(job);
    co_await inPlace(wait);
    job->result();
    co_return take(*job);
}

} // namespace interloop
