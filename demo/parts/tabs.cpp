// SPDX-License-Identifier: MIT
#include <demo/parts/tabs.h>

#include <QEvent>
#include <QTabBar>

Tabs::Tabs(QWidget *parent) : QTabWidget(parent)
{
    tabBar()->installEventFilter(this);
    connect(this, &QTabWidget::tabBarClicked, this, &Tabs::enterLater);
    connect(this, &QTabWidget::currentChanged, this, [this] {
        if (!tabBar()->hasFocus())
            enter();
    });
}

void Tabs::add(QWidget *page, const QString &title, QWidget *first)
{
    m_first.insert(page, first ? first : page->nextInFocusChain());
    addTab(page, title);
}

void Tabs::enter()
{
    const QWidget *page = currentWidget();
    const auto isReady = [this](const QWidget *control) {
        const bool isShown = control->isVisible() || !window()->isVisible(); // or will be, with the window
        return isShown && control->isEnabled() && control->focusPolicy() & Qt::TabFocus;
    };
    QWidget *control = m_first.value(page);
    while (control && page->isAncestorOf(control) && !isReady(control))
        control = control->nextInFocusChain();
    if (control && page->isAncestorOf(control))
        control->setFocus(Qt::ShortcutFocusReason);
}

void Tabs::enterLater()
{
    QMetaObject::invokeMethod(this, &Tabs::enter, Qt::QueuedConnection);
}

bool Tabs::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::Shortcut)
        enterLater();
    return QTabWidget::eventFilter(watched, event);
}
