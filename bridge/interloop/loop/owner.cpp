// SPDX-License-Identifier: MIT
#include <interloop/loop/owner.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/logging.h>
#include <interloop/loop/pump.h>
#include <interloop/loop/shutdown.h>
#include <interloop/task/errors.h>

#include <QCoreApplication>
#include <QThread>
#include <QTimer>

#include <utility>

namespace interloop {

namespace {

bool isMainThread()
{
    const QCoreApplication *application = QCoreApplication::instance();
    return application && application->thread() == QThread::currentThread();
}

} // namespace

class BridgeOwner
{
public:
    ~BridgeOwner();

    Bridge &make();
    void destroy();

    Bridge *bridge = nullptr; // this thread's own; nullptr: none, or an adopted one

private:
    bool m_isOnMainThread = false;
};

namespace {

// Trivial, so that reading them costs nothing and works while other thread_locals are destroyed.
constinit thread_local Pump *threadPump = nullptr;
constinit thread_local Bridge *threadBridge = nullptr;
constinit thread_local bool hasEnded = false; // a bridge of this thread has ended, and nobody asked for a new one

// Keeps the main thread's bridge reachable when exit() skips the QCoreApplication's destructor.
Bridge *mainBridge = nullptr;

BridgeOwner &owner()
{
    static thread_local BridgeOwner owner;
    return owner;
}

// The QCoreApplication is being destroyed; another one may come.
void endMainBridge()
{
    if (!isMainThread())
        return;
    owner().destroy();
    hasEnded = false;
}

} // namespace

Bridge &BridgeOwner::make()
{
    bridge = new Bridge;
    adoptBridge(*bridge, *bridge->m_pump);
    m_isOnMainThread = isMainThread();
    if (m_isOnMainThread) {
        mainBridge = bridge;
    } else {
        const auto end = [] {
            threadPump->cancelParked(Outcome::Quit); // as the thread's event loop has ended those that nested
            owner().destroy();
        };
        QObject::connect(QThread::currentThread(), &QThread::finished, threadPump->context(), end, Qt::DirectConnection);
    }
    return *bridge;
}

void BridgeOwner::destroy()
{
    if (m_isOnMainThread)
        mainBridge = nullptr;
    delete std::exchange(bridge, nullptr);
}

// In a QThread and on the main thread Qt's dispatcher is gone by now, and the bridge was ended before that.
BridgeOwner::~BridgeOwner()
{
    if (!m_isOnMainThread)
        destroy();
}

Bridge &Bridge::current()
{
    return threadBridge ? *threadBridge : owner().make();
}

bool Bridge::exists() noexcept
{
    return threadPump;
}

Pump &currentPump()
{
    if (threadPump) [[likely]]
        return *threadPump;
    if (!QCoreApplication::instance())
        throw RunSyncError(Refusal::NoApplication, "there is no QCoreApplication");
    if (hasEnded)
        throw RunSyncError(Refusal::ShuttingDown, "this thread's bridge has ended");
    Bridge::current();
    return *threadPump;
}

Pump *existingPump() noexcept
{
    return threadPump;
}

Scheduler &currentScheduler()
{
    return currentPump();
}

Scheduler *existingScheduler() noexcept
{
    return threadPump;
}

void adoptBridge(Bridge &bridge, Pump &pump) noexcept
{
    qCDebug(loopLog, "a bridge begins%s", pump.ownsLoop() ? "" : ", on a loop of somebody else's");
    threadBridge = &bridge;
    threadPump = &pump;
    hasEnded = false;
    if (isMainThread())
        qAddPostRoutine(&endMainBridge);
}

void forgetBridge(Pump &pump) noexcept
{
    if (threadPump != &pump)
        return;
    qCDebug(loopLog, "the bridge has ended");
    threadPump = nullptr;
    threadBridge = nullptr;
    hasEnded = true;
}

void closeSoon()
{
    QTimer::singleShot(0, [] {
        if (Pump *pump = existingPump())
            closeIfIdle(*pump);
    });
}

void closeIfIdle(Pump &pump)
{
    if (!pump.isClosing() || pump.depth() > 0 || pump.isPumping() || pump.currentChain() || !pump.isOnOwnStack())
        return;
    if (owner().bridge == threadBridge)
        owner().destroy();
    else
        shutDown(pump);
}

} // namespace interloop
