// SPDX-License-Identifier: MIT
#include <demo/monitor/tasktree.h>

#include <QClipboard>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QScrollBar>

using namespace std::chrono_literals;

namespace {

constexpr int shownLines = 200; // more would make the window stutter

QString firstLines(const QString &text)
{
    qsizetype end = -1;
    for (int line = 0; line < shownLines; ++line) {
        end = text.indexOf(QLatin1Char('\n'), end + 1);
        if (end < 0)
            return text;
    }
    return text.left(end);
}

} // namespace

TaskTree::TaskTree(QWidget *parent) : QPlainTextEdit(parent)
{
    setReadOnly(true);
    setLineWrapMode(NoWrap);
    setTabChangesFocus(true);
    setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_timer.setInterval(250ms);
    connect(&m_timer, &QTimer::timeout, this, &TaskTree::refresh);
}

void TaskTree::setRecording(std::shared_ptr<Recording> recording)
{
    m_recording = std::move(recording);
    m_text.clear();
    clear();
    refresh();
}

void TaskTree::refresh()
{
    if (!m_recording)
        return;
    const QString text = QString::fromStdString(m_recording->tree());
    m_recording->requestTree();
    if (text == m_text || textCursor().hasSelection()) // what is being selected stays
        return;
    m_text = text;
    QString shown = firstLines(text);
    if (shown.size() < text.size())
        shown += QLatin1Char('\n') + tr("Only the first %1 lines are shown; Copy takes all of them.").arg(shownLines);
    const int left = horizontalScrollBar()->value();
    const int top = verticalScrollBar()->value();
    setPlainText(shown);
    horizontalScrollBar()->setValue(left);
    verticalScrollBar()->setValue(top);
}

void TaskTree::copyAll() const
{
    QGuiApplication::clipboard()->setText(m_text);
}

void TaskTree::showEvent(QShowEvent *event)
{
    QPlainTextEdit::showEvent(event);
    m_timer.start();
    refresh();
}

void TaskTree::hideEvent(QHideEvent *event)
{
    QPlainTextEdit::hideEvent(event);
    m_timer.stop();
}
