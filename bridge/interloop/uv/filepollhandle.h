// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/uvhandle.h>
#include <interloop/task/feed.h>
#include <interloop/uv/fspoll.h>

#include <uv.h>

#include <string>
#include <variant>

/*
 * libuv's side of a polled file. The feed has one place, which says that there is a change; from where to where is kept
 * beside it and looked up when somebody takes it.
 */

namespace interloop {

class FilePollHandle final : public UvHandle, public Feed<std::monostate>
{
public:
    FilePollHandle(Pump &pump, const FilePath &path);

    int start(std::chrono::milliseconds interval); // libuv's error code

    // REQUIRES: the feed's item has been taken
    FileStatusChange takeChange() noexcept;

    const FilePath &path() const noexcept { return m_path; }
    std::string describe() const override { return "poll " + m_path.bytes().toStdString(); }

private:
    void changed(int status, const uv_stat_t &before, const uv_stat_t &now) noexcept;
    void closing() noexcept override { end(); }

    uv_fs_poll_t m_poll;
    FilePath m_path;
    FileStatus m_told; // what the taker of the last change knows
    FileStatus m_current;
    int m_error = 0; // libuv's code, of m_current
    bool m_hasTold = false; // false: what libuv saw first is what is known
    bool m_hasChange = false; // the feed has its item, or somebody has been handed it
};

} // namespace interloop
