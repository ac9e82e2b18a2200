// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/interloop.h>

#include <QApplication>
#include <QPushButton>
#include <QTest>
#include <QWidget>

#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

/*
 * The person in front of the windows, as a task: it acts while code beneath it waits, and waits for what it looks for.
 */

namespace interloop::test {

// Where a wait is begun: in a slot, which parks where that is possible, or in plain code, which nests.
enum class From { Slot, Plain };

inline void addFroms()
{
    QTest::addColumn<From>("from");
    QTest::newRow("slot") << From::Slot;
    QTest::newRow("plain") << From::Plain;
}

// Calls `body`, and returns when it has ended.
inline void call(From from, std::function<void()> body)
{
    if (from == From::Plain) {
        body();
        return;
    }
    QPushButton button;
    bool hasEnded = false;
    interloop::connect(&button, &QPushButton::clicked, &button, [&] {
        body();
        hasEnded = true;
    });
    button.click();
    QTRY_VERIFY(hasEnded);
}

inline Task<> until(std::function<bool()> holds)
{
    for (int i = 0; !holds(); ++i) {
        if (i == 4000)
            throw std::runtime_error("what the user waits for does not come");
        co_await sleepFor(std::chrono::milliseconds(1));
    }
}

// A visible window of that type. Its number among them.
template<typename Window>
Window *visible(int index = 0)
{
    for (QWidget *widget : QApplication::topLevelWidgets()) {
        auto *window = qobject_cast<Window *>(widget);
        if (window && window->isVisible() && index-- == 0)
            return window;
    }
    return nullptr;
}

// The first window of that type, when keys go to it.
template<typename Window>
Task<Window *> active()
{
    co_await until([] { return visible<Window>() && visible<Window>()->isActiveWindow(); });
    co_return visible<Window>();
}

// Shows a window and waits until keys go to it.
inline void showActive(QWidget &window)
{
    window.show();
    window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&window));
}

} // namespace interloop::test

Q_DECLARE_METATYPE(interloop::test::From)
