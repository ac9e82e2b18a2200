// SPDX-License-Identifier: MIT
#include <interloop/uv/random.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>
#include <interloop/uv/pooljob.h>

#include <limits>
#include <memory>
#include <string>

namespace interloop {

namespace {

constexpr std::size_t most = std::numeric_limits<int>::max(); // libuv manual, "uv_random"

std::string describeRandom(std::size_t count)
{
    return "random: " + std::to_string(count) + " bytes";
}

void requireCount(std::size_t count)
{
    if (count > most)
        throw uvError(UV_EINVAL, describeRandom(count) + " (at most " + std::to_string(most) + ')');
}

class RandomJob final : public PoolJob
{
public:
    explicit RandomJob(qsizetype count) : m_bytes(count, Qt::Uninitialized) { m_request.data = this; }

    std::string name() const override { return describeRandom(std::size_t(m_bytes.size())); }
    QByteArray take()
    {
        if (m_status < 0)
            throw uvError(m_status, name());
        return std::move(m_bytes);
    }

private:
    int start(uv_loop_t *loop) override
    {
        const auto done = [](uv_random_t *request, int status, void *, std::size_t) {
            auto *job = static_cast<RandomJob *>(request->data);
            job->m_status = status;
            job->finished();
        };
        return uv_random(loop, &m_request, m_bytes.data(), std::size_t(m_bytes.size()), 0, done);
    }
    uv_req_t *request() noexcept override { return reinterpret_cast<uv_req_t *>(&m_request); }

    QByteArray m_bytes;
    uv_random_t m_request;
    int m_status = 0;
};

// Into the caller's memory: the wait lasts as long as the pool may write there.
class RandomFill final : public WaitOperation, private PoolWork
{
public:
    explicit RandomFill(std::span<std::byte> buffer) noexcept : m_buffer(buffer) { m_request.data = this; }

    void await_resume() const
    {
        throwIfCancelled();
        if (m_status < 0)
            throw uvError(m_status, describe());
    }
    std::string describe() const override { return describeRandom(m_buffer.size()); }

private:
    std::string name() const override { return describe(); }

    Begun begin() override
    {
        Pump &pump = currentPump();
        const auto done = [](uv_random_t *request, int status, void *, std::size_t) {
            static_cast<RandomFill *>(request->data)->finished(status);
        };
        m_status = uv_random(pump.uvLoop(), &m_request, m_buffer.data(), m_buffer.size(), 0, done);
        if (m_status < 0)
            return Begun::Ready;
        pump.poolWork().append(*this);
        pump.touch();
        return Begun::Waiting;
    }

    bool abandon(CancelMode) override
    {
        uv_cancel(reinterpret_cast<uv_req_t *>(&m_request)); // refused once it runs; the callback comes either way
        return false;
    }

    void finished(int status) noexcept
    {
        PoolWork::unlink();
        m_status = status;
        if (status == UV_ECANCELED)
            completeCancelled();
        else
            complete();
    }

    std::span<std::byte> m_buffer;
    uv_random_t m_request;
    int m_status = 0;
};

} // namespace

Task<QByteArray> randomBytes(qsizetype count)
{
    requireCount(static_cast<std::size_t>(count)); // a negative one is far too many
    const std::shared_ptr<RandomJob> job = std::make_shared<RandomJob>(count);
    PoolJobWait wait(job);
    co_await inPlace(wait);
    co_return job->take();
}

Task<> randomBytes(std::span<std::byte> buffer)
{
    requireCount(buffer.size());
    RandomFill fill(buffer);
    co_await inPlace(fill);
}

} // namespace interloop
