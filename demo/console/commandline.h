// SPDX-License-Identifier: MIT
#pragma once

#include <QLineEdit>
#include <QStringList>

/*
 * A line to type commands into. Up and Down bring back what was entered; what Tab would complete stands behind the
 * cursor in pale letters, and where there is nothing to complete Tab leaves the field as everywhere.
 *
 * A slot of returnPressed may wait: nothing of this object is on the stack that its end would pull away.
 */

class CommandLine final : public QLineEdit
{
public:
    // `names` complete the word where a command may begin.
    explicit CommandLine(const QStringList &names);

    // Of the last lines, oldest first; the same one twice in a row counts once.
    const QStringList &history() const noexcept { return m_history; }
    void setHistory(const QStringList &lines);
    void remember(const QString &line);

    QString suggestion() const; // what Tab would add; may be empty

private:
    bool focusNextPrevChild(bool next) override;
    void keyPressEvent(QKeyEvent *event) override;
    void paintEvent(QPaintEvent *event) override;
    void recall(qsizetype place);

    const QStringList m_names;
    QStringList m_history;
    QStringList m_words; // that were used, the newest first
    qsizetype m_place = 0; // in the history; its size: the line that is being written
    QString m_draft; // that line, while an older one is shown
};
