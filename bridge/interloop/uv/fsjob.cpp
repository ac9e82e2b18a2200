// SPDX-License-Identifier: MIT
#include <interloop/uv/fsjob.h>

#include <interloop/task/errors.h>

namespace interloop {

ssize_t FsJob::result() const
{
    if (m_request.result < 0)
        throw uvError(static_cast<int>(m_request.result), name());
    return m_request.result;
}

int FsJob::start(uv_loop_t *loop)
{
    const auto done = [](uv_fs_t *request) {
        auto *job = static_cast<FsJob *>(request->data);
        job->arrived();
        job->finished();
    };
    const int error = issue(loop, &m_request, done);
    if (error)
        m_request.result = error;
    return error;
}

} // namespace interloop
