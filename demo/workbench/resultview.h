// SPDX-License-Identifier: MIT
#pragma once

#include <QPlainTextEdit>
#include <QTimer>

/*
 * Text of any length, to be read and copied, that never takes the event loop longer than a frame: it is shown piece by
 * piece. Very long lines are folded, as a text layout's time grows with the length of its lines.
 */

class ResultView final : public QPlainTextEdit
{
public:
    explicit ResultView(QWidget *parent = nullptr);

    void showText(const QString &text); // instead of what there is
    void addText(const QString &text); // behind it; the view follows if its end is seen

private:
    void showPiece();
    qsizetype endOfPiece();

    QString m_rest; // what is not shown yet
    qsizetype m_column = 0; // of the last line
    QTimer m_timer; // while there is a rest
};
