// SPDX-License-Identifier: MIT
#include <tests/torture/monkey/worker.h>

#include <tests/torture/monkey/life.h>

#include <QFuture>
#include <QTimer>

namespace interloop::monkey {

using namespace std::chrono_literals;

namespace {

Task<quint64> tooLate(quint64 key)
{
    co_return Life::answerTo(key);
}

class Ticker : public QObject
{
public:
    Ticker(Worker &worker, BridgeRemote remote, quint64 seed)
        : m_worker(worker), m_remote(std::move(remote)), m_dice(seed)
    {
    }

    // In its thread: a timer that runs when it is moved to a thread which ends at once is never freed by Qt.
    void start()
    {
        auto *timer = new QTimer(this);
        QObject::connect(timer, &QTimer::timeout, this, &Ticker::tick);
        timer->start(15ms);
    }

private:
    void tick()
    {
        look();
        const quint64 key = m_dice.next();
        switch (m_dice.below(6)) {
        case 0:
            static_cast<void>(m_remote.postThreadSafe([] {
                if (Life *life = Life::current())
                    life->perform(nullptr, 1);
            }));
            break;
        case 1:
            if (m_asked.size() < 20) {
                const auto makeTask = [key] {
                    Life *life = Life::current();
                    return life && life->mayBeginMore() ? life->answer(key, 1) : tooLate(key);
                };
                m_asked.emplace_back(key, m_remote.spawnThreadSafe(makeTask));
            }
            break;
        case 2:
            wait(key);
            break;
        default:
            Q_EMIT m_worker.ticked(key);
            break;
        }
    }

    // At the futures that have come from the GUI thread.
    void look()
    {
        for (auto &[key, future] : m_asked) {
            if (!future.isFinished())
                continue;
            try {
                if (!future.isCanceled() && future.takeResult() != Life::answerTo(key))
                    Journal::instance().wrong("a thread got a value that nobody produced");
            } catch (const Number &) {
            } catch (const RunSyncError &) {
            }
            Journal::instance().count("answers to threads");
            future = {};
        }
        std::erase_if(m_asked,
                      [](const auto &asked) { return asked.second.isCanceled() && asked.second.isFinished(); });
    }

    void wait(quint64 key)
    {
        const Alive alive;
        const Result<> result = tryRunSync(sleepFor(Dice(key).time()));
        if (!result && result.outcome() != Outcome::Quit)
            Journal::instance().wrong("a wait in a thread ended with " + result.errorString());
        Journal::instance().count("waits in threads");
    }

    Worker &m_worker;
    BridgeRemote m_remote;
    Dice m_dice;
    std::vector<std::pair<quint64, QFuture<quint64>>> m_asked;
};

} // namespace

Worker::Worker(quint64 seed) : m_ticker(new Ticker(*this, Bridge::current().remote(), seed))
{
    m_ticker->moveToThread(&m_thread);
    QObject::connect(&m_thread, &QThread::finished, m_ticker, &QObject::deleteLater);
    QObject::connect(&m_thread, &QThread::started, m_ticker, [this] { static_cast<Ticker *>(m_ticker)->start(); });
    m_thread.start();
}

Worker::~Worker()
{
    m_thread.quit();
    m_thread.wait();
}

void Worker::run(std::function<void()> function)
{
    QMetaObject::invokeMethod(m_ticker, std::move(function), Qt::QueuedConnection);
}

} // namespace interloop::monkey
