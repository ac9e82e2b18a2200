// SPDX-License-Identifier: MIT
#pragma once

#include <demo/console/consoleform.h>
#include <demo/parts/waits.h>

#include <QMap>
#include <QStringList>

#include <exception>

class Command;

/*
 * The notebook case: commands that are typed while others still wait. Each one is carried out in the slot of
 * returnPressed, by runSync; what it says comes when that has returned.
 */

class Console final : public ConsoleForm
{
    Q_OBJECT

public:
    // `firstUrl` is what fetch gets unless told. `waits` must outlive whatever waits.
    Console(Waits &waits, const QString &firstUrl);

    // The lines that were entered, oldest first; for the settings.
    QStringList history() const;
    void setHistory(const QStringList &lines);

private:
    void enter(const QString &line);
    void waitFor(int number, const Command &command);
    QString answer(const Command &command);
    QString cancel(int number);
    void print(int number, const QString &lines);
    void showAnswer(int number, const QString &text);
    void showFailure(int number, const QString &sentence);

    Waits &m_waits;
    const QString m_firstUrl;
    QMap<int, int> m_waiting; // the numbers of commands that wait, and the ids of their waits
    int m_count = 0; // of commands
};
