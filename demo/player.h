// SPDX-License-Identifier: MIT
#pragma once

#include "report.h"
#include "script.h"
#include "window.h"

#include <QElapsedTimer>

/*
 * Plays a script on the window, as a user would: events are posted, never delivered by a call, so that a slot that
 * blocks does so on top of Qt's event loop and not on top of the player. The player itself is a task.
 */

class Player
{
public:
    // `server` is what {server} stands for. The screenshot is saved before the window closes; empty: none.
    Player(Window &window, QList<Step> steps, QString server, const QString &screenshot);

    void start(); // plays; closes the window at the end
    Report finish(); // after the bridge's end: the report

private:
    interloop::Task<> play();
    interloop::Task<> run(const Step &step);
    interloop::Task<> click(const QString &button);
    interloop::Task<> key(int keyAndModifiers);
    interloop::Task<> waitUntil(const Step &step, std::chrono::milliseconds limit);
    void saveScreenshot(const QString &fileName);
    void closeWindow();

    Window &m_window;
    QList<Step> m_steps;
    QString m_server;
    std::chrono::milliseconds m_patience{10000};
    Report m_report;
    QElapsedTimer m_sinceClosed; // invalid: the player has not closed the window
};
