// SPDX-License-Identifier: MIT
#pragma once

#include <QApplication>
#include <QColor>
#include <QTest>
#include <QtWidgets>

#include <cmath>
#include <utility>

/*
 * What a window offers to the keyboard, the eye and a translator, read from its widgets.
 */

// For messages: "QPushButton fetch".
inline QString nameOf(const QWidget *widget)
{
    return QStringLiteral("%1 %2 in %3")
            .arg(QLatin1String(widget->metaObject()->className()), widget->objectName(),
                 widget->parentWidget() ? widget->parentWidget()->objectName() : QString());
}

// The one of its group that Tab skips: the arrow keys reach it.
inline bool isUnchosen(const QWidget *widget)
{
    const auto *button = qobject_cast<const QAbstractButton *>(widget);
    return button && !button->isChecked()
            && (button->autoExclusive() || (button->group() && button->group()->exclusive()));
}

// Whether a user may press it or type into it: what Qt makes for itself is its owner's.
inline bool isControl(const QWidget *widget)
{
    return (widget->focusPolicy() & Qt::TabFocus) == Qt::TabFocus && !widget->focusProxy()
            && !widget->objectName().startsWith(QLatin1String("qt_")) && !qobject_cast<QTabBar *>(widget->parentWidget());
}

inline QList<QWidget *> controlsIn(const QWidget &window)
{
    QList<QWidget *> controls;
    for (QWidget *widget : window.findChildren<QWidget *>()) {
        if (isControl(widget) && widget->isVisible() && widget->isEnabled() && !isUnchosen(widget))
            controls << widget;
    }
    return controls;
}

inline QStringList namesOf(const QList<QWidget *> &widgets)
{
    QStringList names;
    for (const QWidget *widget : widgets)
        names << nameOf(widget);
    names.sort();
    return names;
}

// What has the focus in turn, until it comes back to where it began: each once, sorted.
inline QStringList walk(QWidget &window, Qt::Key key)
{
    QList<QWidget *> visited;
    for (int i = 0; i < 200; ++i) {
        QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : &window, key,
                        key == Qt::Key_Backtab ? Qt::ShiftModifier : Qt::NoModifier);
        QWidget *now = QApplication::focusWidget();
        if (!now || (!visited.isEmpty() && now == visited.first()))
            break;
        if (visited.contains(now))
            return {QStringLiteral("Tab stays at %1").arg(nameOf(now))};
        visited << now;
    }
    return namesOf(visited);
}

// Those of buttons, labels with a buddy, groups and tabs that can be seen.
inline QStringList mnemonicTextsIn(const QWidget &window)
{
    QStringList texts;
    for (const QWidget *widget : window.findChildren<QWidget *>()) {
        if (!widget->isVisible())
            continue;
        if (const auto *button = qobject_cast<const QAbstractButton *>(widget))
            texts << button->text();
        else if (const auto *label = qobject_cast<const QLabel *>(widget); label && label->buddy())
            texts << label->text();
        else if (const auto *group = qobject_cast<const QGroupBox *>(widget))
            texts << group->title();
        else if (const auto *tabs = qobject_cast<const QTabBar *>(widget)) {
            for (int i = 0; i < tabs->count(); ++i)
                texts << tabs->tabText(i);
        }
    }
    return texts;
}

// Whether `widget` stands in a layout, in the same row as a button with a mnemonic: with what that button works.
inline bool isBesideItsButton(const QWidget *widget)
{
    const auto hasMnemonic = [](const QLayoutItem *item) {
        const auto *button = qobject_cast<const QAbstractButton *>(item ? item->widget() : nullptr);
        return button && !QKeySequence::mnemonic(button->text()).isEmpty();
    };
    for (const QLayout *layout : widget->parentWidget()->findChildren<QLayout *>()) {
        const int place = layout->indexOf(widget);
        if (place < 0)
            continue;
        if (const auto *box = qobject_cast<const QHBoxLayout *>(layout))
            return hasMnemonic(box->itemAt(0));
        int row = 0;
        int ignored = 0;
        if (const auto *grid = qobject_cast<const QGridLayout *>(layout)) {
            grid->getItemPosition(place, &row, &ignored, &ignored, &ignored);
            return hasMnemonic(grid->itemAtPosition(row, 0));
        }
    }
    return false;
}

