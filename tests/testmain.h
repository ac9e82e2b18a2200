// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/loop/fibercontext.h>
#include <interloop/test/randomorder.h>

#include <QApplication>
#include <QCoreApplication>
#include <QTest>

#include <cstdio>
#include <memory>

/*
 * main() of a test that runs in all environments: a QApplication when QT_QPA_PLATFORM names a platform, otherwise a
 * QCoreApplication. tests/CMakeLists.txt sets the variable for each configuration.
 * INTERLOOP_TEST_SEED=n makes all bridges, in all threads, resume in a random order.
 * INTERLOOP_TEST_WITHOUT_PARKING=1 says that the library which was loaded cannot park; that is looked at.
 */

namespace interloop::test {

inline std::unique_ptr<QCoreApplication> makeApplication(int &argc, char **argv)
{
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM"))
        return std::make_unique<QCoreApplication>(argc, argv);
    QCoreApplication::setAttribute(Qt::AA_Use96Dpi, true);
    return std::make_unique<QApplication>(argc, argv);
}

// Runs the test under the order that the environment asks for, and says which when it fails.
template<typename Run>
int underOrderFromEnvironment(Run run)
{
    if (qEnvironmentVariableIsSet("INTERLOOP_TEST_WITHOUT_PARKING") && FiberContext::isBuilt()) {
        std::fprintf(stderr, "this is not the library that was built without parking\n");
        return 1;
    }
    const std::optional<std::uint64_t> seed = seedFromEnvironment();
    if (seed)
        ResumeOrder::setInitial(ResumeOrder(*seed));
    const int failures = run();
    if (seed && failures != 0)
        std::fprintf(stderr, "the order was random: INTERLOOP_TEST_SEED=%llu\n", static_cast<unsigned long long>(*seed));
    return failures;
}

} // namespace interloop::test

#define INTERLOOP_TEST_MAIN(TestClass)                                                                                 \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        const auto application = interloop::test::makeApplication(argc, argv);                                         \
        TestClass test;                                                                                                \
        QTEST_SET_MAIN_SOURCE_PATH                                                                                     \
        return interloop::test::underOrderFromEnvironment([&] { return QTest::qExec(&test, argc, argv); });            \
    }
