// SPDX-License-Identifier: MIT
#pragma once

#include <QApplication>
#include <QCoreApplication>
#include <QTest>

#include <memory>

/*
 * main() of a test that runs in all environments: a QApplication when QT_QPA_PLATFORM names a platform, otherwise a
 * QCoreApplication. tests/CMakeLists.txt sets the variable for each configuration.
 */

namespace interloop::test {

inline std::unique_ptr<QCoreApplication> makeApplication(int &argc, char **argv)
{
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM"))
        return std::make_unique<QCoreApplication>(argc, argv);
    QCoreApplication::setAttribute(Qt::AA_Use96Dpi, true);
    return std::make_unique<QApplication>(argc, argv);
}

} // namespace interloop::test

#define INTERLOOP_TEST_MAIN(TestClass)                                                                                 \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        const auto application = interloop::test::makeApplication(argc, argv);                                         \
        TestClass test;                                                                                                \
        QTEST_SET_MAIN_SOURCE_PATH                                                                                     \
        return QTest::qExec(&test, argc, argv);                                                                        \
    }
