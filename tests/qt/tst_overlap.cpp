// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <tests/bodynote.h>
#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <QThread>

#include <algorithm>
#include <exception>
#include <memory>

/*
 * What a signal does while the body of an earlier one has not ended: each policy, for plain bodies that park (where the
 * environment parks), for plain bodies that nest, and for coroutines. (Overlap::Restart has a program of its own too,
 * tests/parking/tst_restart.cpp.)
 */

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

class Source : public QObject
{
    Q_OBJECT

signals:
    void asked(int number);
    void said(const QString &text, int number);
};

class Receiver : public QObject
{
    Q_OBJECT

public:
    void plain(const QString &text)
    {
        runSync(sleepFor(1ms));
        heard += text;
    }
    Task<> coroutine(QString text, int number)
    {
        co_await sleepFor(1ms);
        heard += text + QString::number(number);
    }

    QStringList heard;
};

namespace {

enum class Form { Plain, Nested, Coroutine };
enum class End { Cut, CutWithOthers, ContextDeath, SenderDeath, Cancel, Close };

const QList<std::pair<const char *, Form>> forms = {
        {"plain", Form::Plain}, {"nested", Form::Nested}, {"coroutine", Form::Coroutine}};
const QList<std::pair<const char *, Overlap>> following = {
        {"Restart", Overlap::Restart}, {"Enqueue", Overlap::Enqueue}, {"KeepLatest", Overlap::KeepLatest}};
const QList<std::pair<const char *, End>> ends = {{"cut", End::Cut},
                                                  {"cut with all others", End::CutWithOthers},
                                                  {"the context dies", End::ContextDeath},
                                                  {"the sender dies", End::SenderDeath},
                                                  {"cancelled", End::Cancel},
                                                  {"the bridge closes", End::Close}};

// Something a body captures or gets: how many of them live.
class Alive
{
public:
    Alive() { ++count; }
    Alive(const Alive &) { ++count; }
    ~Alive() { --count; }
    Alive &operator=(const Alive &) = delete;

    static inline int count = 0;
};

// Later, in an event of its own: a body may nest on top of whoever emits.
void soon(std::function<void()> function)
{
    QTimer::singleShot(0, QCoreApplication::instance(), std::move(function));
}

// As soon as it is true, from the event loop.
void when(std::function<bool()> condition, std::function<void()> function)
{
    QTimer::singleShot(1, QCoreApplication::instance(), [condition, function] {
        if (condition())
            function();
        else
            when(condition, function);
    });
}

bool parks(Form form)
{
    return form == Form::Plain && Bridge::current().isParking();
}

} // namespace

class TestOverlap : public QObject
{
    Q_OBJECT

private slots:
    void init()
    {
        m_leaks.begin();
        Alive::count = 0;
    }
    void cleanup()
    {
        m_leaks.check();
        QCOMPARE(Alive::count, 0);
    }

    void signalsDuringABodyDoWhatThePolicySays_data();
    void signalsDuringABodyDoWhatThePolicySays();
    void theNextBodyStartsWhenTheOneBeforeHasLeftTheStack_data() { addFollowing(); }
    void theNextBodyStartsWhenTheOneBeforeHasLeftTheStack();
    void memberFunctionsGetTheArgumentsOfTheirSignals();
    void aBodyMayEmitItsOwnSignal();
    void anExceptionGoesToTheHookAndTheNextBodyStarts_data() { addForms(); }
    void anExceptionGoesToTheHookAndTheNextBodyStarts();
    void Q02_Q11_noPendingBodyStartsAfterTheConnectionsEnd_data();
    void Q02_Q11_noPendingBodyStartsAfterTheConnectionsEnd();
    void noPendingBodyStartsWhenTheApplicationQuits_data() { addFollowing(); }
    void noPendingBodyStartsWhenTheApplicationQuits();
    void noPendingBodyStartsWhenItsThreadEnds_data() { addForms(); }
    void noPendingBodyStartsWhenItsThreadEnds();
    void aSignalFromAnotherThreadOutlivesItsSender();
    void afterCancelTheConnectionWorks_data() { addForms(); }
    void afterCancelTheConnectionWorks();
    void aFullQueueIsToldOnceAndLosesTheNewest();
    void signalsFromARawLibuvCallbackFollowThePolicy_data();
    void signalsFromARawLibuvCallbackFollowThePolicy();

