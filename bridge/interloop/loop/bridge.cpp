// SPDX-License-Identifier: MIT
#include <interloop/loop/bridge.h>

#include <interloop/loop/fiber.h>
#include <interloop/loop/owner.h>
#include <interloop/loop/pump.h>
#include <interloop/loop/shutdown.h>
#include <interloop/task/errors.h>

#include <QCoreApplication>
#include <QEventLoop>
#include <QThread>

#include <csignal>

namespace interloop {

namespace {

// A handler that stays is the program's own. One that serves once only reports the crash, as Qt Test's does.
void ignoreBrokenPipes()
{
    struct sigaction action = {};
    sigaction(SIGPIPE, nullptr, &action);
    const bool isDefault = !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL;
    if (isDefault || (action.sa_flags & SA_RESETHAND))
        std::signal(SIGPIPE, SIG_IGN);
}

std::unique_ptr<Pump> makePump(uv_loop_t *adopted)
{
    if (!QCoreApplication::instance())
        throw RunSyncError(Refusal::NoApplication, "a bridge needs a QCoreApplication");
    ignoreBrokenPipes();
    const QEventLoop makesDispatcher; // in a std::thread there is none before
    return std::make_unique<Pump>(adopted);
}

} // namespace

Bridge::Bridge() : m_pump(makePump(nullptr)) { }

Bridge::Bridge(uv_loop_t *loop)
{
    if (existingPump())
        throw std::logic_error("Bridge(uv_loop_t *): this thread has a bridge already");
    m_pump = makePump(loop);
    adoptBridge(*this, *m_pump);
}

Bridge::~Bridge()
{
    shutDown(*m_pump);
}

uv_loop_t *Bridge::uvLoop() const noexcept
{
    return m_pump->uvLoop();
}

BridgeRemote Bridge::remote() const
{
    return BridgeRemote(m_pump->mailbox());
}

int Bridge::depth() const noexcept
{
    return m_pump->depth();
}

int Bridge::parked() const noexcept
{
    return m_pump->parkedCount();
}

void Bridge::setParking(bool on)
{
    m_pump->setParking(on);
}

bool Bridge::isParking() const noexcept
{
    return m_pump->isParking();
}

void Bridge::setStackSize(std::size_t bytes)
{
    m_pump->fibers().setStackSize(bytes);
}

std::size_t Bridge::stackHighWaterMark() const noexcept
{
    return m_pump->fibers().highWaterMark();
}

void Bridge::setMaximumParked(int count)
{
    m_pump->limits().maximumParked = count;
}

bool Bridge::isRunning() const
{
    return isBlocking() || m_pump->isPumping() || QThread::currentThread()->loopLevel() > 0;
}

int Bridge::taskCount() const noexcept
{
    return m_pump->taskCount();
}

LoopStatistics Bridge::statistics() const noexcept
{
    return m_pump->statistics();
}

std::chrono::nanoseconds Bridge::lastHeldBack() const noexcept
{
    return m_pump->lastHeldBack();
}

void Bridge::setMaximumDepth(int depth)
{
    m_pump->limits().maximumDepth = depth;
}

void Bridge::setHeldBackThreshold(std::chrono::milliseconds threshold)
{
    m_pump->limits().heldBackThreshold = threshold;
}

void Bridge::setSlowStepThreshold(std::chrono::milliseconds threshold)
{
    m_pump->stepWatch().setThreshold(threshold);
}

void Bridge::setShutdownLimit(std::chrono::milliseconds limit)
{
    m_pump->limits().shutdownLimit = limit;
}

void Bridge::setUnhandledErrorHandler(UnhandledErrorHandler handler)
{
    m_pump->limits().unhandledErrorHandler = std::move(handler);
}

void Bridge::close()
{
    if (m_pump->isInUvRun())
        throw RunSyncError(Refusal::InsideLibuvCallback, "Bridge::close: libuv's loop is running beneath");
    beginShutdown(*m_pump);
    closeIfIdle(*m_pump);
}

Scheduler &schedulerOf(Pump &pump) noexcept
{
    return pump;
}

} // namespace interloop
