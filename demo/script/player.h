// SPDX-License-Identifier: MIT
#pragma once

#include <demo/app/window.h>
#include <demo/script/report.h>
#include <demo/script/script.h>

#include <interloop/task/task.h>

#include <QElapsedTimer>
#include <QHash>

#include <chrono>

/*
 * Plays a script on the window, as a user would. The player itself is a task.
 */

class Player
{
public:
    // `placeholders`: what {server} and its like stand for. The screenshot is saved before the window closes; empty: none.
    // Throws ScriptError when a step is about a widget or a page that there is not.
    Player(Window &window, QList<Step> steps, QHash<QString, QString> placeholders, const QString &screenshot);

    void setStart(qint64 milliseconds) noexcept { m_report.start = milliseconds; } // for the report
    void start(); // plays; closes the window at the end
    Report finish(); // after the bridge's end: the report

private:
    interloop::Task<> play();
    interloop::Task<> run(const Step &step);
    interloop::Task<> waitUntil(const Step &step, std::chrono::milliseconds limit);
    QWidget *widgetOf(const Step &step) const;
    QWidget *pageOf(const Step &step) const;
    QString expanded(QString text) const;
    double takeLag(); // in ms, since the last call
    void closeWindow();

    Window &m_window;
    QList<Step> m_steps;
    QHash<QString, QString> m_placeholders;
    std::chrono::milliseconds m_patience{10000};
    Report m_report;
    std::chrono::steady_clock::time_point m_sinceLag; // the last look at it
    QElapsedTimer m_sinceClosed; // invalid: the player has not closed the window
};
