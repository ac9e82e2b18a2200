// SPDX-License-Identifier: MIT
#pragma once

#include <QDialog>
#include <QString>

QT_BEGIN_NAMESPACE
class QLabel;
class QProgressBar;
class QPushButton;
QT_END_NAMESPACE

/*
 * The window that withProgress shows. It decides nothing: asked to cancel, by its button, by Esc or by being closed, it
 * says so once, and stays until it is told to go.
 */

namespace interloop {

class ProgressDialog final : public QDialog
{
    Q_OBJECT

public:
    ProgressDialog(QWidget *parent, const QString &title);

    void setText(const QString &text); // plain text
    void setRange(int minimum, int maximum);
    void setValue(int value);

    void reject() override; // Esc; the button

Q_SIGNALS:
    void cancelRequested(); // once
    void closed(); // the window is gone, by the user or by a quit

protected:
    void closeEvent(QCloseEvent *event) override;
    void changeEvent(QEvent *event) override;

private:
    void growToFit();

    QLabel *m_label;
    QProgressBar *m_bar;
    QPushButton *m_cancel;
    bool m_isCancelling = false; // what it was asked for is under way
};

} // namespace interloop
