// SPDX-License-Identifier: MIT
#pragma once

#include <demo/parts/page.h>
#include <demo/threads/workerthread.h>

#include <QElapsedTimer>
#include <QTimer>

QT_BEGIN_NAMESPACE
class QBoxLayout;
class QLabel;
class QListWidget;
class QPushButton;
QT_END_NAMESPACE

class PostLog;
class PostStrip;
class Wheel;
class Workbench;

/*
 * The page of the second thread: the same workbench, whose actions block there, on a bridge of its own; and what crosses
 * between the two threads. Its destructor ends the thread, whatever runs there.
 */

class ThreadsPage final : public Page
{
    Q_OBJECT

public:
    // `waits`: those of the window's thread, for what this page waits for here. `firstUrl` is what Fetch begins with.
    ThreadsPage(Waits &waits, const QString &firstUrl);

    QWidget *firstFocus() override;

    WorkerThread &thread() noexcept { return m_thread; }
    const PostLog &posts() const noexcept { return *m_posts; }

private:
    QPushButton *addButton(const QString &name, const QString &text, const QString &toolTip);
    void describe();
    void arrange();
    QBoxLayout *threadSide();
    void listenToThread();
    void ping();
    void showWaits(const QList<WaitInfo> &waits);
    void showState();
    void setBlocked(bool isBlocked);

    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

    Waits &m_waits;
    WorkerThread m_thread;
    QElapsedTimer m_blocked; // since it blocks naively; invalid: it does not
    QTimer m_frame; // while the page is shown

    Workbench *m_workbench;
    Wheel *m_wheel;
    QLabel *m_state;
    QPushButton *m_cancel;
    QPushButton *m_block;
    QPushButton *m_ping;
    PostStrip *m_strip;
    QListWidget *m_list; // the thread's waits, the newest first
    PostLog *m_posts;
    QLabel *m_pingResult;
};
