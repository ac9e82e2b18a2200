// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QPointer>
#include <QWidget>

#include <string>

/*
 * A window that is asked whether it may close: keeps others from closing it before it has answered.
 *
 * Qt takes a window that is about to close for closed: a second click on its close button would destroy the platform's
 * window under the first, and a quit() would end the application without the answer.
 */

namespace interloop {

class PendingClose final : public QObject
{
public:
    static bool isOneOf(const QWidget *window);

    explicit PendingClose(QWidget *window);
    ~PendingClose() override;

    bool hasHeldQuit() const noexcept { return m_hasHeldQuit; }
    const std::string &windowName() const noexcept { return m_name; } // "Editor 'main'"

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    QPointer<QWidget> m_window;
    std::string m_name;
    bool m_hasHeldQuit = false;
};

} // namespace interloop