// How the keyboard comes to `control` without passing others; empty: not at all.
inline QString directKeyOf(const QWidget *control)
{
    if (const auto *button = qobject_cast<const QAbstractButton *>(control); button && !button->shortcut().isEmpty())
        return button->shortcut().toString();
    for (const QLabel *label : control->window()->findChildren<QLabel *>()) {
        if (label->buddy() == control && label->isVisible() && !QKeySequence::mnemonic(label->text()).isEmpty())
            return QKeySequence::mnemonic(label->text()).toString();
    }
    if (const auto *tabs = qobject_cast<const QTabBar *>(control))
        return QKeySequence::mnemonic(tabs->tabText(tabs->currentIndex())).toString();
    return isBesideItsButton(control) ? QStringLiteral("its button's") : QString();
}

// Relative luminance and contrast ratio. Source: Web Content Accessibility Guidelines 2.1, "contrast ratio".
inline double luminance(const QColor &colour)
{
    const auto linear = [](double part) { return part <= 0.03928 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}

inline double contrast(const QColor &one, const QColor &other)
{
    const double a = luminance(one);
    const double b = luminance(other);
    return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05);
}

inline bool isInScrollArea(const QWidget *widget)
{
    for (const QWidget *parent = widget->parentWidget(); parent; parent = parent->parentWidget()) {
        if (qobject_cast<const QAbstractScrollArea *>(parent))
            return true;
    }
    return false;
}

// Widgets that are too small for their texts, or stick out of their parents.
inline QStringList cutOffIn(const QWidget &window)
{
    QStringList found;
    for (const QWidget *widget : window.findChildren<QWidget *>()) {
        if (!widget->isVisible() || widget->isWindow() || isInScrollArea(widget))
            continue;
        if (!widget->parentWidget()->rect().contains(widget->geometry()))
            found << nameOf(widget) + QStringLiteral(" sticks out");
        QSize needed;
        const auto *label = qobject_cast<const QLabel *>(widget);
        const bool isElided = widget->sizePolicy().horizontalPolicy() == QSizePolicy::Ignored;
        const auto *button = qobject_cast<const QAbstractButton *>(widget);
        if (label && label->wordWrap())
            needed = QSize(0, label->heightForWidth(label->width()));
        else if (button) // their sizeHint() has room to spare
            needed = button->fontMetrics().size(Qt::TextShowMnemonic, button->text()) + QSize(8, 0);
        else if ((label && !isElided) || qobject_cast<const QComboBox *>(widget) || qobject_cast<const QSpinBox *>(widget)
                 || qobject_cast<const QTabBar *>(widget))
            needed = widget->minimumSizeHint();
        if (needed.width() > widget->width() || needed.height() > widget->height()) {
            found << QStringLiteral("%1 needs %2 x %3, has %4 x %5")
                             .arg(nameOf(widget))
                             .arg(needed.width())
                             .arg(needed.height())
                             .arg(widget->width())
                             .arg(widget->height());
        }
    }
    return found;
}

// Pairs of neighbours that lie on each other.
inline QStringList overlapsIn(const QWidget &window)
{
    QStringList found;
    for (const QWidget *parent : window.findChildren<QWidget *>()) {
        if (!parent->layout() || !parent->isVisible())
            continue;
        QList<const QWidget *> seen;
        for (const QObject *object : parent->children()) {
            const auto *child = qobject_cast<const QWidget *>(object);
            if (!child || !child->isVisible() || child->isWindow() || child->size().isEmpty())
                continue;
            for (const QWidget *other : std::as_const(seen)) {
                if (other->geometry().intersects(child->geometry()))
                    found << nameOf(child) + QStringLiteral(" on ") + nameOf(other);
            }
            seen << child;
        }
    }
    return found;
}

// Every text for people in the window, with its place: captions, tool tips, place holders, accessible names. Not what a
// user or a program has written, which is read-only or editable text, and not what has no letters.
inline QList<std::pair<QString, QString>> textsIn(const QWidget &window)
{
    QList<std::pair<QString, QString>> texts;
    const auto add = [&texts](const QWidget *widget, const QString &text) {
        const bool hasLetters = std::any_of(text.begin(), text.end(), [](QChar c) { return c.isLetter(); });
        if (hasLetters)
            texts.append({nameOf(widget), text});
    };
    for (const QWidget *widget : window.findChildren<QWidget *>()) {
        if (!widget->isVisible() || widget->objectName().startsWith(QLatin1String("qt_")))
            continue;
        add(widget, widget->toolTip());
        add(widget, widget->accessibleName());
        if (const auto *line = qobject_cast<const QLineEdit *>(widget))
            add(widget, line->placeholderText());
        if (const auto *label = qobject_cast<const QLabel *>(widget);
            label && !label->textInteractionFlags().testFlag(Qt::TextSelectableByMouse))
            add(widget, label->text());
    }
    for (const QString &text : mnemonicTextsIn(window))
        add(&window, text);
    return texts;
}
