// SPDX-License-Identifier: MIT
#pragma once

#include "form.h"
#include "http.h"
#include "waits.h"

#include <interloop/qt/connection.h>
#include <interloop/task/task.h>

#include <QTimer>

/*
 * The demo's window: slots that block with runSync while everything in the window goes on.
 */

class Window final : public Form
{
public:
    explicit Window(const QString &firstUrl);

    int deepest() const noexcept { return m_waits.deepest(); }
    void showFailure(const QString &where, std::exception_ptr error); // for the bridge's unhandled errors

private:
    void fetchUrl();
    void waitToo();
    interloop::Task<> countDown(Wait &wait, std::chrono::milliseconds duration);
    void cancelNewest();

    HttpProgress progressOf(Wait &wait);
    void showReply(const HttpReply &reply);
    void showProgress(Wait &wait, qint64 received, qint64 expected);
    void showWaits(); // what changes while time passes
    void waitsChanged();

    void keyPressEvent(QKeyEvent *event) override;

    Waits m_waits;
    QTimer m_refresh; // while something waits
    interloop::Connection m_fetching;
};