    void runningChangesAreTold_data() { addForms(); }
    void runningChangesAreTold();
    void whoIsToldOfTheBeginningMayEndIt_data();
    void whoIsToldOfTheBeginningMayEndIt();
    void whoIsToldOfTheEndMayBeginAnew_data() { addForms(); }
    void whoIsToldOfTheEndMayBeginAnew();
    void listenersComeAndGo();

private:
    static void addForms()
    {
        QTest::addColumn<Form>("form");
        for (const auto &[name, form] : forms)
            QTest::newRow(name) << form;
    }

    static void addFollowing()
    {
        QTest::addColumn<Overlap>("overlap");
        QTest::addColumn<Form>("form");
        for (const auto &[policy, overlap] : following) {
            for (const auto &[name, form] : forms)
                QTest::addRow("%s, %s", policy, name) << overlap << form;
        }
    }

    // Connects a body that waits until `gate` opens.
    static Connection connectBody(Source &source, QObject *context, QStringList &order, Future<> gate, Overlap overlap,
                                  Form form)
    {
        const Alive alive;
        if (form == Form::Coroutine) {
            const auto body = [&order, gate, alive](int number) -> Task<> {
                const Note note(order, number);
                co_await gate;
            };
            return interloop::connect(&source, &Source::asked, context, body, overlap);
        }
        const auto body = [&order, gate, alive](int number) {
            const Note note(order, number);
            runSync(gate);
        };
        return interloop::connect(&source, &Source::asked, context, body, overlap,
                                  form == Form::Plain ? Wait::Park : Wait::Nest);
    }

    CleanupCheck m_leaks;
};

void TestOverlap::signalsDuringABodyDoWhatThePolicySays_data()
{
    addFollowing();
    for (const auto &[name, form] : forms) {
        QTest::addRow("Drop, %s", name) << Overlap::Drop << form;
        QTest::addRow("Parallel, %s", name) << Overlap::Parallel << form;
    }
}

void TestOverlap::signalsDuringABodyDoWhatThePolicySays()
{
    QFETCH(Overlap, overlap);
    QFETCH(Form, form);
    const FifoOrder fifo; // in which parallel bodies go on
    Source source;
    QStringList order;
    Future<> gate;
    Connection connection = connectBody(source, this, order, gate, overlap, form);

    for (const int number : {1, 2, 3, 4})
        soon([&source, number] { emit source.asked(number); });
    bool haveAllCome = false;
    soon([&haveAllCome] { haveAllCome = true; });
    when([&] { return haveAllCome && (overlap != Overlap::Restart || order.contains("4+")); }, [&] { gate.setResult(); });
    QTRY_VERIFY(!order.isEmpty() && !connection.isRunning());

    QString expected;
    switch (overlap) {
    case Overlap::Drop:
        expected = "1+ 1-";
        break;
    case Overlap::Restart: // the queue is looked at between two events
        QVERIFY2(order.first() == "1+" && order[1] == "1-cancelled" && order.last() == "4-", qPrintable(order.join(' ')));
        expected = order.join(' ');
        break;
    case Overlap::Enqueue:
        expected = "1+ 1- 2+ 2- 3+ 3- 4+ 4-";
        break;
    case Overlap::KeepLatest:
        expected = "1+ 1- 4+ 4-";
        break;
    case Overlap::Parallel: // on one stack the first can only return after the last
        expected = form == Form::Coroutine || parks(form) ? "1+ 2+ 3+ 4+ 1- 2- 3- 4-" : "1+ 2+ 3+ 4+ 4- 3- 2- 1-";
        break;
    }
    QCOMPARE(order.join(' '), expected);

    emit source.asked(5); // nothing is left of what was
    QTRY_COMPARE(order.last(), "5-");
    QTRY_VERIFY(!connection.isRunning());
    QObject::disconnect(connection);
}

void TestOverlap::theNextBodyStartsWhenTheOneBeforeHasLeftTheStack()
{
    QFETCH(Overlap, overlap);
    QFETCH(Form, form);
    Source source;
    QStringList order;
    Future<> gate;
    const Connection connection = connectBody(source, this, order, gate, overlap, form);
    soon([&] {
        emit source.asked(1);
        order += "returned";
        QCOMPARE(Bridge::current().depth(), 0);
    });
    soon([&] {
        emit source.asked(2);
        order += "asked";
    });
    if (overlap != Overlap::Restart)
        when([&order] { return order.contains("asked"); }, [&gate] { gate.setResult(); });
    else
        when([&order] { return order.contains("2+"); }, [&gate] { gate.setResult(); });
    QTRY_VERIFY(order.contains("2-"));
    QTRY_VERIFY(!connection.isRunning());

    const QString end = overlap == Overlap::Restart ? "1-cancelled" : "1-";
    const QString nested = "1+ asked " + end + " returned 2+ 2-";
    const QString parked = "1+ returned asked " + end + " 2+ 2-";
    QCOMPARE(order.join(' '), form == Form::Coroutine || parks(form) ? parked : nested);
}

