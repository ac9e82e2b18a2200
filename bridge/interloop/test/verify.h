// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/result.h>

#include <QTest>

#include <exception>
#include <string>

/*
 * Qt Test's checks for coroutines. QVERIFY and its family leave with `return`, which a coroutine must not contain; these
 * leave with `co_return`, so they belong into a Task<>. What they print is the same.
 *
 *     Task<> repliesInOrder()
 *     {
 *         TcpSocket socket = co_await TcpSocket::connect("127.0.0.1", port);
 *         INTERLOOP_COMPARE(co_await socket.read(), "hello");
 *     }
 *
 * Arguments may contain co_await. Run the coroutine with INTERLOOP_RUN (runtest.h).
 */

namespace interloop {

// The exception that is being handled, as a text; empty when it is an Expected. REQUIRES: called in a handler
template<typename Expected>
std::string textOfOtherThan()
{
    try {
        throw;
    } catch (const Expected &) {
        return {};
    } catch (...) {
        return errorText(std::current_exception());
    }
}

} // namespace interloop

// The values are computed in statements of their own: g++ 12 miscompiles a co_await in a condition.

#define INTERLOOP_VERIFY(statement)                                                                                    \
    do {                                                                                                               \
        const bool interloopHolds = static_cast<bool>(statement);                                                      \
        if (!QTest::qVerify(interloopHolds, #statement, "", __FILE__, __LINE__))                                       \
            co_return;                                                                                                 \
    } while (false)

#define INTERLOOP_VERIFY2(statement, description)                                                                      \
    do {                                                                                                               \
        const bool interloopHolds = static_cast<bool>(statement);                                                      \
        if (!QTest::qVerify(interloopHolds, #statement, interloopHolds ? "" : (description), __FILE__, __LINE__))      \
            co_return;                                                                                                 \
    } while (false)

#define INTERLOOP_COMPARE(actual, expected)                                                                            \
    do {                                                                                                               \
        auto &&interloopActual = actual;                                                                               \
        auto &&interloopExpected = expected;                                                                           \
        if (!QTest::qCompare(interloopActual, interloopExpected, #actual, #expected, __FILE__, __LINE__))              \
            co_return;                                                                                                 \
    } while (false)

#define INTERLOOP_SKIP(message)                                                                                        \
    do {                                                                                                               \
        QTest::qSkip(message, __FILE__, __LINE__);                                                                     \
        co_return;                                                                                                     \
    } while (false)

#define INTERLOOP_FAIL(message)                                                                                        \
    do {                                                                                                               \
        QTest::qFail(message, __FILE__, __LINE__);                                                                     \
        co_return;                                                                                                     \
    } while (false)

// `...` is one statement, which must throw an Exception or something derived from it.
#define INTERLOOP_VERIFY_THROWS(Exception, ...)                                                                        \
    do {                                                                                                               \
        std::string interloopThrown = "nothing";                                                                       \
        try {                                                                                                          \
            static_cast<void>(__VA_ARGS__);                                                                            \
        } catch (...) {                                                                                                \
            interloopThrown = interloop::textOfOtherThan<Exception>();                                                 \
        }                                                                                                              \
        if (!interloopThrown.empty()) {                                                                                \
            interloopThrown = #__VA_ARGS__ " was to throw " #Exception ", but threw: " + interloopThrown;              \
            QTest::qFail(interloopThrown.c_str(), __FILE__, __LINE__);                                                 \
            co_return;                                                                                                 \
        }                                                                                                              \
    } while (false)
