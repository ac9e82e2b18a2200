// SPDX-License-Identifier: MIT
#pragma once

#include <demo/app/theme.h>
#include <demo/monitor/lagprobe.h>
#include <demo/parts/page.h>
#include <demo/parts/statusline.h>
#include <demo/parts/waits.h>

#include <QComboBox>
#include <QElapsedTimer>
#include <QWidget>

#include <exception>
#include <memory>

/*
 * The demo's window: pages whose slots block with runSync, and beneath them what that does to the loop. It dies when
 * nothing waits any more: after the bridge's end.
 */

class ActionRunner;
class BreakingPage;
class Console;
class LoopView;
class Recorder;
class Server;
class Spinner;
class Tabs;
class ThreadsPage;
class Workbench;

class Window final : public QWidget
{
    Q_OBJECT

public:
    // `firstUrl` is what Fetch begins with.
    Window(Server &server, const QString &firstUrl, int timeout);
    ~Window() override;

    Waits &waits() noexcept { return m_waits; }
    Console &console() const noexcept { return *m_console; }
    Spinner &spinner() noexcept { return *m_spinner; }
    void showFailure(const QString &where, const std::exception_ptr &error); // for the bridge's unhandled errors

    QList<Page *> pages() const;
    Page *page() const; // that is shown
    Page *page(const QString &name) const; // nullptr: there is none
    void turnTo(Page *page);

    // How late this thread's loop was since the last call, without what other programs took.
    LagFigures takeLag();

    // When it was painted first, in ms since `clock` was started; -1: not yet. `clock` must outlive it.
    void setClock(const QElapsedTimer &clock) { m_clock = &clock; }
    qint64 firstPaint() const noexcept { return m_firstPaint; }

    Theme theme() const;
    void setTheme(Theme theme); // of the whole application

private:
    void makePages(Server &server, const QString &firstUrl, int timeout);
    void addPage(Page *page);
    void arrange();
    QLayout *head();
    void makeLoopView();
    void watch(int thread); // 0: this one, 1: the second
    void tellCancelled(const QString &title);
    void keyPressEvent(QKeyEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

    Waits m_waits;
    std::unique_ptr<ActionRunner> m_runner;
    std::unique_ptr<Recorder> m_recorder; // of this thread's bridge
    Workbench *m_workbench = nullptr;
    Console *m_console = nullptr;
    BreakingPage *m_breaking = nullptr;
    ThreadsPage *m_threads = nullptr;
    LoopView *m_loopView = nullptr;
    Tabs *m_pages;
    QComboBox *m_theme;
    Spinner *m_spinner;
    StatusLine *m_status;
    const QElapsedTimer *m_clock = nullptr;
    qint64 m_firstPaint = -1;
};
