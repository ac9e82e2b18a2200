// SPDX-License-Identifier: MIT
#pragma once

#include <QProcess>
#include <QProcessEnvironment>
#include <QString>
#include <QStringList>

/*
 * A test function of failing.cpp, run in a process of its own: how it ended and what it printed.
 */

namespace interloop::test {

class Failing
{
public:
    explicit Failing(const QString &function, const QString &seed = {})
    {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.remove(QStringLiteral("INTERLOOP_TEST_SEED"));
        environment.remove(QStringLiteral("QT_QPA_PLATFORM"));
        if (!seed.isEmpty())
            environment.insert(QStringLiteral("INTERLOOP_TEST_SEED"), seed);
        process.setProcessEnvironment(environment);
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(QStringLiteral(INTERLOOP_FAILING), {function});
        const bool hasEnded = process.waitForFinished(20000);
        m_output = QString::fromLocal8Bit(process.readAll());
        m_failures = hasEnded && process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
    }

    int failures() const { return m_failures; } // -1: crashed, or did not end
    const QString &output() const { return m_output; }

    // Empty when the output has all of `parts`, in this order; else the output.
    QString without(const QStringList &parts) const
    {
        qsizetype from = 0;
        for (const QString &part : parts) {
            const qsizetype found = m_output.indexOf(part, from);
            if (found < 0)
                return part + QStringLiteral(" is missing in\n") + m_output;
            from = found + part.size();
        }
        return {};
    }

private:
    QString m_output;
    int m_failures = -1;
};

} // namespace interloop::test
