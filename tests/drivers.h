// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QEventLoop>
#include <QMetaType>
#include <QTest>
#include <QTimer>

#include <functional>

/*
 * The three places that a test's body is run from: with no loop running, inside a coroutine, in a Qt slot while the
 * application runs.
 *
 *     void TestSomething::aBehaviour_data() { addDrivers(); }
 *     void TestSomething::aBehaviour()
 *     {
 *         drive([&] { runSync(something()); });
 *     }
 */

namespace interloop::test {

enum class Driver { Top, Task, Slot };

// Data rows: the body runs once from each of the three.
inline void addDrivers()
{
    QTest::addColumn<Driver>("driver");
    QTest::newRow("top") << Driver::Top;
    QTest::newRow("task") << Driver::Task;
    QTest::newRow("slot") << Driver::Slot;
}

// Calls `body`. An exception that it lets out fails the test.
inline void callGuarded(const std::function<void()> &body)
{
    try {
        body();
    } catch (...) {
        QTest::qFail(("the body threw: " + errorText(std::current_exception())).c_str(), __FILE__, __LINE__);
    }
}

inline interloop::Task<> callInTask(const std::function<void()> &body, QEventLoop &loop)
{
    callGuarded(body);
    loop.quit();
    co_return;
}

inline void drive(Driver driver, const std::function<void()> &body)
{
    switch (driver) {
    case Driver::Top:
        callGuarded(body);
        break;
    case Driver::Task: {
        QEventLoop loop;
        const TaskHandle<> task = spawn(callInTask(body, loop), "driver");
        loop.exec();
        runSync(task); // also when somebody else ended the event loop
        break;
    }
    case Driver::Slot:
        QTimer::singleShot(0, QCoreApplication::instance(), [&body] {
            callGuarded(body);
            QCoreApplication::quit();
        });
        QCoreApplication::exec();
        break;
    }
}

// Whether a wait in the body parks its stack: plain code that Qt has called, or nobody, cannot.
inline bool bodyParks(Driver driver)
{
    return driver == Driver::Task && Bridge::current().isParking();
}

} // namespace interloop::test

Q_DECLARE_METATYPE(interloop::test::Driver)

namespace interloop::test {

// From the place that the data row names.
inline void drive(const std::function<void()> &body)
{
    QFETCH(Driver, driver);
    drive(driver, body);
}

inline bool bodyParks()
{
    QFETCH(Driver, driver);
    return bodyParks(driver);
}

} // namespace interloop::test
