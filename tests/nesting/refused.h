// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/task/errors.h>

#include <QString>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <exception>
#include <initializer_list>
#include <memory>
#include <utility>

/*
 * How a wait was refused: what the tests of deadlocks look at.
 */

namespace interloop::test {

using namespace std::chrono_literals;

constexpr auto atOnce = 100ms;

// How a wait was refused, and whether that came at once.
class Refused
{
public:
    template<typename Wait>
    explicit Refused(Wait wait)
    {
        const auto begin = std::chrono::steady_clock::now();
        try {
            wait();
        } catch (const RunSyncError &error) {
            reason = error.reason() == Refusal::Deadlock ? QStringLiteral("Deadlock") : nameOf(error.reason());
            text = error.what();
        }
        hasComeAtOnce = std::chrono::steady_clock::now() - begin < atOnce;
    }

    QString reason = QStringLiteral("not refused");
    QString text;
    bool hasComeAtOnce = false;

    bool names(std::initializer_list<const char *> names) const
    {
        return std::all_of(names.begin(), names.end(), [this](const char *name) { return text.contains(name); });
    }
};

class Record
{
public:
    template<typename Wait>
    void refusalOf(Wait wait)
    {
        refused = std::make_unique<Refused>(std::move(wait));
    }

    QString note; // of whoever went on afterwards
    Outcome outcome = Outcome::Value;
    std::unique_ptr<Refused> refused;
};

#define VERIFY_DEADLOCK(record, ...)                                                                                   \
    do {                                                                                                               \
        QVERIFY((record).refused);                                                                                     \
        QCOMPARE((record).refused->reason, QStringLiteral("Deadlock"));                                                \
        QVERIFY2((record).refused->names({__VA_ARGS__}), qPrintable((record).refused->text));                          \
        QVERIFY((record).refused->hasComeAtOnce);                                                                      \
    } while (false)

} // namespace interloop::test
