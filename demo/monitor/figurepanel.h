// SPDX-License-Identifier: MIT
#pragma once

#include <demo/monitor/recorder.h>

#include <QWidget>

#include <deque>
#include <memory>

/*
 * A loop in numbers: how late it is, what it does each second, and the waits in it. Each number is a label that can be
 * copied, and that a screen reader reads with its name.
 */

QT_BEGIN_NAMESPACE
class QLabel;
QT_END_NAMESPACE

class FigurePanel final : public QWidget
{
    Q_OBJECT

public:
    explicit FigurePanel(QWidget *parent = nullptr);

    void setRecorder(const Recorder *recorder); // as LoopView's
    void refresh();

private:
    QLabel *addFigure(const char *name, const QString &title, const QString &explanation);

    std::shared_ptr<Recording> m_recording; // null: nothing is shown
    std::shared_ptr<LagRecord> m_lag;
    std::deque<LoopFigures> m_past; // of the last second, for rates

    QLabel *m_lagP50 = nullptr;
    QLabel *m_lagP99 = nullptr;
    QLabel *m_lagMax = nullptr;
    QLabel *m_uvRate = nullptr;
    QLabel *m_depth = nullptr;
    QLabel *m_parked = nullptr;
    QLabel *m_taskCount = nullptr;
    QLabel *m_heldBack = nullptr;
};
