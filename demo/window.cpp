// SPDX-License-Identifier: MIT
#include "window.h"

#include <interloop/interloop.h>

#include <QKeyEvent>
#include <QLocale>

using namespace std::chrono_literals;

Window::Window(const QString &firstUrl)
{
    url->setText(firstUrl);
    timeout->setValue(5);
    m_fetching = interloop::connect(fetch, &QPushButton::clicked, this, &Window::fetchUrl);
    interloop::connect(second, &QPushButton::clicked, this, &Window::waitToo, interloop::Overlap::Parallel);
    connect(cancel, &QPushButton::clicked, this, &Window::cancelNewest);
    connect(url, &QLineEdit::returnPressed, fetch, &QPushButton::click);
    connect(&m_waits, &Waits::changed, this, &Window::waitsChanged, Qt::QueuedConnection);
    connect(&m_refresh, &QTimer::timeout, this, &Window::showWaits);
    waitsChanged();
    showInfo(tr(
            "Nothing waits. Press Fetch: its slot will block until the answer is there, and the window stays alive."));
}

void Window::fetchUrl()
{
    Wait wait(m_waits, tr("Fetch"));
    try {
        showReply(interloop::runSync(wait.watch(httpGet(url->text(), timeout->value() * 1s, progressOf(wait)))));
    } catch (const HttpError &error) {
        showError(error.sentence());
    }
}

void Window::waitToo()
{
    Wait wait(m_waits, tr("Another wait"));
    showInfo(interloop::Bridge::current().isParking()
                     ? tr("Another slot blocks too: each one returns as soon as its own wait is over.")
                     : tr("Another slot blocks on top of the stack: what waits below returns after it."));
    interloop::runSync(wait.watch(countDown(wait, 3s)));
    showInfo(tr("The other wait is over."));
}

interloop::Task<> Window::countDown(Wait &wait, std::chrono::milliseconds duration)
{
    for (auto left = duration; left > 0ms; left -= 100ms) {
        wait.setDetail(tr("%1 s left").arg(double(left.count()) / 1000, 0, 'f', 1));
        co_await interloop::sleepFor(100ms);
    }
}

void Window::cancelNewest()
{
    const QString title = m_waits.cancelNewest();
    if (!title.isEmpty())
        showInfo(tr("Cancelled: %1.").arg(title));
}

HttpProgress Window::progressOf(Wait &wait)
{
    showInfo(tr("Fetching: the slot of the Fetch button blocks until the answer is there."));
    progress->setRange(0, 0); // busy until something comes
    return [this, &wait](qint64 received, qint64 expected) { showProgress(wait, received, expected); };
}

void Window::showReply(const HttpReply &reply)
{
    constexpr qsizetype longest = 100000; // more would make the text area slow
    const QLocale locale;
    progress->setRange(0, 1);
    progress->setValue(1);
    result->setPlainText(QString::fromUtf8(reply.body.left(longest)));
    QString sentence = tr("The server answered %1 %2: %3 bytes in %4 s")
                               .arg(reply.status)
                               .arg(reply.reason, locale.toString(reply.body.size()))
                               .arg(double(reply.duration.count()) / 1000, 0, 'f', 2);
    if (reply.body.size() > longest)
        sentence += tr(", the first %1 are shown").arg(locale.toString(longest));
    const std::chrono::duration<double> heldBack = interloop::Bridge::current().lastHeldBack();
    if (heldBack > 50ms)
        sentence += tr(". The slot got it %1 s later: what waited on top had to end first")
                            .arg(heldBack.count(), 0, 'f', 1);
    if (reply.isSuccess())
        showInfo(sentence + '.');
    else
        showError(sentence + '.');
}

void Window::showProgress(Wait &wait, qint64 received, qint64 expected)
{
    const QLocale locale;
    if (expected <= 0) {
        wait.setDetail(tr("%1 bytes").arg(locale.toString(received)));
        return;
    }
    progress->setRange(0, 1000);
    progress->setValue(int(1000 * received / expected));
    wait.setDetail(tr("%1 of %2 bytes").arg(locale.toString(received), locale.toString(expected)));
}

void Window::showWaits()
{
    QStringList lines;
    for (const Wait *wait : m_waits.all())
        lines.prepend(tr("%1   %2").arg(lines.size() + 1).arg(wait->text()));
    if (lines.isEmpty())
        lines << tr("Nothing waits.");
    while (waits->count() > lines.size())
        delete waits->takeItem(waits->count() - 1);
    while (waits->count() < lines.size())
        waits->addItem(QString());
    for (int row = 0; row < waits->count(); ++row)
        waits->item(row)->setText(lines[row]);
    const interloop::Bridge &bridge = interloop::Bridge::current();
    depth->setText(tr("Depth: %1, parked: %2").arg(bridge.depth()).arg(bridge.parked()));
}

void Window::waitsChanged()
{
    const bool isWaiting = !m_waits.all().isEmpty();
    const bool isFetching = m_fetching.isRunning();
    setAvailable(fetch, !isFetching, cancel);
    setAvailable(cancel, isWaiting, fetch);
    if (!isFetching && progress->maximum() == 0)
        progress->setRange(0, 1000); // ended without a byte
    if (isWaiting)
        m_refresh.start(50ms);
    else
        m_refresh.stop();
    showWaits();
}

void Window::showFailure(const QString &where, std::exception_ptr error)
{
    try {
        std::rethrow_exception(error);
    } catch (const interloop::RunSyncError &refusal) {
        if (refusal.reason() == interloop::Refusal::TooDeep)
            showError(tr("As many slots wait as may: another wait is refused."));
        else
            showError(tr("This wait was refused: %1.").arg(QString::fromUtf8(refusal.what())));
    } catch (...) {
        showError(tr("%1: %2.").arg(where, QString::fromStdString(interloop::errorText(error))));
    }
}

void Window::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape)
        cancelNewest();
    else
        Form::keyPressEvent(event);
}
