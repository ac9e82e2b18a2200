// SPDX-License-Identifier: MIT
#include <demo/console/transcript.h>

#include <demo/parts/colours.h>

#include <QEvent>
#include <QFontDatabase>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextCursor>

namespace {

// A block's state: how long its label is when it tells of a failure, else this.
constexpr int noFailure = -1;

QTextCharFormat labelFormat(Transcript::Kind kind, const QPalette &palette)
{
    QTextCharFormat format;
    format.setFontWeight(QFont::Bold);
    if (kind == Transcript::Kind::Failure)
        format.setForeground(Colours::of(Colours::Role::Bad, palette));
    return format;
}

} // namespace

Transcript::Transcript()
{
    setReadOnly(true);
    setTabChangesFocus(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setUndoRedoEnabled(false);
    setMaximumBlockCount(5000);
    setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
}

void Transcript::add(const QString &label, const QString &text, Kind kind)
{
    QScrollBar *bar = verticalScrollBar();
    const bool isAtEnd = bar->value() == bar->maximum();
    QTextCursor cursor(document());
    cursor.movePosition(QTextCursor::End);
    cursor.beginEditBlock();
    if (!document()->isEmpty())
        cursor.insertBlock();
    cursor.block().setUserState(kind == Kind::Failure ? int(label.size()) : noFailure);
    cursor.insertText(label, labelFormat(kind, palette()));
    cursor.insertText(QString(text).replace('\n', '\n' + QString(label.size(), ' ')), QTextCharFormat());
    cursor.endEditBlock();
    if (isAtEnd)
        bar->setValue(bar->maximum());
}

// Between light and dark.
void Transcript::changeEvent(QEvent *event)
{
    QPlainTextEdit::changeEvent(event);
    if (event->type() != QEvent::PaletteChange)
        return;
    for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) {
        if (block.userState() == noFailure)
            continue;
        QTextCursor cursor(block);
        cursor.setPosition(block.position() + block.userState(), QTextCursor::KeepAnchor);
        cursor.setCharFormat(labelFormat(Kind::Failure, palette()));
    }
}
