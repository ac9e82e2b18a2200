// SPDX-License-Identifier: MIT
#include <interloop/test/leftovers.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/introspection.h>

#include <uv.h>

namespace interloop {

namespace {

// Calls `take(type, isClosing)` for each handle on the loop.
template<typename Function>
void forEachHandle(Pump &pump, Function take)
{
    const auto takeHandle = [](uv_handle_t *handle, void *function) {
        const QString type = QString::fromLatin1(uv_handle_type_name(uv_handle_get_type(handle)));
        (*static_cast<Function *>(function))(type, uv_is_closing(handle) != 0);
    };
    uv_walk(pump.uvLoop(), takeHandle, &take);
}

} // namespace

void Leftovers::begin()
{
    *this = Leftovers();
    Pump *pump = existingPump();
    if (!pump)
        return;
    m_bridge = pump->mailbox();
    for (const TaskInfo &task : allTasks())
        m_tasks.insert(task.id());
    forEachHandle(*pump, [this](const QString &type, bool) { ++m_handles[type]; });
}

QStringList Leftovers::list() const
{
    Pump *pump = existingPump();
    if (!pump)
        return {};
    const bool isSameBridge = pump->mailbox() == m_bridge;
    QStringList left;
    for (const TaskInfo &task : allTasks()) {
        if (!isSameBridge || !m_tasks.contains(task.id()))
            left += QString::fromStdString(task.toString());
    }
    QHash<QString, int> allowed = m_handles;
    if (!isSameBridge)
        allowed = {{QStringLiteral("async"), 1}}; // the bridge's own, which wakes it up
    forEachHandle(*pump, [&](const QString &type, bool isClosing) {
        if (--allowed[type] < 0)
            left += QStringLiteral("a libuv %1 handle%2").arg(type, isClosing ? QStringLiteral(" (closing)") : QString());
    });
    return left;
}

} // namespace interloop