void TestOverlap::memberFunctionsGetTheArgumentsOfTheirSignals()
{
    Source source;
    Receiver receiver;
    const auto hear = [&](const Connection &connection) {
        receiver.heard.clear();
        for (const char *text : {"a", "b", "c"}) // strings that are gone when the bodies run
            soon([&source, text] { emit source.said(QString(text).toUpper(), 1); });
        static_cast<void>(QTest::qWaitFor([&] { return !receiver.heard.isEmpty() && !connection.isRunning(); }));
        QObject::disconnect(connection);
        return receiver.heard.join(' ');
    };
    QCOMPARE(hear(interloop::connect(&source, &Source::said, &receiver, &Receiver::plain, Overlap::Enqueue)), "A B C");
    QCOMPARE(hear(interloop::connect(&source, &Source::said, &receiver, &Receiver::coroutine, Overlap::Enqueue)), "A1 B1 C1");
    const QString latest = hear(interloop::connect(&source, &Source::said, &receiver, &Receiver::plain, Overlap::KeepLatest,
                                                   Wait::Nest));
    QVERIFY2(latest == "A C" || latest == "A B C", qPrintable(latest)); // B may have had its turn
}

void TestOverlap::aBodyMayEmitItsOwnSignal()
{
    Source source;
    int running = 0;
    int deepest = 0;
    int bodies = 0;
    int turns = 0;
    QTimer timer; // the event loop has its turns in between
    timer.callOnTimeout([&] { ++turns; });
    timer.start(0);
    const Connection connection = interloop::connect(
            &source, &Source::asked, this,
            [&](int number) {
                deepest = std::max(deepest, ++running);
                ++bodies;
                if (number > 0)
                    emit source.asked(number - 1);
                if (bodies % 1'000 == 0)
                    QTest::qSleep(1); // more than a turn may take
                --running;
            },
            Overlap::Enqueue, Wait::Nest);
    emit source.asked(9'999);
    QCOMPARE(bodies, 1);
    QTRY_VERIFY(!connection.isRunning());
    QCOMPARE(bodies, 10'000);
    QCOMPARE(deepest, 1);
    QVERIFY2(turns > 5, qPrintable(QString::number(turns)));
}

void TestOverlap::anExceptionGoesToTheHookAndTheNextBodyStarts()
{
    QFETCH(Form, form);
    const UnhandledErrors errors;
    Source source;
    QStringList order;
    Future<> gate;
    const auto fail = [&order](int number) {
        order += QString::number(number);
        if (number < 3)
            throw std::runtime_error(std::to_string(number));
    };
    const auto coroutine = [&, gate](int number) -> Task<> {
        co_await gate;
        fail(number);
    };
    const auto plain = [&, gate](int number) {
        runSync(gate);
        fail(number);
    };
    Connection connection;
    if (form == Form::Coroutine)
        connection = interloop::connect(&source, &Source::asked, this, coroutine, Overlap::Enqueue);
    else
        connection = interloop::connect(&source, &Source::asked, this, plain, Overlap::Enqueue,
                                        form == Form::Plain ? Wait::Park : Wait::Nest);
    for (const int number : {1, 2, 3})
        soon([&source, number] { emit source.asked(number); });
    soon([&gate] { gate.setResult(); });
    QTRY_COMPARE(order.join(' '), "1 2 3");
    QTRY_VERIFY(!connection.isRunning());
    QCOMPARE(errors.texts().join(", "), "a slot of Source::asked(int) threw: 1, a slot of Source::asked(int) threw: 2");
}

void TestOverlap::Q02_Q11_noPendingBodyStartsAfterTheConnectionsEnd_data()
{
    QTest::addColumn<End>("end");
    QTest::addColumn<Overlap>("overlap");
    QTest::addColumn<Form>("form");
    for (const auto &[what, end] : ends) {
        for (const auto &[policy, overlap] : following) {
            for (const auto &[name, form] : forms)
                QTest::addRow("%s, %s, %s", what, policy, name) << end << overlap << form;
        }
    }
}

void TestOverlap::Q02_Q11_noPendingBodyStartsAfterTheConnectionsEnd()
{
    QFETCH(End, end);
    QFETCH(Overlap, overlap);
    QFETCH(Form, form);
    auto source = std::make_unique<Source>();
    auto context = std::make_unique<QObject>();
    QStringList order;
    Future<> gate;
    Connection connection = connectBody(*source, context.get(), order, gate, overlap, form);
    QList<bool> told;
    connection.onRunningChanged(this, [&told](bool isRunning) { told += isRunning; });

    soon([&source] { emit source->asked(1); });
    soon([&] {
        emit source->asked(2);
        emit source->asked(3);
        QVERIFY(connection.isRunning());
        switch (end) {
        case End::Cut:
            QVERIFY(QObject::disconnect(connection));
            break;
        case End::CutWithOthers:
            QVERIFY(QObject::disconnect(source.get(), nullptr, context.get(), nullptr));
            break;
        case End::ContextDeath:
            context.reset();
            emit source->asked(4); // to nobody
            break;
        case End::SenderDeath:
            source.reset();
            break;
        case End::Cancel:
            QVERIFY(connection.cancel());
            break;
        case End::Close:
            Bridge::current().close();
            break;
        }
        if (end == End::Cut || end == End::CutWithOthers || end == End::SenderDeath)
            gate.setResult(); // what has begun goes on
    });
    QTRY_VERIFY(order.size() >= 2);
    QTRY_VERIFY(!connection.isRunning());
    QTest::qWait(5); // for one that should not start

    const bool isCancelled = end == End::ContextDeath || end == End::Cancel || end == End::Close || overlap == Overlap::Restart;
    QCOMPARE(order.join(' '), isCancelled ? "1+ 1-cancelled" : "1+ 1-");
    QTRY_COMPARE(told, QList<bool>({false, true, false}));
    QCOMPARE(bool(connection), end == End::Cancel || end == End::Close);
    if (connection)
        QObject::disconnect(connection);
}

// A coroutine that waits is not ended by the application's quit, but by the bridge's end. The body's clean-up waits: so one
// that is restarted is still there when the quit comes.
void TestOverlap::noPendingBodyStartsWhenTheApplicationQuits()
{
    QFETCH(Overlap, overlap);
    QFETCH(Form, form);
    Source source;
    QStringList order;
    const auto plain = [&order](int number) {
        const Note note(order, number);
        try {
            runSync(sleepFor(60s));
        } catch (const Cancelled &) {
            runSync(sleepFor(5ms));
            throw;
        }
    };
    const auto coroutine = [&order](int number) -> Task<> {
        const Note note(order, number);
        try {
            co_await sleepFor(60s);
        } catch (const Cancelled &) {
            runSync(sleepFor(5ms));
            throw;
        }
    };
    Connection connection;
    if (form == Form::Coroutine)
        connection = interloop::connect(&source, &Source::asked, this, coroutine, overlap);
    else
        connection = interloop::connect(&source, &Source::asked, this, plain, overlap,
                                        form == Form::Plain ? Wait::Park : Wait::Nest);
    soon([&source] { emit source.asked(1); });
    soon([&source] {
        emit source.asked(2);
        soon([] { QCoreApplication::quit(); });
    });
    QCoreApplication::exec();
    if (form == Form::Coroutine)
        Bridge::current().close();
    QTRY_VERIFY(!connection.isRunning());
    QTest::qWait(5); // for one that should not start
    QCOMPARE(order.join(' '), "1+ 1-cancelled");
    QObject::disconnect(connection);
}

void TestOverlap::noPendingBodyStartsWhenItsThreadEnds()
{
    QFETCH(Form, form);
    QThread thread;
    QObject worker;
    worker.moveToThread(&thread);
    QStringList order;
    Connection connection;
    const auto work = [&] {
        auto *source = new Source;
        source->setParent(&worker);
        connection = connectBody(*source, &worker, order, Future<>(), Overlap::Enqueue, form);
        QTimer::singleShot(0, &worker, [source] { emit source->asked(1); });
        QTimer::singleShot(0, &worker, [source, &thread] { // posted beside the first: during its wait all are delivered
            emit source->asked(2);
            thread.quit();
        });
    };
    QMetaObject::invokeMethod(&worker, work);
    thread.start();
    QVERIFY(thread.wait());
    QCOMPARE(order.join(' '), "1+ 1-cancelled");
    QVERIFY(!connection.isRunning());
}

// As with Qt's queued connections, also when somebody is told of the body.
void TestOverlap::aSignalFromAnotherThreadOutlivesItsSender()
{
    QStringList order;
    Future<> gate;
    gate.setResult();
    auto source = std::make_unique<Source>();
    const Connection connection = connectBody(*source, this, order, gate, Overlap::Enqueue, Form::Plain);
    connection.onRunningChanged(this, [&order](bool isRunning) { order += isRunning ? "busy" : "idle"; });
    const std::unique_ptr<QThread> thread(QThread::create([&source] {
        emit source->asked(1);
        source.reset();
    }));
    source->moveToThread(thread.get());
    thread->start();
    QVERIFY(thread->wait());
    QVERIFY(!connection);
    QTRY_COMPARE(order.join(' '), "idle busy 1+ 1- idle");
}

void TestOverlap::afterCancelTheConnectionWorks()
{
    QFETCH(Form, form);
    Source source;
    QStringList order;
    Future<> gate;
    Connection connection = connectBody(source, this, order, gate, Overlap::Enqueue, form);
    soon([&source] { emit source.asked(1); });
    soon([&] {
        emit source.asked(2);
        QVERIFY(connection.cancel());
        emit source.asked(3); // behind the one that unwinds
    });
    when([&order] { return order.contains("3+"); }, [&gate] { gate.setResult(); });
    QTRY_COMPARE(order.join(' '), "1+ 1-cancelled 3+ 3-");
    QTRY_VERIFY(!connection.isRunning());
}

void TestOverlap::aFullQueueIsToldOnceAndLosesTheNewest()
{
    const UnhandledErrors errors;
    Source source;
    Future<> gate;
    QList<int> numbers;
    const auto body = [&, gate](int number) -> Task<> {
        co_await gate;
        numbers += number;
    };
    const Connection connection = interloop::connect(&source, &Source::asked, this, body, Overlap::Enqueue);
    for (int i = 0; i <= ConnectionState::maximumPending + 2; ++i) // the first runs
        emit source.asked(i);
    gate.setResult();
    QTRY_VERIFY(!connection.isRunning());
    QCOMPARE(numbers.size(), ConnectionState::maximumPending + 1);
    QVERIFY(std::ranges::is_sorted(numbers));
    QCOMPARE(numbers.last(), ConnectionState::maximumPending);
    QCOMPARE(errors.texts().size(), 1);
    QCOMPARE(errors.texts().first(), "a slot of Source::asked(int) is behind by 10000 signals: this one is lost, and others "
                                     "until it has caught up: ");
    emit source.asked(-1); // it has caught up
    QTRY_COMPARE(numbers.last(), -1);
    QCOMPARE(errors.texts().size(), 1);
}

void TestOverlap::signalsFromARawLibuvCallbackFollowThePolicy_data()
{
    QTest::addColumn<Overlap>("overlap");
    QTest::addColumn<QString>("expected");
    QTest::newRow("Drop") << Overlap::Drop << "1+ 1-";
    QTest::newRow("Restart") << Overlap::Restart << "3+ 3-";
    QTest::newRow("Enqueue") << Overlap::Enqueue << "1+ 1- 2+ 2- 3+ 3-";
    QTest::newRow("KeepLatest") << Overlap::KeepLatest << "3+ 3-";
    QTest::newRow("Parallel") << Overlap::Parallel << "1+ 2+ 3+ 1- 2- 3-";
}

// A coroutine cannot start there: it starts from the ready queue.
void TestOverlap::signalsFromARawLibuvCallbackFollowThePolicy()
{
    QFETCH(Overlap, overlap);
    QFETCH(QString, expected);
    const FifoOrder fifo;
    Source source;
    QStringList order;
    const auto body = [&order](int number) -> Task<> {
        const Note note(order, number);
        co_await sleepFor(1ms);
    };
    const Connection connection = interloop::connect(&source, &Source::asked, this, body, overlap);
    uv_timer_t timer;
    uv_timer_init(Bridge::current().uvLoop(), &timer);
    timer.data = &source;
    const auto emitSignals = [](uv_timer_t *timer) {
        for (const int number : {1, 2, 3})
            emit static_cast<Source *>(timer->data)->asked(number);
        uv_close(reinterpret_cast<uv_handle_t *>(timer), nullptr);
    };
    uv_timer_start(&timer, emitSignals, 0, 0);
    QTRY_VERIFY(!order.isEmpty() && !connection.isRunning());
    QCOMPARE(order.join(' '), expected);
    QTRY_COMPARE(CleanupCheck::handleCount(), 1);
}

void TestOverlap::runningChangesAreTold()
{
    QFETCH(Form, form);
    Source source;
    QStringList order;
    Future<> gate;
    const Connection connection = connectBody(source, this, order, gate, Overlap::Enqueue, form);
    connection.onRunningChanged(this, [&](bool isRunning) {
        QCOMPARE(connection.isRunning(), isRunning);
        order += isRunning ? "disabled" : "enabled";
    });
    for (const int number : {1, 2})
        soon([&source, number] { emit source.asked(number); });
    soon([&] {
        connection.onRunningChanged(this, [&](bool isRunning) { order += isRunning ? "busy" : "idle"; });
        gate.setResult();
    });
    QTRY_COMPARE(order.last(), "idle");
    // Before the first body begins, and when the last has left the stack; in between not.
    QCOMPARE(order.join(' '), "enabled disabled 1+ busy 1- 2+ 2- enabled idle");

    const Connection none;
    QVERIFY(!none.onRunningChanged(this, [](bool) { }));
}

void TestOverlap::whoIsToldOfTheBeginningMayEndIt_data()
{
    QTest::addColumn<End>("end");
    QTest::addColumn<Form>("form");
    for (const auto &[what, end] : ends) {
        if (end == End::SenderDeath || end == End::Close)
            continue;
        for (const auto &[name, form] : forms)
            QTest::addRow("%s, %s", what, name) << end << form;
    }
}

void TestOverlap::whoIsToldOfTheBeginningMayEndIt()
{
    QFETCH(End, end);
    QFETCH(Form, form);
    Source source;
    auto context = std::make_unique<QObject>();
    QStringList order;
    Connection connection = connectBody(source, context.get(), order, Future<>(), Overlap::Drop, form);
    connection.onRunningChanged(context.get(), [&](bool isRunning) {
        order += isRunning ? "true" : "false";
        if (!isRunning)
            return;
        if (end == End::Cut)
            QObject::disconnect(connection);
        else if (end == End::CutWithOthers)
            source.disconnect();
        else if (end == End::ContextDeath)
            context.reset();
        else
            connection.cancel();
    });
    emit source.asked(1);
    QVERIFY(!connection.isRunning());
    QTest::qWait(5); // for one that should not start
    QCOMPARE(order.join(' '), end == End::ContextDeath ? "false true" : "false true false"); // the listener has gone with it
    QVERIFY(context || end == End::ContextDeath);
}

void TestOverlap::whoIsToldOfTheEndMayBeginAnew()
{
    QFETCH(Form, form);
    Source source;
    QStringList order;
    Future<> gate;
    gate.setResult();
    const Connection connection = connectBody(source, this, order, gate, Overlap::Drop, form);
    int rounds = 0;
    connection.onRunningChanged(this, [&](bool isRunning) {
        if (!isRunning && ++rounds <= 3)
            emit source.asked(rounds);
    });
    QTRY_COMPARE(order.join(' '), "1+ 1- 2+ 2- 3+ 3-");
    QTRY_COMPARE(rounds, 4);
}

void TestOverlap::listenersComeAndGo()
{
    const UnhandledErrors errors;
    Source source;
    Future<> gate;
    QStringList order;
    const Connection connection = connectBody(source, this, order, gate, Overlap::Drop, Form::Coroutine);
    int told = 0;
    int toldMortal = 0;
    auto mortal = std::make_unique<QObject>();
    const QMetaObject::Connection listener = connection.onRunningChanged(this, [&](bool) { ++told; });
    connection.onRunningChanged(mortal.get(), [&](bool isRunning) {
        ++toldMortal;
        if (isRunning)
            mortal.reset(); // while it is being told
    });
    connection.onRunningChanged(this, [&](bool isRunning) {
        if (isRunning)
            throw std::runtime_error("boom");
    });
    emit source.asked(1);
    QVERIFY(QObject::disconnect(listener));
    gate.setResult();
    QTRY_VERIFY(!connection.isRunning());
    QTest::qWait(1);
    QCOMPARE(told, 2);
    QCOMPARE(toldMortal, 2);
    QCOMPARE(errors.texts(), QStringList("a slot of Source::asked(int) threw: boom"));
}

INTERLOOP_TEST_MAIN(TestOverlap)
#include "tst_overlap.moc"
