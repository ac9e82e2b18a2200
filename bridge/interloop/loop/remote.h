// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/delivery.h>
#include <interloop/task/errors.h>
#include <interloop/task/mailbox.h>
#include <interloop/task/spawn.h>

#include <QFuture>
#include <QPromise>

#include <functional>
#include <memory>
#include <type_traits>

/*
 * A bridge as other threads see it. Thread-safe, copyable, and still there after the bridge's end.
 */

namespace interloop {

class BridgeRemote
{
public:
    explicit BridgeRemote(std::shared_ptr<Mailbox> mailbox) noexcept : m_mailbox(std::move(mailbox)) { }

    // Calls `function()` on the bridge's thread, soon. False when the bridge has ended; it is then destroyed here.
    bool postThreadSafe(std::function<void()> function) const { return m_mailbox->put(std::move(function)); }

    // Which bridge it is.
    const std::shared_ptr<Mailbox> &mailbox() const noexcept { return m_mailbox; }

    // See Bridge::spawnThreadSafe.
    template<typename Function>
    auto spawnThreadSafe(Function makeTask) const
    {
        using T = typename std::invoke_result_t<Function &>::Value;
        auto promise = std::make_shared<QPromise<T>>();
        auto function = std::make_shared<Function>(std::move(makeTask));
        promise->start();
        const auto fail = [promise](std::exception_ptr error) {
            promise->setException(std::move(error));
            promise->finish();
        };
        const bool isSent = postThreadSafe([promise, function, fail] {
            if (promise->isCanceled()) {
                promise->finish();
                return;
            }
            try {
                spawn(deliver((*function)(), promise), "spawnThreadSafe");
            } catch (...) {
                fail(std::current_exception());
            }
        });
        if (!isSent)
            fail(std::make_exception_ptr(RunSyncError(Refusal::ShuttingDown, "spawnThreadSafe: the bridge has ended")));
        return promise->future();
    }

private:
    std::shared_ptr<Mailbox> m_mailbox;
};

} // namespace interloop
