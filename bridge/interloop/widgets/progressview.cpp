// SPDX-License-Identifier: MIT
#include <interloop/widgets/progressview.h>

#include <interloop/task/chain.h>
#include <interloop/widgets/progressdialog.h>

#include <QApplication>
#include <QThread>

#include <algorithm>

namespace interloop {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds updateInterval = 20ms; // nobody reads faster, and a task may report with each byte

} // namespace

ProgressView::ProgressView(QWidget *parent, const QString &text, const ProgressOptions &options, Progress progress)
    : m_parent(parent), m_text(text), m_options(options), m_progress(std::move(progress))
{
    m_opening.setSingleShot(true);
    m_opening.setTimerType(Qt::PreciseTimer); // a coarse one may be early
    m_opening.setInterval(std::max(m_options.delay(), 0ms));
    connect(&m_opening, &QTimer::timeout, this, &ProgressView::open);
    m_updating.setSingleShot(true);
    m_updating.setInterval(updateInterval);
    connect(&m_updating, &QTimer::timeout, this, &ProgressView::update);
}

// A caller of ours may be in an event of the dialog's. Without a loop there is none, and nobody to delete it later.
ProgressView::~ProgressView()
{
    if (!m_dialog)
        return;
    disconnect(m_dialog, nullptr, this, nullptr);
    if (thread()->loopLevel() > 0)
        m_dialog->deleteLater();
    else
        delete m_dialog;
}

void ProgressView::begin(Chain &task)
{
    m_task = &task;
    m_opening.start();
}

void ProgressView::end()
{
    m_task = nullptr;
    m_progress.setListener({});
    m_opening.stop();
    m_updating.stop();
    if (!m_dialog || !m_dialog->isVisible())
        return;
    const bool hadFocus = m_dialog->isActiveWindow();
    m_dialog->hide();
    if (hadFocus)
        giveFocusBack();
}

// Later: when it is closed because the application quits, that ends the wait first, and is its reason.
void ProgressView::dialogCloses()
{
    QTimer::singleShot(0, this, [this, hadFocus = m_dialog->isActiveWindow()] {
        if (hadFocus)
            giveFocusBack();
        cancelTask();
    });
}

void ProgressView::giveFocusBack()
{
    QWidget *widget = m_focusBefore ? m_focusBefore.data() : m_parent.data();
    if (!widget)
        return;
    widget->activateWindow();
    if (m_focusBefore && !widget->window()->focusWidget())
        widget->setFocus(Qt::OtherFocusReason);
}

void ProgressView::open()
{
    if (!m_task || m_task->cancelledAs() != Outcome::Value) // it is about to end
        return;
    m_focusBefore = QApplication::focusWidget();
    m_dialog = new ProgressDialog(m_parent, m_options.title());
    connect(m_dialog, &ProgressDialog::cancelRequested, this, &ProgressView::cancelTask);
    connect(m_dialog, &QObject::destroyed, this, &ProgressView::cancelTask);
    connect(m_dialog, &ProgressDialog::closed, this, &ProgressView::dialogCloses);
    update();
    m_progress.setListener([this] {
        if (!m_updating.isActive())
            m_updating.start();
    });
    m_dialog->show();
}

void ProgressView::update()
{
    if (!m_dialog)
        return;
    const std::string text = m_progress.text();
    m_dialog->setText(text.empty() ? m_text : QString::fromStdString(text));
    m_dialog->setRange(m_progress.minimum(), m_progress.maximum());
    m_dialog->setValue(m_progress.value());
}

void ProgressView::cancelTask()
{
    if (m_task)
        m_task->cancel(Outcome::Cancelled);
}

} // namespace interloop
