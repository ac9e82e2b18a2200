// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/bridge.h>
#include <interloop/task/result.h>

#include <QString>
#include <QStringList>

#include <exception>
#include <mutex>

/*
 * What was said while an object of these lives: by anybody through Qt's log, and by the bridge to its unhandled-error
 * hook.
 */

namespace interloop::test {

class LoggedMessages
{
public:
    LoggedMessages() : m_outer(current()), m_previous(qInstallMessageHandler(&LoggedMessages::take)) { current() = this; }
    ~LoggedMessages()
    {
        qInstallMessageHandler(m_previous);
        current() = m_outer;
    }
    LoggedMessages(const LoggedMessages &) = delete;
    LoggedMessages &operator=(const LoggedMessages &) = delete;

    QStringList texts() const
    {
        const std::lock_guard lock(m_mutex);
        return m_texts;
    }
    QStringList containing(const QString &part) const { return texts().filter(part); }

private:
    static LoggedMessages *&current()
    {
        static LoggedMessages *instance = nullptr;
        return instance;
    }
    static void take(QtMsgType, const QMessageLogContext &, const QString &text)
    {
        const std::lock_guard lock(current()->m_mutex);
        current()->m_texts += text;
    }

    mutable std::mutex m_mutex;
    QStringList m_texts;
    LoggedMessages *m_outer;
    QtMessageHandler m_previous;
};

// The failures that reached this thread's unhandled-error hook, as "text: what".
class UnhandledErrors
{
public:
    UnhandledErrors()
    {
        Bridge::current().setUnhandledErrorHandler([this](const QString &text, std::exception_ptr error) {
            m_texts += text + QStringLiteral(": ") + (error ? QString::fromStdString(errorText(error)) : QString());
        });
    }
    ~UnhandledErrors() { Bridge::current().setUnhandledErrorHandler({}); }
    UnhandledErrors(const UnhandledErrors &) = delete;
    UnhandledErrors &operator=(const UnhandledErrors &) = delete;

    const QStringList &texts() const { return m_texts; }

private:
    QStringList m_texts;
};

} // namespace interloop::test
