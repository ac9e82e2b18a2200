// SPDX-License-Identifier: MIT
#include <demo/breaking/breaking.h>

#include <demo/breaking/experiment.h>
#include <demo/http/http.h>
#include <demo/server/server.h>

#include <interloop/loop/runsync.h>
#include <interloop/qt/connect.h>
#include <interloop/task/future.h>
#include <interloop/task/sleep.h>

#include <QElapsedTimer>
#include <QLabel>
#include <QLocale>
#include <QPointer>
#include <QPushButton>
#include <QTimer>
#include <QVBoxLayout>

#include <stdexcept>

using interloop::Future;
using interloop::Outcome;
using interloop::runSync;
using interloop::sleepFor;
using interloop::Task;
using std::chrono::milliseconds;

/*
 * What comes of a wait when others misbehave: the server that it asks, another slot, whoever deletes its window.
 */

// The server misbehaves

//! [tryServer]
void BreakingPage::tryServer()
{
    Wait wait(m_waits, tr("Fetch from the server"));
    QElapsedTimer clock;
    clock.start();
    try {
        const HttpReply reply = runSync(wait.watch(httpGet(m_server.url() + '/', 4 * m_pace)));
        tell(tr("The server answered %1 %2: %3 bytes, after %4.")
                     .arg(reply.status)
                     .arg(reply.reason, QLocale().toString(reply.body.size()), inWords(clock)));
    } catch (const HttpError &error) {
        tell(tr("%1 The fetch ended after %2.").arg(error.sentence(), inWords(clock)));
    }
}
//! [tryServer]

// A stranger throws

namespace {

class ThrownElsewhere : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

Task<int> fortyTwo(milliseconds delay)
{
    co_await sleepFor(delay);
    co_return 42;
}

} // namespace

//! [throwElsewhere]
void BreakingPage::throwElsewhere()
{
    Wait wait(m_waits, tr("Wait beside a slot that throws"));
    m_hookWasTold.clear();
    QTimer timer;
    timer.setSingleShot(true);
    interloop::connect(&timer, &QTimer::timeout, this, [] { throw ThrownElsewhere("this slot throws on purpose"); });
    timer.start(m_pace);

    const int result = runSync(wait.watch(fortyTwo(2 * m_pace)));

    tell(m_hookWasTold.isEmpty()
                 ? tr("The wait returned %1, but nobody told this page what the other slot has thrown.").arg(result)
                 : tr("Another slot threw meanwhile, and the unhandled-error hook was told \"%1\". The wait went on, "
                      "and returned its value, %2.")
                           .arg(m_hookWasTold)
                           .arg(result));
}
//! [throwElsewhere]

void BreakingPage::unhandledError(const QString &where, const std::exception_ptr &error)
{
    try {
        if (error)
            std::rethrow_exception(error);
    } catch (const ThrownElsewhere &thrown) {
        m_hookWasTold = where + QStringLiteral(": ") + QString::fromUtf8(thrown.what());
    } catch (...) {
        // Somebody else's.
    }
}

// The window dies

namespace {

// With a button. May be deleted by whoever likes to.
class LittleWindow
{
public:
    explicit LittleWindow(QWidget *parent) : m_window(new QWidget(parent, Qt::Tool))
    {
        m_window->setWindowTitle(BreakingPage::tr("Deleted while it waits"));
        m_window->setAttribute(Qt::WA_ShowWithoutActivating);
        auto *layout = new QVBoxLayout(m_window);
        layout->addWidget(
                new QLabel(BreakingPage::tr("The slot of this button waits, and will not see its window again.")));
        button = new QPushButton(BreakingPage::tr("&Wait"));
        button->setObjectName(QStringLiteral("waitInLittleWindow"));
        button->setToolTip(BreakingPage::tr("Waits until this window is deleted"));
        layout->addWidget(button);
        m_window->show();
    }
    ~LittleWindow() { end(); }
    LittleWindow(const LittleWindow &) = delete;
    LittleWindow &operator=(const LittleWindow &) = delete;

    void end() { delete m_window.data(); }

    QPointer<QPushButton> button;

private:
    QPointer<QWidget> m_window;
};

//! [deleteWindow]
Task<Outcome> endLater(LittleWindow &window, milliseconds delay, QElapsedTimer &sinceEnd, Future<Outcome> waitEnded)
{
    co_await sleepFor(delay);
    sinceEnd.start();
    window.end();
    co_return co_await std::move(waitEnded); // an error if its button's slot has never begun
}
//! [deleteWindow]

} // namespace

//! [deleteWindow]
void BreakingPage::deleteWindow()
{
    LittleWindow window(this);
    Future<Outcome> waitEnded;
    auto waitInWindow = [&waits = m_waits, waitEnded, limit = 10 * m_pace] {
        Wait wait(waits, tr("Wait in a window that will be deleted"));
        Future<Outcome> result = waitEnded;
        result.setResult(interloop::tryRunSync(wait.watch(pauseFor(limit))).outcome());
    };
    interloop::connect(window.button.data(), &QPushButton::clicked, window.button, std::move(waitInWindow));
    QMetaObject::invokeMethod(window.button, &QPushButton::click, Qt::QueuedConnection);

    Wait wait(m_waits, tr("Wait for the end of that wait"));
    QElapsedTimer sinceEnd;
    const Outcome outcome = runSync(wait.watch(endLater(window, 2 * m_pace, sinceEnd, std::move(waitEnded))));
    const QString name = QLatin1String(interloop::nameOf(outcome));
    tell(outcome == Outcome::ContextDestroyed
                 ? tr("The window was deleted while its button's slot waited. %1 later that wait had ended, with %2, "
                      "and the slot has unwound without touching its window.")
                           .arg(inWords(sinceEnd), name)
                 : tr("The wait in the little window ended before the window did: %1.").arg(name));
}
//! [deleteWindow]
