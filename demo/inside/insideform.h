// SPDX-License-Identifier: MIT
#pragma once

#include <demo/inside/requeststrip.h>
#include <demo/parts/page.h>

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>

/*
 * The controls of the page "Served from inside", their texts and their places.
 */

class InsideForm : public Page
{
    Q_OBJECT

public:
    InsideForm();

    QWidget *firstFocus() override { return load; }

protected:
    QLabel *note = new QLabel(this); // what else is to be known; hidden when there is nothing
    QLineEdit *address = new QLineEdit(this); // a command that fetches a page from the server
    QPushButton *load = new QPushButton(this);
    QSpinBox *count = new QSpinBox(this);
    QComboBox *path = new QComboBox(this); // each item's data: a QStringList of paths
    QPushButton *stop = new QPushButton(this);
    RequestStrip *strip = new RequestStrip(this);
    QLabel *summary = new QLabel(this);

    QLabel *open = new QLabel(this);
    QLabel *served = new QLabel(this);
    QLabel *failed = new QLabel(this);
    QLabel *mostAtOnce = new QLabel(this);
    QLabel *median = new QLabel(this);
    QLabel *slowest = new QLabel(this);
    QLabel *pause = new QLabel(this);

private:
    void setNames();
    void setTexts();
    void fillPaths();
    void arrange();
    QLayout *serverSide();
    QLayout *loadLine();
    QLayout *figures();
    QLayout *codeSide();
};
