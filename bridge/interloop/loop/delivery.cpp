// SPDX-License-Identifier: MIT
#include <interloop/loop/delivery.h>

#include <interloop/task/chain.h>
#include <interloop/task/scheduler.h>

#include <QFutureWatcher>

#include <limits>
#include <utility>

namespace interloop {

// Hears of the future's cancellation in an event of the task's thread.
class Delivery::CancelWatch final : public QFutureWatcher<void>
{
public:
    CancelWatch(Chain &chain, QFutureInterfaceBase &future) : m_chain(chain) { setFuture(QFuture<void>(&future)); }

    bool event(QEvent *event) override
    {
        const bool isHandled = QFutureWatcher::event(event);
        if (isCanceled() && !m_chain.isDone())
            m_chain.cancel(Outcome::Cancelled);
        return isHandled;
    }

private:
    Chain &m_chain;
};

Delivery::Delivery(const QFutureInterfaceBase &future)
    : m_future(future), m_watch(std::make_unique<CancelWatch>(*currentScheduler().currentChain(), m_future))
{
    m_progress.setListener([this] { showProgress(); });
}

Delivery::~Delivery()
{
    m_progress.setListener({}); // what the task has spawned may go on
}

bool Delivery::fail(std::exception_ptr error)
{
    m_future.reportException(std::move(error));
    return m_future.hasException();
}

// Qt takes a value only when it is greater than the one before, and a text only with a value.
void Delivery::showProgress()
{
    const int minimum = m_progress.minimum();
    const int maximum = m_progress.maximum();
    const int value = m_progress.value();
    const QString text = QString::fromStdString(m_progress.text());
    const bool isRangeNew = minimum != m_future.progressMinimum() || maximum != m_future.progressMaximum();
    const bool isTextNew = text != m_future.progressText();
    if (isTextNew && value == minimum && minimum != std::numeric_limits<int>::min())
        m_future.setProgressRange(minimum - 1, maximum);
    else if (isRangeNew || isTextNew || value < m_future.progressValue())
        m_future.setProgressRange(minimum, maximum); // the value is the minimum again
    m_future.setProgressValueAndText(value, text);
    if (m_future.progressMinimum() != minimum)
        m_future.setProgressRange(minimum, maximum);
}

} // namespace interloop
