// SPDX-License-Identifier: MIT
#pragma once

#include <tests/cleanupcheck.h>

#include <QProcess>
#include <QString>
#include <QStringList>

/*
 * An application in a process of its own that is told to end (quitcell.cpp), as seen by the test that started it.
 */

namespace interloop::test {

// What a cell printed, and how it ended.
class Cell
{
public:
    explicit Cell(const QStringList &arguments)
    {
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(QStringLiteral(INTERLOOP_QUITCELL), arguments);
        const bool hasEnded = process.waitForFinished(isSanitized ? 45'000 : 15'000);
        if (!hasEnded)
            process.kill();
        process.waitForFinished(1000);
        m_code = hasEnded && process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
        m_lines = QString::fromUtf8(process.readAll()).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    }

    int code() const { return m_code; } // -1: killed, or it crashed

    // The values of all lines with `key`, in order.
    QStringList values(const QString &key) const
    {
        QStringList values;
        for (const QString &line : m_lines) {
            if (line.section(QLatin1Char(' '), 0, 0) == key)
                values += line.section(QLatin1Char(' '), 1);
        }
        return values;
    }
    QString value(const QString &key) const { return values(key).join(QLatin1Char('|')); }
    int number(const QString &key) const { return value(key).toInt(); }

    // What must hold at the end of every cell; empty when it does, otherwise all that the cell printed.
    QString fault(int expectedCode) const
    {
        QStringList faults;
        if (m_code != expectedCode)
            faults += QStringLiteral("exit code %1").arg(m_code);
        if (value(QStringLiteral("exec")).toInt() != expectedCode)
            faults += QStringLiteral("exec() returned another code");
        if (value(QStringLiteral("ended-ms")).isEmpty() || number(QStringLiteral("ended-ms")) >= 1000)
            faults += QStringLiteral("it took a second or more to end");
        if (number(QStringLiteral("begun")) == 0 || value(QStringLiteral("begun")) != value(QStringLiteral("unwound")))
            faults += QStringLiteral("not every task was unwound");
        if (value(QStringLiteral("uv_loop_close")) != QStringLiteral("0"))
            faults += QStringLiteral("uv_loop_close");
        if (const QStringList messages = values(QStringLiteral("message")); !messages.isEmpty())
            faults += QStringLiteral("message \"%1\"").arg(messages.first());
        return faults.isEmpty() ? QString() : faults.join(QStringLiteral(", ")) + QStringLiteral(":\n") + text();
    }

    QString text() const { return m_lines.join(QLatin1Char('\n')); }

private:
    int m_code;
    QStringList m_lines;
};

} // namespace interloop::test
