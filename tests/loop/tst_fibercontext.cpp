// SPDX-License-Identifier: MIT
#include <tests/testmain.h>

#include <interloop/loop/fibercontext.h>

#include <QObject>
#include <QTest>

using namespace interloop;

class TestFiberContext : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void startRunsUntilTheParkAndResumeToTheEnd();
};

namespace {

constexpr std::size_t stackSize = 256 * 1024;

// Runs `body` on `context`, until it parks or ends. REQUIRES: it lives until it has ended
template<typename Body>
void start(FiberContext &context, Body &body)
{
    context.start([](void *argument) { (*static_cast<Body *>(argument))(); }, &body);
}

} // namespace

void TestFiberContext::initTestCase()
{
    if (!FiberContext::isBuilt())
        QSKIP("built without INTERLOOP_PARKING");
}

void TestFiberContext::startRunsUntilTheParkAndResumeToTheEnd()
{
    FiberContext context(stackSize);
    std::string order;
    auto body = [&] {
        order += "b";
        context.park();
        order += "d";
    };
    for (int round = 0; round < 3; ++round) {
        order = "a";
        start(context, body);
        order += "c";
        QVERIFY(!context.isIdle());
        context.resume();
        order += "e";
        QVERIFY(context.isIdle());
        QCOMPARE(order, std::string("abcde"));
    }
}

INTERLOOP_TEST_MAIN(TestFiberContext)
#include "tst_fibercontext.moc"
