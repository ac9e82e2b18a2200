// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/uvhandle.h>
#include <interloop/task/waitoperation.h>

#include <uv.h>

#include <string>

/*
 * libuv's side of a polled descriptor. It is in the loop's poll set only while somebody waits, for what they wait for:
 * it is level-triggered, so that anything else would spin.
 */

namespace interloop {

class PollWatch final : public UvHandle
{
public:
    // Throws std::system_error.
    PollWatch(Pump &pump, int descriptor);

    int descriptor() const noexcept { return m_descriptor; }
    std::string describe() const { return "poll descriptor " + std::to_string(m_descriptor); }

private:
    friend class PollOperation;
    static void ready(uv_poll_t *poll, int status, int events);
    void closing() noexcept override;
    void endAll(int status) noexcept;
    void pollForWaiters() noexcept;
    int descriptorError() const noexcept;

    uv_poll_t m_poll;
    List<Operation> m_waiters; // all of them PollOperation
    int m_descriptor;
    int m_polledFor = 0; // libuv's event bits; 0: not polled
};

class PollOperation final : public WaitOperation
{
public:
    PollOperation(PollWatch &watch, int wanted) noexcept : m_watch(watch), m_wanted(wanted) { }

    // Which of the wanted events there are. Throws std::system_error.
    int await_resume() const;
    std::string describe() const override { return m_watch.describe(); }

private:
    friend class PollWatch;
    Begun begin() override;
    bool abandon(CancelMode mode) override;
    void finish(int status, int events) noexcept;

    PollWatch &m_watch;
    int m_wanted;
    int m_status = 0;
    int m_events = 0;
};

} // namespace interloop
