// SPDX-License-Identifier: MIT
#include <interloop/task/mailbox.h>

#include <QObject>
#include <QTest>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using namespace interloop;

class TestMailbox : public QObject
{
    Q_OBJECT

private slots:
    void wakesOnceUntilTaken();
    void refusesAfterClose();
    void lettersOfOneThreadStayInOrder();
    void closeMayRaceWithPut();
};

void TestMailbox::wakesOnceUntilTaken()
{
    int wakes = 0;
    Mailbox mailbox([&wakes] { ++wakes; });
    QVERIFY(mailbox.put([] { }));
    QVERIFY(mailbox.put([] { }));
    QCOMPARE(wakes, 1);
    QCOMPARE(mailbox.take().size(), std::size_t(2));
    QVERIFY(mailbox.take().empty());
    QVERIFY(mailbox.put([] { }));
    QCOMPARE(wakes, 2);
}

void TestMailbox::refusesAfterClose()
{
    int wakes = 0;
    Mailbox mailbox([&wakes] { ++wakes; });
    QVERIFY(!mailbox.isClosed());
    mailbox.close();
    QVERIFY(mailbox.isClosed());

    auto token = std::make_shared<int>();
    const std::weak_ptr<int> alive = token;
    QVERIFY(!mailbox.put([token = std::move(token)] { }));
    QVERIFY(alive.expired()); // destroyed here
    QCOMPARE(wakes, 0);
}

void TestMailbox::lettersOfOneThreadStayInOrder()
{
    constexpr int threadCount = 4;
    constexpr int lettersEach = 5'000;
    std::atomic<int> wakes = 0;
    Mailbox mailbox([&wakes] {
        ++wakes;
        wakes.notify_one();
    });

    std::vector<std::vector<int>> received(threadCount); // not atomic: only the owner's thread runs letters
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < threadCount; ++thread) {
        threads.emplace_back([&mailbox, &received, thread] {
            for (int number = 0; number < lettersEach; ++number)
                mailbox.put([&received, thread, number] { received[std::size_t(thread)].push_back(number); });
        });
    }

    int count = 0;
    int seenWakes = 0;
    while (count < threadCount * lettersEach) {
        wakes.wait(seenWakes); // a lost wake-up hangs here
        seenWakes = wakes;
        for (const Mailbox::Letter &letter : mailbox.take()) {
            letter();
            ++count;
        }
    }
    for (const std::vector<int> &numbers : received) {
        QCOMPARE(numbers.size(), std::size_t(lettersEach));
        QVERIFY(std::is_sorted(numbers.begin(), numbers.end()));
    }
}

void TestMailbox::closeMayRaceWithPut()
{
    for (int round = 0; round < 200; ++round) {
        int wakes = 0; // not atomic: the lock orders it, and close() says that no further call comes
        auto mailbox = std::make_shared<Mailbox>([&wakes] { ++wakes; });
        std::jthread other([mailbox] {
            while (mailbox->put([] { })) { }
        });
        while (mailbox->take().empty())
            std::this_thread::yield();
        mailbox->close();
        ++wakes;
        QVERIFY(mailbox->isClosed());
    }
}

QTEST_APPLESS_MAIN(TestMailbox)
#include "tst_mailbox.moc"
