// SPDX-License-Identifier: MIT
#pragma once

#include <QHash>
#include <QTabWidget>

/*
 * Pages behind tabs. Turning to a page, also to the one that is shown already, by its mnemonic or a click, leads to
 * the control that the page is there for; with the arrow keys the focus stays in the tab bar.
 */

class Tabs final : public QTabWidget
{
public:
    explicit Tabs(QWidget *parent = nullptr);

    // `first` is the page's, and gets the focus, or when it is disabled the next one that is not; nullptr: the first
    // in the page's tab order.
    void add(QWidget *page, const QString &title, QWidget *first);

private:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void enter();
    void enterLater(); // when the tab bar has turned to the page

    QHash<const QWidget *, QWidget *> m_first; // of each page
};
