// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>
#include <tests/timeline.h>
#include <tests/windows.h>

#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QEvent>
#include <QPushButton>
#include <QSocketNotifier>
#include <QTimer>

#include <algorithm>
#include <functional>
#include <memory>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * N27: a thousand waits on one stack, each begun in a slot or event handler of its own; one more, and a stack that is
 * nearly used up, give errors.
 */

using namespace interloop;
using namespace interloop::test;

class TestDepth : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void init() { m_leaks.begin(); }
    void cleanup()
    {
        Bridge::current().setMaximumDepth(64);
        m_leaks.check();
    }

    void N27_aThousandLevels_data();
    void N27_aThousandLevels();
    void N27_theDefaultCap();
    void N27_aNearlyUsedUpStackIsRefused();

private:
    CleanupCheck m_leaks;
};

namespace {

using Function = std::function<void()>;

// How the event loop is made to call a function, once, from its own stack frame.
class Trigger
{
public:
    virtual ~Trigger() = default;
    virtual void call(Function &function) = 0;
};

class PostedEvent final : public QObject, public Trigger
{
public:
    void call(Function &function) override
    {
        m_function = &function;
        QCoreApplication::postEvent(this, new QEvent(QEvent::User));
    }

private:
    void customEvent(QEvent *) override { (*m_function)(); }
    Function *m_function = nullptr;
};

class TimerShot final : public Trigger
{
public:
    void call(Function &function) override { QTimer::singleShot(0, QCoreApplication::instance(), function); }
};

class Notifier final : public Trigger
{
public:
    Notifier() : m_descriptor(eventfd(0, EFD_NONBLOCK)), m_notifier(m_descriptor, QSocketNotifier::Read)
    {
        QObject::connect(&m_notifier, &QSocketNotifier::activated, [this] {
            eventfd_t value;
            if (eventfd_read(m_descriptor, &value) == 0)
                (*m_function)();
        });
    }
    ~Notifier()
    {
        m_notifier.setEnabled(false);
        close(m_descriptor);
    }
    void call(Function &function) override
    {
        m_function = &function;
        eventfd_write(m_descriptor, 1);
    }

private:
    int m_descriptor;
    QSocketNotifier m_notifier;
    Function *m_function = nullptr;
};

class Click final : public Trigger
{
public:
    Click()
    {
        m_button.show();
        QObject::connect(&m_button, &QPushButton::clicked, [this] { (*m_function)(); });
    }
    void call(Function &function) override
    {
        m_function = &function;
        QMetaObject::invokeMethod(&m_button, [this] { QTest::mouseClick(&m_button, Qt::LeftButton); }, Qt::QueuedConnection);
    }

private:
    QPushButton m_button;
    Function *m_function = nullptr;
};

// Waits of a level: in the slot of the one before.
class Descent
{
public:
    explicit Descent(Trigger &trigger, int levels) : m_trigger(trigger), m_levels(levels) { }

    // Begins the first level, and returns when all have returned.
    void run() { m_next(); }

    int reached = 0; // depth of the innermost wait
    int returned = 0;
    Outcome beyond = Outcome::Value; // what the wait beyond the last level got
    QString errorBeyond;
    std::size_t stackBytes = 0;

private:
    void begin()
    {
        const char *here = static_cast<const char *>(__builtin_frame_address(0));
        if (m_first == nullptr)
            m_first = here;
        stackBytes = std::size_t(m_first - here);
        if (reached == m_levels) {
            const auto result = tryRunSync(sleepFor(1ms));
            beyond = result.outcome();
            errorBeyond = QString::fromStdString(result.errorString());
            m_bottom.setResult();
            return;
        }
        m_trigger.call(m_next);
        const auto result = tryRunSync(m_bottom, RunOptions());
        if (result)
            ++returned;
        else if (beyond == Outcome::Value) { // refused on the way
            beyond = result.outcome();
            errorBeyond = QString::fromStdString(result.errorString());
            m_levels = reached; // whoever is called yet turns back
            m_bottom.setResult();
        }
    }

