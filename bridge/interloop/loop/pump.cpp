// SPDX-License-Identifier: MIT
#include <interloop/loop/pump.h>

#include <interloop/loop/fiber.h>
#include <interloop/loop/owner.h>
#include <interloop/loop/postedcall.h>

#include <QAbstractEventDispatcher>
#include <QCoreApplication>
#include <QThread>

#include <poll.h>

namespace interloop {

using namespace std::chrono_literals;

namespace {

// One pump may keep Qt waiting that long (bench: GuiLag). Longer does not raise throughput; and as GLib runs timers only
// every second or third dispatch, a timer's lag there is two to three of them.
constexpr std::chrono::nanoseconds budget = 125us;

// Under a raw GMainContext loop no dispatcher signal marks Qt's turns; a budget older than this is no longer in force.
constexpr std::chrono::nanoseconds staleBudget = 1ms;

} // namespace

// A turn on the stack. What runs in it is told apart from code that the event loop calls directly.
class Pump::Turn
{
public:
    explicit Turn(Pump &pump)
        : m_pump(pump), m_level(pump), m_current(pump.exchangeCurrent(nullptr)), m_timesSteps(pump.timesSteps())
    {
        ++pump.m_nesting;
        pump.setDraining(true);
    }
    ~Turn()
    {
        // Nested: code below this turn may go on in a foreign event loop, where a post must wake it.
        m_pump.setDraining(false);
        m_pump.exchangeTimesSteps(m_timesSteps);
        m_pump.exchangeCurrent(m_current);
        --m_pump.m_nesting;
    }
    Turn(const Turn &) = delete;
    Turn &operator=(const Turn &) = delete;

private:
    Pump &m_pump;
    LevelScope m_level;
    Chain *m_current;
    bool m_timesSteps; // of the turn beneath
};

Pump::LevelScope::LevelScope(Pump &pump) : m_pump(pump), m_previous(pump.m_here->level)
{
    pump.m_here->level = pump.loopLevel() - pump.m_here->entryLevel;
}

Pump::Pump(uv_loop_t *adopted)
    : Scheduler(std::make_shared<Mailbox>([this] { uv_async_send(&m_async); })), m_thread(QThread::currentThread()),
      m_loop(adopted ? adopted : &m_ownLoop), m_ownState(m_ownBounds, nullptr),
      m_fibers(std::make_unique<FiberPool>(*this))
{
    setParking(qgetenv("INTERLOOP_PARKING") != "0");
    if (ownsLoop())
        uv_loop_init(m_loop);
    uv_async_init(m_loop, &m_async, [](uv_async_t *async) { static_cast<Pump *>(async->data)->openMail(); });
    m_async.data = this;

    m_notifier = std::make_unique<QSocketNotifier>(uv_backend_fd(m_loop), QSocketNotifier::Read);
    QObject::connect(m_notifier.get(), &QSocketNotifier::activated, &m_context, [this] { pump(); });
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    QObject::connect(&m_timer, &QTimer::timeout, &m_context, [this] { timerShot(); });
    const QAbstractEventDispatcher *dispatcher = QAbstractEventDispatcher::instance();
    QObject::connect(dispatcher, &QAbstractEventDispatcher::awake, &m_context, [this] { qtTurn(); });
    QObject::connect(dispatcher, &QAbstractEventDispatcher::aboutToBlock, &m_context, [this] { aboutToBlock(); });
    if (QuitWatch::isPossible()) {
        m_quitWatch = std::make_unique<QuitWatch>();
        QObject::connect(QCoreApplication::instance(), &QCoreApplication::aboutToQuit, &m_context, [this] { aboutToQuit(); });
    }
    m_lastQtTurn = realNow(); // waits may pump ahead before Qt has had its first turn
    armNow(); // libuv registers its own watchers in its next run only
}

Pump::~Pump() = default;

void Pump::openMail()
{
    for (Mailbox::Letter &letter : mailbox()->take())
        postCall(*this, std::move(letter));
}

void Pump::timerShot()
{
    m_armedFor = TimePoint::max();
    pump();
    if (m_idleWatch) [[unlikely]]
        m_idleWatch->turned();
}

void Pump::pump() noexcept
{
    if (m_isInUvRun) {
        suspendNotifier();
        return;
    }
    TimePoint start = realNow();
    if (m_budgetEnd == TimePoint::min() || start > m_budgetEnd + staleBudget)
        m_budgetEnd = start + budget;
    if (start >= m_budgetEnd) {
        armNow();
        return;
    }
    {
        const Turn turn(*this);
        PassesResult result = passes(start, m_budgetEnd);
        while (result != PassesResult::Leave) {
            collect();
            result = passes(start, m_budgetEnd);
            if (result == PassesResult::Nothing)
                break;
            start = realNow();
            if (start >= m_budgetEnd)
                break;
        }
    }
    arm();
    if (m_isClosing && m_nesting == 0 && depth() == 0)
        closeSoon(); // not here: the pump's own timer or notifier is on the stack
}

void Pump::pumpAhead(const Chain &target, TimePoint start, std::chrono::nanoseconds limit) noexcept
{
    const Turn turn(*this);
    const TimePoint deadline = start + limit;
    PassesResult result = passes(start, deadline);
    while (!target.isDone() && result != PassesResult::Leave) {
        collect();
        result = passes(start, deadline);
        if (result == PassesResult::Nothing)
            break;
        start = realNow();
        if (start >= deadline)
            break;
    }
}

void Pump::drain() noexcept
{
    const Turn turn(*this);
    collect();
    while (hasReady())
        passes(realNow(), TimePoint::max());
}

bool Pump::isIdle() noexcept
{
    if (m_isInUvRun || hasReady())
        return false;
    {
        const Turn turn(*this);
        collect();
    }
    pollfd fd = {uv_backend_fd(m_loop), POLLIN, 0};
    return !hasReady() && uv_backend_timeout(m_loop) != 0 && poll(&fd, 1, 0) == 0;
}

void Pump::collect() noexcept
{
    const std::uint64_t before = postedCount();
    m_isInUvRun = true;
    uv_run(m_loop, UV_RUN_NOWAIT);
    m_isInUvRun = false;
    ++m_uvRuns;
    m_uvCompletions += postedCount() - before;
    if (m_isSuspended)
        resumeNotifier();
    if (!timers().isEmpty())
        expireUntil(now());
}

void Pump::expireUntil(TimePoint time)
{
    const std::uint64_t before = postedCount();
    timers().expireUntil(time);
    m_timerCompletions += postedCount() - before;
}

LoopStatistics Pump::statistics() const noexcept
{
    return LoopStatistics(m_uvRuns, m_uvCompletions, m_timerCompletions, takenCount());
}

void Pump::setVirtualNow(TimePoint time)
{
    m_virtualNow = time;
    expireUntil(time);
    arm();
}

void Pump::leaveVirtualTime() noexcept
{
    const std::chrono::nanoseconds difference = realNow() - m_virtualNow;
    m_virtualNow = TimePoint::min();
    timers().shift(difference);
    if (m_quitDeadline != TimePoint::min())
        m_quitDeadline += difference;
    arm();
}

void Pump::setClosing() noexcept
{
    m_isClosing = true;
    if (m_idleWatch)
        std::exchange(m_idleWatch, nullptr)->detached();
    if (isTimeVirtual())
        leaveVirtualTime();
}

void Pump::stopListening() noexcept
{
    m_timer.stop();
    m_context.disconnect();
    if (const QAbstractEventDispatcher *dispatcher = QAbstractEventDispatcher::instance())
        dispatcher->disconnect(&m_context);
    m_notifier.reset();
    ++closingHandles;
    uv_close(reinterpret_cast<uv_handle_t *>(&m_async),
             [](uv_handle_t *async) { --static_cast<Pump *>(async->data)->closingHandles; });
}

} // namespace interloop
