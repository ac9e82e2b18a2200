// SPDX-License-Identifier: MIT
#include <interloop/qt/futurewait.h>

#include <interloop/task/errors.h>

#include <QException>
#include <QFutureWatcher>
#include <QMutexLocker>

#include <stdexcept>
#include <utility>

namespace interloop {

namespace {

// Without what QtConcurrent wraps around exceptions that are none of Qt's.
[[noreturn]] void rethrow(const std::exception_ptr &error)
{
    try {
        std::rethrow_exception(error);
    } catch (const QUnhandledException &wrapped) {
        if (wrapped.exception())
            std::rethrow_exception(wrapped.exception());
        throw;
    }
}

} // namespace

// Tells a wait of its future's events. Lives on when the wait goes while it is being told.
class FutureEvents final : public QFutureWatcher<void>
{
public:
    FutureEvents(FutureWait &wait, const QFuture<void> &future) : m_wait(&wait) { setFuture(future); }

    // The wait is gone.
    void leave()
    {
        m_wait = nullptr;
        if (!m_isTelling)
            delete this;
    }

    bool event(QEvent *event) override
    {
        const bool isHandled = QFutureWatcher::event(event);
        const bool isFirst = !std::exchange(m_isTelling, true);
        if (m_wait && !m_wait->isOver())
            m_wait->passOnProgress(); // whoever listens may do anything
        // A result that somebody has taken since makes the future look like one that has not begun.
        if (m_wait && !m_wait->isOver() && (isFinished() || isCanceled()))
            m_wait->complete();
        if (isFirst) {
            m_isTelling = false;
            if (!m_wait)
                delete this;
        }
        return isHandled;
    }

private:
    FutureWait *m_wait; // nullptr: gone
    bool m_isTelling = false;
};

FutureWait::~FutureWait()
{
    if (m_events)
        m_events->leave();
}

WaitOperation::Begun FutureWait::begin()
{
    if (m_future.isFinished() || m_future.isCanceled())
        return Begun::Ready;
    m_events = new FutureEvents(*this, m_future);
    return Begun::Waiting;
}

bool FutureWait::abandon(CancelMode)
{
    if (m_future.isFinished()) { // its event is on the way
        complete();
        return false;
    }
    m_future.cancel();
    return true;
}

void FutureWait::skip()
{
    if (!m_future.isFinished())
        m_future.cancel();
}

void FutureWait::passOnProgress()
{
    const int minimum = m_future.progressMinimum();
    const int maximum = m_future.progressMaximum();
    const int value = m_future.progressValue();
    const QString text = m_future.progressText();
    const bool isRangeNew = minimum != m_minimum || maximum != m_maximum;
    const bool isTextNew = text != m_text;
    const bool isValueNew = value != m_value;
    m_minimum = minimum;
    m_maximum = maximum;
    m_value = value;
    m_text = text;
    Progress progress = m_progress; // a listener may be the end of this
    if (isRangeNew)
        progress.setRange(minimum, maximum);
    if (isTextNew)
        progress.setText(text.toStdString());
    if (isRangeNew || isValueNew)
        progress.setValue(value);
}

void FutureWait::throwUnlessFinished() const
{
    throwIfCancelled();
    if (!m_future.isCanceled()) [[likely]]
        return;
    QFutureInterfaceBase future = QFutureInterfaceBase::get(m_future);
    {
        const QMutexLocker whoeverSetIt(&future.mutex());
    }
    if (future.hasException())
        rethrow(future.exceptionStore().exception());
    throw Cancelled(Outcome::Cancelled, Cancelled::Whom::Awaited);
}

void FutureWait::throwUnlessResult() const
{
    throwUnlessFinished();
    if (QFutureInterfaceBase::get(m_future).isResultReadyAt(0)) [[likely]]
        return;
    if (!m_future.isValid())
        throw std::logic_error("a QFuture has no result: it was taken already, or its promise was never started");
    throw std::runtime_error("a QFuture finished without a result");
}

// To Qt it is now as one that has not begun: the next one to await it would wait for ever.
void FutureWait::resultTaken()
{
    QFutureInterfaceBase::get(m_future).reportFinished();
}

} // namespace interloop
