// SPDX-License-Identifier: MIT
#pragma once

#include <demo/parts/waits.h>

#include <QListWidget>
#include <QPushButton>
#include <QWidget>

/*
 * The waits of the GUI's thread, the newest first, and the button that ends the newest.
 */

// A line for each, the newest first; `none` when there are none.
void showWaits(QListWidget &list, const QList<WaitInfo> &waits, const QString &none);

class WaitList final : public QWidget
{
    Q_OBJECT

public:
    explicit WaitList(Waits &waits);

Q_SIGNALS:
    void cancelRequested(); // of the newest

private:
    void show(const QList<WaitInfo> &waits);

    QListWidget *const m_list = new QListWidget(this); // "waits"
    QPushButton *const m_cancel = new QPushButton(this); // "cancel"
};