    Trigger &m_trigger;
    int m_levels;
    Future<> m_bottom;
    const char *m_first = nullptr;
    Function m_next = [this] {
        if (m_bottom.isDone())
            return;
        reached = std::max(reached, Bridge::current().depth());
        begin();
    };
};

using MakeTrigger = std::function<std::unique_ptr<Trigger>()>;

template<typename Kind>
MakeTrigger makerOf()
{
    return [] { return std::make_unique<Kind>(); };
}

constexpr int levels = 1'000;

} // namespace

Q_DECLARE_METATYPE(MakeTrigger)

void TestDepth::initTestCase()
{
    prepareWindows();
    if (!isSanitized)
        return;
    // Sanitizers make frames several times as large. The main thread's stack may still grow.
    rlimit limit;
    QCOMPARE(getrlimit(RLIMIT_STACK, &limit), 0);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 64 << 20);
    QCOMPARE(setrlimit(RLIMIT_STACK, &limit), 0);
}

void TestDepth::N27_aThousandLevels_data()
{
    QTest::addColumn<MakeTrigger>("makeTrigger");
    QTest::newRow("posted event") << makerOf<PostedEvent>();
    QTest::newRow("timer") << makerOf<TimerShot>();
    QTest::newRow("notifier") << makerOf<Notifier>();
    if (hasWindows())
        QTest::newRow("click") << makerOf<Click>();
}

void TestDepth::N27_aThousandLevels()
{
    QFETCH(MakeTrigger, makeTrigger);
    const std::unique_ptr<Trigger> trigger = makeTrigger();
    Bridge::current().setMaximumDepth(levels);
    Descent descent(*trigger, levels);
    QTimer::singleShot(0, this, [&descent] {
        descent.run();
        QCoreApplication::quit();
    });
    QCoreApplication::exec();

    qInfo("%zu bytes of stack a level", descent.stackBytes / levels);
    QCOMPARE(descent.reached, levels);
    QCOMPARE(descent.returned, levels);
    QCOMPARE(descent.beyond, Outcome::Refused);
    QVERIFY2(descent.errorBeyond.startsWith("TooDeep"), qPrintable(descent.errorBeyond));
}

void TestDepth::N27_theDefaultCap()
{
    PostedEvent trigger;
    Descent descent(trigger, levels);
    descent.run();
    QCOMPARE(descent.reached, 64);
    QCOMPARE(descent.returned, 64);
    QVERIFY2(descent.errorBeyond.startsWith("TooDeep"), qPrintable(descent.errorBeyond));
}

namespace {

class SmallStack
{
public:
    int reached = 0;
    int returned = 0;
    QString error;
};

void *descendOnSmallStack(void *argument)
{
    SmallStack &seen = *static_cast<SmallStack *>(argument);
    Bridge::current().setMaximumDepth(1'000'000);
    PostedEvent trigger;
    Descent descent(trigger, 1'000'000);
    descent.run();
    seen.reached = descent.reached;
    seen.returned = descent.returned;
    seen.error = descent.errorBeyond;
    return nullptr;
}

} // namespace

void TestDepth::N27_aNearlyUsedUpStackIsRefused()
{
    SmallStack seen;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    pthread_t thread;
    QCOMPARE(pthread_create(&thread, &attributes, &descendOnSmallStack, &seen), 0);
    pthread_attr_destroy(&attributes);
    pthread_join(thread, nullptr);

    qInfo("%d levels on a stack of 1 MiB", seen.reached);
    QVERIFY2(seen.error.startsWith("StackLow"), qPrintable(seen.error));
    QVERIFY(seen.reached > 10);
    QCOMPARE(seen.returned, seen.reached); // all others ended as if nothing had been
}

INTERLOOP_TEST_MAIN(TestDepth)
#include "tst_depth.moc"
