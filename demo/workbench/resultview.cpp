// SPDX-License-Identifier: MIT
#include <demo/workbench/resultview.h>

#include <QFontDatabase>
#include <QScrollBar>
#include <QTextCursor>

using namespace std::chrono_literals;

ResultView::ResultView(QWidget *parent) : QPlainTextEdit(parent)
{
    setReadOnly(true);
    setUndoRedoEnabled(false);
    setTabChangesFocus(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    connect(&m_timer, &QTimer::timeout, this, &ResultView::showPiece);
}

void ResultView::showText(const QString &text)
{
    clear();
    m_column = 0;
    m_rest = text;
    showPiece();
}

void ResultView::addText(const QString &text)
{
    m_rest += text;
    if (!m_timer.isActive())
        showPiece();
}

void ResultView::showPiece()
{
    const bool isAtEnd = verticalScrollBar()->value() == verticalScrollBar()->maximum();
    const bool wasEmpty = document()->isEmpty();
    const qsizetype end = endOfPiece();
    QTextCursor cursor(document());
    cursor.movePosition(QTextCursor::End);
    cursor.insertText(m_rest.left(end));
    m_rest.remove(0, end);
    if (isAtEnd && !wasEmpty)
        verticalScrollBar()->setValue(verticalScrollBar()->maximum());
    if (m_rest.isEmpty())
        m_timer.stop();
    else if (!m_timer.isActive())
        m_timer.start(10ms);
}

// How much of the rest to show now; folds its long lines.
qsizetype ResultView::endOfPiece()
{
    constexpr qsizetype longest = 4000;
    constexpr qsizetype longestLine = 500;
    int lines = 0;
    qsizetype end = 0;
    for (; end < m_rest.size() && end < longest && lines < 200; ++end) {
        m_column = m_rest[end] == '\n' ? 0 : m_column + 1;
        lines += m_column == 0;
        if (m_column == longestLine)
            m_rest.insert(end + 1, '\n');
    }
    return end;
}
