// SPDX-License-Identifier: MIT
#include <interloop/task/mailbox.h>

#include <QObject>
#include <QTest>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using namespace interloop;

class TestMailbox : public QObject
{
    Q_OBJECT

private slots:
    void lettersComeInOrder();
    void wakesOnceForABoxThatWasEmpty();
    void closedBoxRefusesAndDestroysTheLetter();
    void lettersPutBeforeTheEndAreStillThere();
    void closedBoxTakesAnswersUntilTheEnd();
    void letterMayPutAnother();
    void manyThreadsLoseNothing();
    void closingRacesWithPutting();
};

void TestMailbox::lettersComeInOrder()
{
    Mailbox box([] { });
    std::vector<int> read;
    for (int n = 0; n < 5; ++n)
        QVERIFY(box.put([&read, n] { read.push_back(n); }));
    for (const Mailbox::Letter &letter : box.take())
        letter();
    QCOMPARE(read, (std::vector{0, 1, 2, 3, 4}));
    QVERIFY(box.take().empty());
}

void TestMailbox::wakesOnceForABoxThatWasEmpty()
{
    int wakes = 0;
    Mailbox box([&wakes] { ++wakes; });
    box.put([] { });
    box.put([] { });
    QCOMPARE(wakes, 1);
    box.take();
    box.put([] { });
    QCOMPARE(wakes, 2);
}

void TestMailbox::closedBoxRefusesAndDestroysTheLetter()
{
    int wakes = 0;
    Mailbox box([&wakes] { ++wakes; });
    const auto content = std::make_shared<int>(1);
    QVERIFY(!box.isClosed());
    box.close();
    QVERIFY(box.isClosed());
    QVERIFY(!box.put([content] { }));
    QCOMPARE(content.use_count(), 1);
    QCOMPARE(wakes, 0);
    QVERIFY(box.take().empty());
}

void TestMailbox::lettersPutBeforeTheEndAreStillThere()
{
    Mailbox box([] { });
    box.put([] { });
    box.close();
    QCOMPARE(box.take().size(), 1u);
}

void TestMailbox::closedBoxTakesAnswersUntilTheEnd()
{
    int wakes = 0;
    Mailbox box([&wakes] { ++wakes; });
    box.close();
    QVERIFY(box.putAnswer([] { }));
    QCOMPARE(wakes, 1);
    QCOMPARE(box.take().size(), 1u);

    const auto content = std::make_shared<int>(1);
    box.end();
    QVERIFY(!box.putAnswer([content] { }));
    QCOMPARE(content.use_count(), 1);
    QCOMPARE(wakes, 1);
    QVERIFY(box.take().empty());
}

void TestMailbox::letterMayPutAnother()
{
    Mailbox box([] { });
    int read = 0;
    box.put([&] { box.put([&] { ++read; }); });
    for (const Mailbox::Letter &letter : box.take())
        letter();
    QCOMPARE(read, 0);
    for (const Mailbox::Letter &letter : box.take())
        letter();
    QCOMPARE(read, 1);
}

void TestMailbox::manyThreadsLoseNothing()
{
    constexpr int threadCount = 4;
    constexpr int letterCount = 5'000;
    std::atomic<int> wakes = 0;
    Mailbox box([&wakes] {
        ++wakes;
        wakes.notify_one();
    });
    std::vector<std::vector<int>> read(threadCount);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < threadCount; ++thread) {
        threads.emplace_back([&box, &read, thread] {
            for (int n = 0; n < letterCount; ++n)
                box.put([&mine = read[std::size_t(thread)], n] { mine.push_back(n); });
        });
    }

    // The owner sleeps until it is woken; a wake-up that is lost would hang here.
    int count = 0;
    for (int seen = 0; count < threadCount * letterCount;) {
        wakes.wait(seen);
        seen = wakes;
        for (const Mailbox::Letter &letter : box.take()) {
            letter();
            ++count;
        }
    }
    for (std::thread &thread : threads)
        thread.join();

    std::vector<int> expected;
    for (int n = 0; n < letterCount; ++n)
        expected.push_back(n);
    for (const std::vector<int> &mine : read)
        QCOMPARE(mine, expected); // each thread's letters in its order
}

void TestMailbox::closingRacesWithPutting()
{
    for (int round = 0; round < 200; ++round) {
        auto wakes = std::make_unique<std::atomic<int>>(0);
        const auto box = std::make_shared<Mailbox>([&count = *wakes] { ++count; });
        std::atomic<int> accepted = 0;
        std::thread thread([&accepted, box] {
            while (box->put([] { }))
                ++accepted;
        });
        while (accepted < 10)
            std::this_thread::yield();
        box->close();
        wakes.reset(); // what wake touches may go after close()
        thread.join();
        QCOMPARE(int(box->take().size()), accepted.load());
    }
}

QTEST_APPLESS_MAIN(TestMailbox)
#include "tst_mailbox.moc"
