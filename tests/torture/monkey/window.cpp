// SPDX-License-Identifier: MIT
#include <tests/torture/monkey/window.h>

#include <tests/torture/monkey/handler.h>

#include <QCheckBox>
#include <QCloseEvent>
#include <QComboBox>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
#include <QScopedValueRollback>
#include <QSlider>
#include <QSpinBox>
#include <QStandardItemModel>
#include <QTabWidget>
#include <QTableView>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace interloop::monkey {

using namespace std::chrono_literals;

Window::Window(Life &life, quint64 seed) : m_life(life), m_dice(seed)
{
    windows.push_back(this);
    setAttribute(Qt::WA_DeleteOnClose);
    setFocusPolicy(Qt::StrongFocus);
    m_layout = new QVBoxLayout(this);

    auto *bar = new QMenuBar(this);
    m_layout->setMenuBar(bar);
    QMenu *menu = bar->addMenu(QStringLiteral("&File"));
    for (const char *text : {"&Open", "&Save", "&Quit"}) {
        QAction *action = menu->addAction(QString::fromLatin1(text));
        life.hear(action, &QAction::triggered, this, m_dice);
    }
    menu->actions().constFirst()->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_O));

    auto *tabs = new QTabWidget(this);
    m_layout->addWidget(tabs);
    auto *view = new QTableView(tabs);
    m_model = new QStandardItemModel(4, 3, this);
    view->setModel(m_model);
    view->setEditTriggers(QAbstractItemView::NoEditTriggers); // its editors do not stand event loops in their handlers
    tabs->addTab(view, QStringLiteral("&Table"));
    tabs->addTab(new QWidget(tabs), QStringLiteral("&Empty"));
    life.hear(tabs, &QTabWidget::currentChanged, this, m_dice);
    life.hear(view, &QTableView::clicked, this, m_dice);

    for (int n = 0; n < 6; ++n)
        addAWidget(m_dice);
    auto *timer = new QTimer(this);
    life.hear(timer, &QTimer::timeout, this, m_dice);
    timer->start(std::chrono::milliseconds(50 + m_dice.below(200)));
    resize(320, 360);
    move(m_dice.below(600), m_dice.below(400));
    show();
}

Window::~Window()
{
    std::erase(windows, this);
}

QWidget *Window::anyWidget(Dice &dice) const
{
    const QList<QWidget *> widgets = findChildren<QWidget *>();
    return widgets.isEmpty() ? nullptr : widgets[dice.below(int(widgets.size()))];
}

void Window::addAWidget(Dice &dice)
{
    QWidget *widget = nullptr;
    switch (dice.below(9)) {
    case 0: {
        auto *edit = new QLineEdit(this);
        widget = edit;
        m_life.hear(edit, &QLineEdit::returnPressed, this, dice);
        m_life.hear(edit, &QLineEdit::textEdited, this, dice);
        break;
    }
    case 1: {
        auto *box = new QComboBox(this);
        widget = box;
        box->addItems({QStringLiteral("one"), QStringLiteral("two"), QStringLiteral("three")});
        m_life.hear(box, &QComboBox::activated, this, dice);
        m_life.hear(box, &QComboBox::currentTextChanged, this, dice);
        break;
    }
    case 2: {
        auto *box = new QCheckBox(QStringLiteral("&Check"), this);
        widget = box;
        m_life.hear(box, &QCheckBox::stateChanged, this, dice);
        break;
    }
    case 3: {
        auto *box = new QSpinBox(this);
        widget = box;
        m_life.hear(box, &QSpinBox::valueChanged, this, dice);
        break;
    }
    case 4: {
        auto *slider = new QSlider(Qt::Horizontal, this);
        widget = slider;
        m_life.hear(slider, &QSlider::valueChanged, this, dice);
        break;
    }
    default: {
        static constexpr const char *texts[] = {"&Go", "&Stop", "&Load", "&Wait"};
        auto *button = new QPushButton(QString::fromLatin1(texts[dice.below(4)]), this);
        widget = button;
        m_life.hear(button, &QPushButton::clicked, dice.oneIn(2) ? static_cast<QObject *>(button) : this, dice);
        if (dice.oneIn(3))
            m_life.hear(button, &QPushButton::pressed, this, dice);
        break;
    }
    }
    if (dice.oneIn(3))
        widget->installEventFilter(this);
    m_layout->addWidget(widget);
    m_own.emplace_back(widget);
}

bool Window::deleteAWidget(Dice &dice)
{
    std::erase(m_own, nullptr);
    if (m_own.empty())
        return false;
    QWidget *widget = m_own[std::size_t(dice.below(int(m_own.size())))];
    if (dice.oneIn(2) && Handler::mayDelete(widget))
        delete widget;
    else if (Handler::mayDeleteLater(widget))
        widget->deleteLater();
    else
        return false;
    return true;
}

bool Window::changeTheModel(Dice &dice)
{
    if (m_isModelInUse)
        return false;
    const QPointer<Window> guarded(this);
    m_isModelInUse = true;
    switch (dice.below(4)) {
    case 0:
        m_model->clear();
        break;
    case 1:
        if (m_model->rowCount() > 0)
            m_model->removeRow(dice.below(m_model->rowCount()));
        break;
    case 2:
        m_model->setData(m_model->index(0, 0), dice.below(1000));
        break;
    default:
        if (m_model->rowCount() < 20)
            m_model->appendRow({new QStandardItem(QStringLiteral("a")), new QStandardItem(QStringLiteral("b"))});
        break;
    }
    if (guarded)
        m_isModelInUse = false;
    return true;
}

bool Window::eventFilter(QObject *object, QEvent *event)
{
    switch (event->type()) {
    case QEvent::KeyPress:
    case QEvent::MouseButtonPress: // not Enter: Qt then uses the widget that was left, whether it still is there or not
        if (m_dice.oneIn(6)) {
            const QPointer<QObject> guarded(object);
            m_life.performQuietly("event filter", this, m_dice.below(2));
            if (!guarded)
                return true; // its handler must not be called any more
        }
        break;
    default:
        break;
    }
    return false;
}

// "Save the changes?": now and then it stays open.
void Window::closeEvent(QCloseEvent *event)
{
    if (m_isClosing) {
        event->setAccepted(!m_life.isActing());
        return;
    }
    const QPointer<Window> guarded(this);
    m_isClosing = true;
    m_life.performQuietly("closeEvent", this, m_dice.below(2));
    if (!guarded)
        return;
    m_isClosing = false;
    event->setAccepted(!m_life.isActing() || !m_dice.oneIn(4));
    if (!Handler::mayDeleteLater(this))
        setAttribute(Qt::WA_DeleteOnClose, false);
}

void Window::keyPressEvent(QKeyEvent *event)
{
    const QPointer<Window> guarded(this);
    if (m_dice.oneIn(4))
        m_life.performQuietly("keyPressEvent", this, m_dice.below(2));
    if (guarded)
        QWidget::keyPressEvent(event);
}

void Window::mousePressEvent(QMouseEvent *event)
{
    const QPointer<Window> guarded(this);
    if (m_dice.oneIn(3))
        m_life.performQuietly("mousePressEvent", this, m_dice.below(2));
    if (guarded)
        QWidget::mousePressEvent(event);
}

void Window::contextMenuEvent(QContextMenuEvent *)
{
    if (m_life.mayBeginMore())
        m_life.runADialog(m_dice, 1);
}

void Window::customEvent(QEvent *)
{
    m_life.performQuietly("customEvent", this, m_dice.below(2));
}

} // namespace interloop::monkey
