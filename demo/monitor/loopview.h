// SPDX-License-Identifier: MIT
#pragma once

#include <demo/monitor/figurepanel.h>

#include <QLabel>
#include <QPushButton>
#include <QTimer>
#include <QWidget>

/*
 * What a bridge is doing, live: figures, a timeline of its tasks, their tree. The bridge may be another thread's: the
 * view only reads what a Recorder there writes down. It draws at most thirty times a second, and nothing while it is
 * hidden.
 */

class Tabs;
class TaskTree;
class Timeline;

class LoopView final : public QWidget
{
    Q_OBJECT

public:
    explicit LoopView(QWidget *parent = nullptr);

    // Shows what `recorder` records, and goes on showing what it has when that has ended; nullptr: nothing.
    void setRecorder(const Recorder *recorder);

    void setCorner(QWidget *corner); // what stands beside the tabs; owned from now on

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    QWidget *makeControls();
    QWidget *makeTree();
    void refresh();
    void showDetail();
    void showPaused(bool paused);

    QTimer m_frames;
    int m_frame = 0;

    Tabs *const m_tabs;
    FigurePanel *const m_figures = new FigurePanel(this);
    QPushButton *m_pause = nullptr;
    Timeline *m_timeline = nullptr;
    QLabel *m_detail = nullptr;
    TaskTree *m_tree = nullptr;
};
