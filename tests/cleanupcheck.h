// SPDX-License-Identifier: MIT
#pragma once

#include <tests/descriptors.h>

#include <interloop/loop/bridge.h>
#include <interloop/test/leakcheck.h>
#include <interloop/uv/tcp.h>

#include <QTest>
#include <uv.h>

#include <csignal>
#include <cstdlib>
#include <unistd.h>

/*
 * What must hold after every test function: no live task, no open libuv handle besides the bridge's own, as many file
 * descriptors as before. And a watchdog: a function that hangs ends the process, with its name.
 *
 *     void init() { m_leaks.begin(); }
 *     void cleanup() { m_leaks.check(); }
 */

namespace interloop::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool isSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool isSanitized = true;
#else
constexpr bool isSanitized = false;
#endif
#else
constexpr bool isSanitized = false;
#endif

class CleanupCheck
{
public:
    // Uncounted: for tests that show large windows. Qt paints these in pool threads, which come and go when it likes,
    // and each has a descriptor.
    enum class Descriptors { Counted, Uncounted };

    explicit CleanupCheck(Descriptors descriptors = Descriptors::Counted) : m_counting(descriptors) { }

    void begin()
    {
        startWatchdog();
        openWhatStaysOpen();
        m_leaks.begin();
        m_descriptors = descriptorCount();
    }

    void check()
    {
        alarm(0);
        openWhatStaysOpen(); // the test may have ended the bridge
        m_leaks.check();
        QCOMPARE(Bridge::current().depth(), 0);
        if (m_counting == Descriptors::Counted)
            QVERIFY2(descriptorCount() == m_descriptors, qPrintable(QStringLiteral("%1 descriptors were open before, now %2")
                                                                        .arg(m_descriptors)
                                                                        .arg(openDescriptors().join(QLatin1Char(' ')))));
    }

    static int taskCount() { return Bridge::current().taskCount(); }

    // Handles on this thread's loop, closing ones too.
    static int handleCount()
    {
        int count = 0;
        uv_walk(Bridge::current().uvLoop(), [](uv_handle_t *, void *counter) { ++*static_cast<int *>(counter); }, &count);
        return count;
    }

    static int descriptorCount() { return int(openDescriptors().size()); }

private:
    // Descriptors that Qt and libuv open on first use and keep; a libuv loop's first listener is one.
    static void openWhatStaysOpen()
    {
        Bridge::current();
        TcpServer::listen(QStringLiteral("127.0.0.1"), 0).close();
        static_cast<void>(QTest::qWaitFor([] { return handleCount() == 1; }, 1000));
        static const bool isPlatformReady = waitForPlatform();
        static_cast<void>(isPlatformReady);
    }

    // The X platform opens a descriptor of its own in some early turn of the event loop: until the number is the same
    // for a while.
    static bool waitForPlatform()
    {
        if (qgetenv("QT_QPA_PLATFORM") != "xcb")
            return true;
        int last = -1;
        int unchanged = 0;
        return QTest::qWaitFor([&last, &unchanged] {
            QTest::qWait(20);
            const int count = descriptorCount();
            unchanged = count == last ? unchanged + 1 : 0;
            last = count;
            return unchanged >= 5;
        }, 2000);
    }

    static void startWatchdog()
    {
        std::signal(SIGALRM, [](int) {
            const char text[] = "watchdog: the test function hangs\n";
            static_cast<void>(!write(STDERR_FILENO, text, sizeof(text) - 1));
            std::abort(); // Qt Test's handler says which function
        });
        alarm(isSanitized ? 60 : 20);
    }

    LeakCheck m_leaks; // of tasks and handles
    Descriptors m_counting;
    int m_descriptors = 0;
};

} // namespace interloop::test
