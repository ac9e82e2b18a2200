// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/remote.h>
#include <interloop/task/sourcelocation.h>
#include <interloop/task/waitoperation.h>

#include <QThread>

#include <coroutine>
#include <exception>
#include <memory>
#include <string>

/*
 * A task that is sent to another thread to run there, and the wait for it: what is behind runOn.
 *
 * The coroutine stays the sender's: it is made and destroyed there, and only runs on the other bridge. So the wait never ends
 * while the coroutine runs, and it always ends: what carries the errand answers when it is destroyed, run or not.
 */

namespace interloop {

class Errand;

// The thread that an errand is for.
class INTERLOOP_EXPORT ErrandPlace
{
public:
    explicit ErrandPlace(BridgeRemote bridge) noexcept : m_bridge(bridge.mailbox()) { }
    explicit ErrandPlace(QThread *thread) noexcept : m_thread(thread) { }

    bool isHere() const; // throws std::invalid_argument when there is no QThread

private:
    friend class Errand;

    std::shared_ptr<Mailbox> m_bridge; // null: that of m_thread, found there
    QThread *m_thread = nullptr;
};

class INTERLOOP_EXPORT ErrandWait final : public WaitOperation
{
public:
    // REQUIRES: `coroutine` is that of a Task of `origin`, unstarted, and outlives this
    ErrandWait(ErrandPlace place, std::coroutine_handle<> coroutine, std::source_location origin);
    ~ErrandWait();
    ErrandWait(const ErrandWait &) = delete;
    ErrandWait &operator=(const ErrandWait &) = delete;

    // Throws unless the task has run there.
    void await_resume() const;

    // What the awaiting task is to get when its task ended there with `error`: throws if that is a Cancelled.
    void rethrowCancellation(const std::exception_ptr &error) const;

    std::string describe() const override;

private:
    friend class Errand;

    Begun begin() override;
    bool abandon(CancelMode mode) override;

    ErrandPlace m_place;
    std::shared_ptr<Errand> m_errand;
};

} // namespace interloop
