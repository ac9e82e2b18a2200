// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/uv/pooljob.h>

#include <uv.h>

/*
 * One call of libuv's uv_fs_ family in its thread pool, with all that the call touches.
 */

namespace interloop {

class INTERLOOP_EXPORT FsJob : public PoolJob
{
public:
    // What libuv has returned: not negative. Throws std::system_error that names the call and its object.
    ssize_t result() const;
    ssize_t status() const noexcept { return m_request.result; } // negative: libuv's error code

    uv_fs_t &fs() noexcept { return m_request; }

protected:
    FsJob() noexcept { m_request.data = this; }
    ~FsJob() { uv_fs_req_cleanup(&m_request); }

    // Calls libuv's function; its error code. Without `done` that is carried out here and now, and needs no loop.
    virtual int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) = 0;

    // The result has come; inside uv_run.
    virtual void arrived() noexcept { }

    uv_req_t *request() noexcept override { return reinterpret_cast<uv_req_t *>(&m_request); }

private:
    int start(uv_loop_t *loop) final;

    uv_fs_t m_request = {};
};

} // namespace interloop
