// SPDX-License-Identifier: MIT
#pragma once

#include "spinner.h"

#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QWidget>

QT_BEGIN_NAMESPACE
class QBoxLayout;
QT_END_NAMESPACE

/*
 * The window's face: its widgets, where they lie, and how the keyboard and a screen reader reach them. Scripts find
 * them by their object names.
 */

class Form : public QWidget
{
public:
    QLineEdit *const url = add<QLineEdit>("url");
    QSpinBox *const timeout = add<QSpinBox>("timeout"); // in seconds
    QPushButton *const fetch = add<QPushButton>("fetch");
    QPushButton *const second = add<QPushButton>("second");
    QPushButton *const cancel = add<QPushButton>("cancel");
    QProgressBar *const progress = add<QProgressBar>("progress");
    QLabel *const depth = add<QLabel>("depth");
    Spinner *const spinner = add<Spinner>("spinner");
    QListWidget *const waits = add<QListWidget>("waits"); // newest first
    QPlainTextEdit *const result = add<QPlainTextEdit>("result");
    QLabel *const statusIcon = add<QLabel>("statusIcon");
    QLabel *const status = add<QLabel>("status");

protected:
    Form();

    void showInfo(const QString &sentence);
    void showError(const QString &sentence);

    // Enables or disables `button`, and gives its focus to `other` before it would be lost.
    static void setAvailable(QPushButton *button, bool isAvailable, QPushButton *other);

private:
    template<typename Widget>
    Widget *add(const char *name)
    {
        auto *widget = new Widget(this);
        widget->setObjectName(QLatin1String(name));
        return widget;
    }

    void setTexts();
    void setKeyboard();
    void arrange();
    QBoxLayout *statusLine();
};
