// SPDX-License-Identifier: MIT
#include <interloop/uv/wholefile.h>

#include <interloop/task/errors.h>
#include <interloop/task/slot.h>
#include <interloop/uv/blockingfile.h>
#include <interloop/uv/pooljob.h>
#include <interloop/uv/recycled.h>

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <limits>
#include <new>
#include <string>

namespace interloop {

namespace {

constexpr qsizetype chunkSize = 1024 * 1024; // between two looks at whether anybody still waits

class ReadFileJob final : public PoolJob
{
public:
    ReadFileJob(QByteArray path, qsizetype limit) : m_path(std::move(path)), m_limit(limit) { m_request.data = this; }
    std::string name() const override { return "read " + m_path.toStdString(); }
    QByteArray take() { return m_result.take(); }

private:
    int start(uv_loop_t *loop) override
    {
        const auto work = [](uv_work_t *request) { static_cast<ReadFileJob *>(request->data)->execute(); };
        const auto done = [](uv_work_t *request, int) { static_cast<ReadFileJob *>(request->data)->finished(); };
        return uv_queue_work(loop, &m_request, work, done);
    }
    uv_req_t *request() noexcept override // nobody waits any more
    {
        m_isAbandoned = true;
        return reinterpret_cast<uv_req_t *>(&m_request);
    }

    void execute() noexcept // on a thread of the pool
    {
        try {
            m_result.setValue(readAll());
        } catch (const std::bad_alloc &) {
            m_result.setException(std::make_exception_ptr(uvError(UV_ENOMEM, name())));
        } catch (...) {
            m_result.setException(std::current_exception());
        }
    }

    // The size that the kernel tells is no promise: files grow, and those in /proc say 0.
    QByteArray readAll() const
    {
        const BlockingFile file(m_path, O_RDONLY, 0);
        constexpr quint64 most = std::numeric_limits<qsizetype>::max() - 1;
        const qsizetype guess = qsizetype(std::min({quint64(file.status().st_size), quint64(m_limit), most}));
        QByteArray bytes(guess + 1, Qt::Uninitialized); // one more, to see the end without another block
        qsizetype count = 0;
        while (!m_isAbandoned) {
            if (count == bytes.size())
                bytes.resize(count + std::clamp<qsizetype>(count, 4096, chunkSize));
            const qsizetype more = file.read(bytes.data() + count, std::min(bytes.size() - count, chunkSize));
            if (more == 0)
                break;
            count += more;
            if (count > m_limit)
                throwFsError(UV_EFBIG, "read", m_path);
        }
        bytes.truncate(count);
        if (bytes.capacity() - count > 4096)
            bytes.squeeze();
        return bytes;
    }

    QByteArray m_path;
    qsizetype m_limit;
    Slot<QByteArray> m_result;
    std::atomic<bool> m_isAbandoned = false;
    uv_work_t m_request;
};

} // namespace

Task<QByteArray> readFile(FilePath path, qsizetype limit)
{
    path.require("open");
    const auto job = makeRecycled<ReadFileJob>(path.bytes(), limit);
    PoolJobWait wait(job);
    co_await inPlace(wait);
    co_return job->take();
}

} // namespace interloop
