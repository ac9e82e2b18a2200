// SPDX-License-Identifier: MIT
#pragma once

#include <tests/torture/monkey/life.h>

#include <QAbstractTableModel>
#include <QWidget>

/*
 * A window full of widgets whose signals, event handlers and filters wait. It deletes itself when it is closed, unless
 * that would pull it from under an event handler of its own: then it is hidden.
 */

QT_BEGIN_NAMESPACE
class QStandardItemModel;
class QVBoxLayout;
QT_END_NAMESPACE

namespace interloop::monkey {

class Window : public QWidget
{
    Q_OBJECT

public:
    Window(Life &life, quint64 seed);
    ~Window() override;

    // Those that live.
    static const std::vector<Window *> &all() noexcept { return windows; }

    // A widget, or nullptr. Of those that may be deleted when `mustBeOwn`.
    QWidget *anyWidget(Dice &dice) const;

    void addAWidget(Dice &dice);
    bool deleteAWidget(Dice &dice);
    bool changeTheModel(Dice &dice);

protected:
    bool eventFilter(QObject *object, QEvent *event) override;
    void closeEvent(QCloseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void customEvent(QEvent *event) override;

private:
    static inline std::vector<Window *> windows;

    Life &m_life;
    Dice m_dice;
    QVBoxLayout *m_layout = nullptr;
    QStandardItemModel *m_model = nullptr;
    std::vector<QPointer<QWidget>> m_own; // may be deleted and replaced
    bool m_isModelInUse = false; // it is being changed, and who is told of that may wait
    bool m_isClosing = false; // its closeEvent() waits
};

} // namespace interloop::monkey
