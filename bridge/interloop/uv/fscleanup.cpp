// SPDX-License-Identifier: MIT
#include <interloop/uv/fscleanup.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/unhandled.h>
#include <interloop/task/errors.h>
#include <interloop/uv/fsjob.h>

#include <exception>
#include <memory>
#include <string>

namespace interloop {

namespace {

class RemoveJob final : public FsJob
{
public:
    RemoveJob(RemoveFunction function, const char *operation, const QByteArray &path)
        : m_function(function), m_operation(operation), m_path(path)
    {
    }
    ~RemoveJob()
    {
        if (status() >= 0 || status() == UV_ENOENT)
            return;
        const std::system_error error = uvError(static_cast<int>(status()), RemoveJob::name());
        reportUnhandled("clean-up", std::make_exception_ptr(error));
    }
    std::string name() const override { return std::string(m_operation) + ' ' + m_path.toStdString(); }

    void callNow() noexcept { fs().result = issue(nullptr, &fs(), nullptr); }

private:
    int issue(uv_loop_t *loop, uv_fs_t *request, uv_fs_cb done) override
    {
        return m_function(loop, request, m_path.constData(), done);
    }
    uv_req_t *request() noexcept override { return nullptr; }

    RemoveFunction m_function;
    const char *m_operation;
    QByteArray m_path;
};

} // namespace

std::shared_ptr<PoolJob> removeLater(Pump &pump, RemoveFunction function, const char *operation,
                                     const QByteArray &path) noexcept
{
    const auto job = std::make_shared<RemoveJob>(function, operation, path);
    if (existingPump() == &pump && pump.isListening())
        PoolJob::begin(job, pump);
    else
        job->callNow();
    return job;
}

} // namespace interloop
