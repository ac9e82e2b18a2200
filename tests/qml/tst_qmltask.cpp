// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/qml/qml.h>

#include <tests/cleanupcheck.h>
#include <tests/messages.h>
#include <tests/testmain.h>

#include <QQmlComponent>
#include <QQmlContext>
#include <QQmlEngine>
#include <QQmlError>

using namespace interloop;
using namespace interloop::test;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<QmlTask>);

namespace {

const QString ownerDied = QStringLiteral("ContextDestroyed");

} // namespace

class Size
{
    Q_GADGET
    Q_PROPERTY(int width MEMBER width)

public:
    int width = 3;
};

// What QML writes down, and what was seen of tasks.
class Notes : public QObject
{
    Q_OBJECT

public:
    Q_INVOKABLE void add(const QString &text) { texts += text; }

    QStringList texts;
    int begun = 0; // backend's tasks
    int ended = 0;
    QStringList cancelled; // each one's outcome
};

// What is to be told to QML is asked of an object like this one.
class Backend : public QObject
{
    Q_OBJECT

public:
    explicit Backend(Notes *notes) : notes(notes) { }

    Q_INVOKABLE interloop::QmlTask after(int milliseconds, const QVariant &value)
    {
        return QmlTask(this, waitThenGive(notes, milliseconds, value));
    }
    Q_INVOKABLE interloop::QmlTask ownerless(int milliseconds, const QVariant &value)
    {
        return QmlTask(nullptr, waitThenGive(notes, milliseconds, value));
    }
    Q_INVOKABLE interloop::QmlTask fail(const QString &text) { return QmlTask(this, failing(text)); }
    Q_INVOKABLE interloop::QmlTask timeOut()
    {
        return QmlTask(this, withTimeout(1ms, waitThenGive(notes, 60'000, {})));
    }
    Q_INVOKABLE interloop::QmlTask nothing() { return QmlTask(this, sleepFor(1ms)); }
    Q_INVOKABLE interloop::QmlTask object() { return QmlTask(this, pointer(kept)); }
    Q_INVOKABLE interloop::QmlTask dyingObject() { return QmlTask(this, dyingPointer()); }
    Q_INVOKABLE interloop::QmlTask sizes() { return QmlTask(this, listOfSizes()); }
    Q_INVOKABLE interloop::QmlTask shared() { return QmlTask(this, handle); }
    Q_INVOKABLE interloop::QmlTask ended() { return endedTask; }
    Q_INVOKABLE void waitUntilTold() { runSync(told.wait()); }
    Q_INVOKABLE void tell()
    {
        depthWhenTold = Bridge::current().depth();
        parkedWhenTold = Bridge::current().parked();
        told.set();
    }
    Q_INVOKABLE void die() { delete this; }

    Notes *notes;
    QObject *kept = nullptr;
    Event told;
    int depthWhenTold = -1;
    int parkedWhenTold = -1;
    TaskHandle<int> handle;
    QmlTask endedTask;

private:
    static Task<QVariant> waitThenGive(Notes *notes, int milliseconds, QVariant value)
    {
        ++notes->begun;
        try {
            co_await sleepFor(std::chrono::milliseconds(milliseconds));
        } catch (const Cancelled &cancelled) {
            notes->cancelled += QString::fromLatin1(nameOf(cancelled.outcome()));
            throw;
        }
        ++notes->ended;
        co_return value;
    }
    static Task<int> failing(QString text)
    {
        co_await sleepFor(1ms);
        throw std::runtime_error(text.toStdString());
    }
    static Task<QObject *> pointer(QObject *object) { co_return object; }
    static Task<QObject *> dyingPointer() // dies when the task has ended, before the result is delivered
    {
        auto *object = new QObject;
        QMetaObject::invokeMethod(
                QCoreApplication::instance(), [object] { delete object; }, Qt::QueuedConnection);
        co_return object;
    }
    static Task<QList<Size>> listOfSizes() { co_return QList<Size>(2); }
};

// The type that documents are made of.
class Page : public QObject
{
    Q_OBJECT
    Q_PROPERTY(QString text MEMBER m_text NOTIFY textChanged)

Q_SIGNALS:
    void textChanged();

private:
    QString m_text;
};

// An engine with a backend, as an application has them.
class Application
{
public:
    explicit Application(Notes *notes) : notes(notes), backend(new Backend(notes)), engine(new QQmlEngine)
    {
        engine->rootContext()->setContextProperty(QStringLiteral("backend"), backend);
        engine->rootContext()->setContextProperty(QStringLiteral("notes"), notes);
        engine->setOutputWarningsToStandardError(false);
        QObject::connect(engine.get(), &QQmlEngine::warnings, [this](const QList<QQmlError> &list) {
            for (const QQmlError &error : list)
                warnings += error.toString();
        });
    }
    ~Application()
    {
        delete backend;
        engine.reset();
        runSync(sleepFor(0ms)); // those that were cancelled unwind, and use the notes
        QCoreApplication::processEvents();
    }

    // A Page whose body is `source`; its lines begin at 3.
    std::unique_ptr<QObject> make(const QByteArray &source)
    {
        QQmlComponent component(engine.get());
        component.setData("import QML; import Interloop.Test 1.0\nPage { id: page\n" + source + "\n}",
                          QUrl(QStringLiteral("file:page.qml")));
        std::unique_ptr<QObject> object(component.create());
        if (!object)
            QTest::qFail(qPrintable(component.errorString()), __FILE__, __LINE__);
        return object;
    }

    // A Page that does that at once.
    std::unique_ptr<QObject> run(const QByteArray &statements)
    {
        return make("Component.onCompleted: { " + statements + " }");
    }

    Notes *notes;
    QPointer<Backend> backend;
    std::unique_ptr<QQmlEngine> engine;
    QStringList warnings;
};

class TestQmlTask : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { qmlRegisterType<Page>("Interloop.Test", 1, 0, "Page"); }
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void resultsReachTheCallback_data();
    void resultsReachTheCallback();
    void anObjectThatDiesBeforeItIsDeliveredIsNull();
    void callbacksComeFromTheEventLoopInOrder();
    void thenGivesWhatTheCallbackReturns_data();
    void thenGivesWhatTheCallbackReturns();
    void promisesTakeTasks();
    void rejectionsSayHow_data();
    void rejectionsSayHow();
    void anErrorInACallbackIsAWarningWithFileAndLine();
    void aFailureThatNobodyTakesGoesToTheHook_data();
    void aFailureThatNobodyTakesGoesToTheHook();
    void awaitIsForBindings();
    void aBindingOnTheCallItselfLoadsForEver();
    void nothingIsCalledOnceTheOwnerIsDead();
    void withoutAnOwnerItIsCalled();
    void aCallbackMayDestroyTheOwner();
    void bindToEndsTheCallbacksOfAPage();
    void withoutBindToTheCallbackOfADeadPageIsAWarning();
    void theEngineMayEndWhileTasksRun_data();
    void theEngineMayEndWhileTasksRun();
    void callbacksSurviveTheGarbageCollectorAndReloads();
    void aCallbackMayWait();
    void enginesMayShareABackend();
    void aPlainEngineWillDo();
    void whatCannotBeginIsRejected();
    void manyTasksAtOnce();

private:
    CleanupCheck m_leaks;
};

void TestQmlTask::resultsReachTheCallback_data()
{
    QTest::addColumn<QByteArray>("call");
    QTest::addColumn<QString>("expected");
    QTest::newRow("number") << QByteArray("after(1, 5)") << QStringLiteral("number 5");
    QTest::newRow("at once") << QByteArray("after(0, 'a')") << QStringLiteral("string \"a\"");
    QTest::newRow("void") << QByteArray("nothing()") << QStringLiteral("undefined undefined");
    QTest::newRow("list") << QByteArray("after(1, [1, [2]])") << QStringLiteral("object [1,[2]]");
    QTest::newRow("map") << QByteArray("after(1, {a: {b: 1}})") << QStringLiteral("object {\"a\":{\"b\":1}}");
    QTest::newRow("gadgets") << QByteArray("sizes()") << QStringLiteral("object [{\"width\":3},{\"width\":3}]");
    QTest::newRow("object") << QByteArray("object()") << QStringLiteral("object {\"objectName\":\"me\"}");
    QTest::newRow("handle") << QByteArray("shared()") << QStringLiteral("number 9");
}

Task<int> nine()
{
    co_await sleepFor(1ms);
    co_return 9;
}

void TestQmlTask::resultsReachTheCallback()
{
    QFETCH(QByteArray, call);
    QFETCH(QString, expected);
    Notes notes;
    Application application(&notes);
    QObject object;
    object.setObjectName(QStringLiteral("me"));
    application.backend->kept = &object;
    application.backend->handle = spawn(nine());

    const auto page = application.run("backend." + call + ".then(v => notes.add(typeof v + ' ' + JSON.stringify(v)))");

    QTRY_COMPARE(notes.texts, QStringList(expected));
    QCOMPARE(application.warnings, QStringList());
    runSync(application.backend->handle);
}

void TestQmlTask::anObjectThatDiesBeforeItIsDeliveredIsNull()
{
    Notes notes;
    Application application(&notes);
    const auto page = application.run("backend.dyingObject().then(v => notes.add(String(v)))");

    QTRY_COMPARE(notes.texts, QStringList(QStringLiteral("null")));
}

void TestQmlTask::callbacksComeFromTheEventLoopInOrder()
{
    Notes notes;
    Application application(&notes);
    const auto page = application.make(
            "property var task\n"
            "function ask(first) { task.then(() => notes.add(first + 1)); task.then(() => notes.add(first + 2)); "
            "notes.add(first + 0) }\n"
            "Component.onCompleted: { task = backend.after(1, 0); ask('a'); notes.add(String(task.isDone)) }");
    QCOMPARE(notes.texts, QStringList({QStringLiteral("a0"), QStringLiteral("false")}));
    QTRY_COMPARE(notes.texts.size(), 4);
    QCOMPARE(notes.texts.mid(2), QStringList({QStringLiteral("a1"), QStringLiteral("a2")}));
    QVERIFY(page->property("task").value<QmlTask>().isDone());

    notes.texts.clear();
    QMetaObject::invokeMethod(page.get(), "ask", Q_ARG(QVariant, QStringLiteral("b"))); // of a task that has ended

    QCOMPARE(notes.texts, QStringList(QStringLiteral("b0")));
    QTRY_COMPARE(notes.texts, QStringList({QStringLiteral("b0"), QStringLiteral("b1"), QStringLiteral("b2")}));
    QVERIFY(!page->property("task").value<QmlTask>().cancel());
    QCOMPARE(application.warnings, QStringList());
}

void TestQmlTask::thenGivesWhatTheCallbackReturns_data()
{
    QTest::addColumn<QByteArray>("chain");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char *name, const char *chain, const char *expected) {
        QTest::newRow(name) << QByteArray(chain) << QString::fromLatin1(expected);
    };
    row("value", "after(1, 5).then(v => v + 1)", "6");
    row("object", "after(1, 5).then(v => ({toString: () => 'own'}))", "own");
    row("nothing", "after(1, 5).then(() => {})", "undefined");
    row("no function", "after(1, 5).then(undefined, e => 'not this').then(null)", "5");
    row("task", "after(1, 5).then(v => backend.after(1, v + 2))", "7");
    row("failing task", "after(1, 5).then(v => backend.fail('second'))", "!second");
    row("promise", "after(1, 5).then(v => new Promise(resolve => resolve(v + 3)))", "8");
    row("rejected promise", "after(1, 5).then(v => Promise.reject('no'))", "!no");
    row("thenable that throws", "after(1, 5).then(v => ({then: () => { throw 'bad' }}))", "!bad");
    row("thrown", "after(1, 5).then(v => { throw 'x' + v })", "!x5");
    row("passed on", "fail('first').then(v => 'not this').then(v => 'nor this')", "!first");
    row("handled", "fail('first').then(v => 'not this', e => e.message + '!').then(v => v + '!')", "first!!");
}

void TestQmlTask::thenGivesWhatTheCallbackReturns()
{
    QFETCH(QByteArray, chain);
    QFETCH(QString, expected);
    Notes notes;
    Application application(&notes);
    const UnhandledErrors errors;

    const auto page = application.run("backend." + chain
                                      + ".then(v => notes.add(String(v)), e => notes.add('!' + (e.message ?? e)))");

    QTRY_COMPARE(notes.texts, QStringList(expected));
    QCOMPARE(application.warnings, QStringList());
    QCOMPARE(errors.texts(), QStringList());
}

void TestQmlTask::promisesTakeTasks()
{
    Notes notes;
    Application application(&notes);

    const auto page = application.run(
            "Promise.all([backend.after(2, 'a'), backend.after(1, 'b')]).then(all => notes.add(all.join()));"
            "Promise.resolve(backend.fail('lost')).catch(e => notes.add(e.message))");

    QTRY_COMPARE(notes.texts.size(), 2);
    QVERIFY(notes.texts.contains(QStringLiteral("a,b")));
    QVERIFY(notes.texts.contains(QStringLiteral("lost")));
}

void TestQmlTask::rejectionsSayHow_data()
{
    QTest::addColumn<QByteArray>("call");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char *name, const char *call, const char *error) {
        QTest::newRow(name) << QByteArray(call) << QString::fromLatin1(error);
    };
    row("exception", "fail('no such page')", "true no such page Exception false");
    row("cancelled at once", "after(60000, 0)", "true cancelled .Cancelled. Cancelled true");
    row("cancelled in the middle", "after(60000, 0)", "true cancelled .Cancelled. Cancelled true");
    row("timeout", "timeOut()", "true .* TimedOut false");
}

void TestQmlTask::rejectionsSayHow()
{
    QFETCH(QByteArray, call);
    QFETCH(QString, expected);
    Notes notes;
    Application application(&notes);

    const auto page = application.make(
            "property var task\n"
            "Component.onCompleted: { task = backend."
            + call
            + ".then(v => notes.add('a value'));\n"
              "task.then(null, e => notes.add([e instanceof Error, e.message, e.outcome, e.isCancelled].join(' '))) }");
    const QmlTask task = page->property("task").value<QmlTask>();
    const QByteArray row(QTest::currentDataTag());
    if (row == "cancelled in the middle")
        QTRY_COMPARE(notes.begun, 1);
    if (row.startsWith("cancelled"))
        QVERIFY(task.cancel()); // what `then` returned cancels what it began with

    QTRY_COMPARE(notes.texts.size(), 1);
    QVERIFY2(QRegularExpression('^' + expected + '$').match(notes.texts[0]).hasMatch(), qPrintable(notes.texts[0]));
    QVERIFY(!task.cancel());
    QCOMPARE(application.warnings, QStringList());
}

void TestQmlTask::anErrorInACallbackIsAWarningWithFileAndLine()
{
    Notes notes;
    Application application(&notes);

    const auto page =
            application.make("Component.onCompleted: {\n"
                             "  const task = backend.after(1, 0)\n"
                             "  task.then(v => {\n"
                             "    nowhere.text = v })\n"
                             "  task.then(v => { nobody.sees = v }).then(undefined, e => notes.add(e.message))\n"
                             "  task.then(() => { throw 'just text' }).then(() => notes.add('not this'))\n"
                             "}");

    QTRY_COMPARE(notes.texts, QStringList(QStringLiteral("nobody is not defined")));
    QTRY_COMPARE(application.warnings.size(), 2);
    QCOMPARE(application.warnings[0], QStringLiteral("file:page.qml:6: ReferenceError: nowhere is not defined"));
    QVERIFY2(application.warnings[1].endsWith(QStringLiteral("just text")), qPrintable(application.warnings[1]));

    application.engine->setOutputWarningsToStandardError(true);
    const LoggedMessages log;
    const auto second = application.run("backend.after(1, 0).then(() => nothing.at.all)");
    QTRY_COMPARE(log.containing(QStringLiteral("page.qml:3: ReferenceError: nothing is not defined")).size(), 1);
}

void TestQmlTask::aFailureThatNobodyTakesGoesToTheHook_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<bool>("isTaken");
    const auto row = [](const char *name, const char *body, bool isTaken) {
        QTest::newRow(name) << QByteArray(body) << isTaken;
    };
    row("no then", "Component.onCompleted: backend.fail('lost')", false);
    row("no second function", "Component.onCompleted: backend.fail('lost').then(v => v).then(v => v)", false);
    row("second function", "Component.onCompleted: backend.fail('lost').then(v => v).then(v => v, e => e)", true);
    row("await", "property var r: backend.fail('lost').await('soon')\ntext: r.value", false);
    row("errorString", "property var r: backend.fail('lost').await('soon')\ntext: r.errorString", true);
    row("gone await", "Component.onCompleted: { backend.fail('lost').await(); gc() }", false);
}

void TestQmlTask::aFailureThatNobodyTakesGoesToTheHook()
{
    QFETCH(QByteArray, body);
    QFETCH(bool, isTaken);
    Notes notes;
    Application application(&notes);
    const UnhandledErrors errors;

    const auto page = application.make(body);
    if (isTaken) {
        QTRY_COMPARE(Bridge::current().taskCount(), 0);
        QCoreApplication::processEvents();
        QCOMPARE(errors.texts(), QStringList());
    } else {
        QTRY_COMPARE(errors.texts().size(), 1);
        QVERIFY2(errors.texts()[0].contains(QStringLiteral("QmlTask of Backend")), qPrintable(errors.texts()[0]));
        QVERIFY2(errors.texts()[0].endsWith(QStringLiteral(": lost")), qPrintable(errors.texts()[0]));
    }
}

void TestQmlTask::awaitIsForBindings()
{
    Notes notes;
    Application application(&notes);
    const auto page = application.make("property var task: backend.after(1, 'here')\n"
                                       "property var r: task.await('loading...')\n"
                                       "text: r.value + r.isDone\n"
                                       "property var failed: backend.fail('broken').await('none')\n"
                                       "property string failure: failed.value + failed.errorString\n");
    QCOMPARE(page->property("text"), QVariant(QStringLiteral("loading...false")));
    QCOMPARE(page->property("failure"), QVariant(QStringLiteral("none")));

    application.engine->collectGarbage();

    QTRY_COMPARE(page->property("text"), QVariant(QStringLiteral("heretrue")));
    QTRY_COMPARE(page->property("failure"), QVariant(QStringLiteral("nonebroken")));
    const std::unique_ptr<QmlResult> late(page->property("task").value<QmlTask>().await());
    QCOMPARE(late->value(), QVariant(QStringLiteral("here")));
    QVERIFY(late->isDone());
    const std::unique_ptr<QmlResult> ofNothing(QmlTask().await(7));
    QCOMPARE(ofNothing->value(), QVariant(7));
}

// What the header warns of.
void TestQmlTask::aBindingOnTheCallItselfLoadsForEver()
{
    Notes notes;
    Application application(&notes);
    const auto page = application.make("text: backend.after(1, 'here').await('loading...').value");
    QTRY_VERIFY(notes.ended > 3);
    QCOMPARE(page->property("text"), QVariant(QStringLiteral("loading...")));
}

void TestQmlTask::nothingIsCalledOnceTheOwnerIsDead()
{
    Notes notes;
    Application application(&notes);
    const auto page =
            application.run("const task = backend.after(60000, 0);"
                            "task.then(v => notes.add('value'), e => notes.add('error'));"
                            "task.then(v => notes.add('value')).then(v => notes.add('value'), e => notes.add('error'));"
                            "task.await()");
    QTRY_COMPARE(notes.begun, 1);

    delete application.backend;
    application.engine->collectGarbage();

    QTRY_COMPARE(notes.cancelled, QStringList(ownerDied));
    QTRY_COMPARE(Bridge::current().taskCount(), 0);
    QTest::qWait(0);
    QCOMPARE(notes.texts, QStringList());
}

// The negative control: a task that QML's object does not own goes on, and its callback finds that object dead.
void TestQmlTask::withoutAnOwnerItIsCalled()
{
    Notes notes;
    Application application(&notes);
    const auto page = application.run("backend.ownerless(5, 0).then(v => notes.add(String(backend)))");

    delete application.backend;

    QTRY_COMPARE(notes.texts, QStringList(QStringLiteral("null")));
}

void TestQmlTask::aCallbackMayDestroyTheOwner()
{
    Notes notes;
    Application application(&notes);
    const auto page = application.run(
            "const task = backend.after(1, 0), other = backend.after(60000, 0);"
            "task.then(v => { backend.die(); notes.add('dies'); return 1 }).then(v => notes.add('child'));"
            "task.then(v => notes.add('sibling'));"
            "other.then(v => notes.add('other'), e => notes.add('other'))");

    QTRY_COMPARE(notes.cancelled, QStringList(ownerDied));
    QTRY_COMPARE(Bridge::current().taskCount(), 0);
    QTest::qWait(0);
    QCOMPARE(notes.texts, QStringList(QStringLiteral("dies")));
}

void TestQmlTask::bindToEndsTheCallbacksOfAPage()
{
    Notes notes;
    Application application(&notes);
    auto page =
            application.run("backend.after(60000, 0).bindTo(page).then(v => page.text = v, e => notes.add(page.text))");
    auto second = application.run(
            "backend.ownerless(60000, 0).bindTo(page).then(v => page.text = v, e => notes.add(page.text))");
    QTRY_COMPARE(notes.begun, 2);

    page.reset();
    second.reset();

    QTRY_COMPARE(notes.cancelled, QStringList({ownerDied, ownerDied}));
    QTRY_COMPARE(Bridge::current().taskCount(), 0);
    QTest::qWait(0);
    QCOMPARE(notes.texts, QStringList());
    QCOMPARE(application.warnings, QStringList());
}

void TestQmlTask::withoutBindToTheCallbackOfADeadPageIsAWarning()
{
    Notes notes;
    Application application(&notes);
    auto page = application.run("backend.after(1, 0).then(v => notes.add(page.text))");
    page.reset();
    application.engine->collectGarbage();

    QTRY_COMPARE(application.warnings.size(), 1);
    QVERIFY2(application.warnings[0].contains(QStringLiteral("page.qml:3: ReferenceError")),
             qPrintable(application.warnings[0]));
    QCOMPARE(notes.texts, QStringList());
}

void TestQmlTask::theEngineMayEndWhileTasksRun_data()
{
    QTest::addColumn<bool>("hasOwner");
    QTest::newRow("owner lives") << true;
    QTest::newRow("no owner") << false;
}

void TestQmlTask::theEngineMayEndWhileTasksRun()
{
    QFETCH(bool, hasOwner);
    Notes notes;
    Application application(&notes);
    const UnhandledErrors errors;
    auto page =
            application.make("property var kept: []\n"
                             "function begin(task) {\n"
                             "  kept.push(task, task.await(1))\n"
                             "  kept.push(task.then(v => { notes.add('called'); kept.push(task) }).then(v => v)) }\n"
                             "function beginOwned() { for (let i = 0; i < 4; ++i) {\n"
                             "  begin(backend.after(i, [i]))\n"
                             "  backend.fail('unseen').then(v => v, e => notes.add(e.message)) } }\n"
                             "function beginOwnerless() { for (let i = 0; i < 4; ++i)\n"
                             "  begin(backend.ownerless(60000, [i])) }\n");
    QMetaObject::invokeMethod(page.get(), hasOwner ? "beginOwned" : "beginOwnerless");
    if (!hasOwner)
        QTRY_COMPARE(notes.begun, 4);

    page.reset();
    application.engine->collectGarbage();
    application.engine.reset();

    QTRY_COMPARE(Bridge::current().taskCount(), 0);
    QTest::qWait(0);
    QCOMPARE(notes.texts, QStringList());
    if (hasOwner) {
        QCOMPARE(notes.ended, 4); // they are the backend's
        QCOMPARE(errors.texts().size(), 4); // those that were to take them are gone
    } else {
        QCOMPARE(notes.cancelled.count(ownerDied), 4);
    }
}

void TestQmlTask::callbacksSurviveTheGarbageCollectorAndReloads()
{
    Notes notes;
    Application application(&notes);
    const QByteArray source =
            "property int count: 0\n"
            "function begin(milliseconds) { for (let i = 0; i < 20; ++i)\n"
            "  backend.after(milliseconds + i % 5, {n: i}).bindTo(page).then(v => { gc(); return v })\n"
            "    .then(v => { count += v.n; if (++count === 20 * 19 / 2 + 20) notes.add('all') }) }\n"
            "Component.onCompleted: begin(1)\n";
    for (int reload = 0; reload < 3; ++reload) {
        notes.texts.clear();
        auto page = application.make(source);
        application.engine->collectGarbage();
        QTRY_COMPARE(notes.texts, QStringList(QStringLiteral("all")));
        QMetaObject::invokeMethod(page.get(), "begin", Q_ARG(QVariant, reload * 10'000)); // some may end at once
        QCoreApplication::processEvents();
        page.reset();
        application.engine->clearComponentCache();
        application.engine->collectGarbage();
    }
    QTRY_COMPARE(Bridge::current().taskCount(), 0);
    QTest::qWait(0);
    QCOMPARE(notes.texts, QStringList(QStringLiteral("all")));
    QCOMPARE(application.warnings, QStringList());
}

void TestQmlTask::aCallbackMayWait()
{
    Notes notes;
    Application application(&notes);
    const UnhandledErrors errors;

    const auto page = application.run("const task = backend.after(1, 0), failing = backend.fail('x');"
                                      "task.then(() => {"
                                      "  notes.add('waits');"
                                      "  failing.then(null, e => { notes.add(e.message); backend.tell() });"
                                      "  backend.waitUntilTold();"
                                      "  notes.add('waited')"
                                      "}).then(() => notes.add('child'));"
                                      "task.then(() => notes.add('sibling'))");

    QTRY_COMPARE(notes.texts.size(), 5);
    QCOMPARE(notes.texts[0], QStringLiteral("waits"));
    QVERIFY(notes.texts.indexOf(QStringLiteral("x")) < notes.texts.indexOf(QStringLiteral("waited")));
    QVERIFY(notes.texts.indexOf(QStringLiteral("waited")) < notes.texts.indexOf(QStringLiteral("child")));
    QVERIFY(notes.texts.contains(QStringLiteral("sibling")));
    QCOMPARE(application.backend->depthWhenTold, 1); // nested: the engine's frames lie in between
    QCOMPARE(application.backend->parkedWhenTold, 0);
    QCOMPARE(application.warnings, QStringList());
}

void TestQmlTask::enginesMayShareABackend()
{
    Notes notes;
    Application first(&notes);
    Application second(&notes);
    second.engine->rootContext()->setContextProperty(QStringLiteral("backend"), first.backend);
    const QByteArray source = "backend.after(1, {a: [1]}).then(v => { notes.add(JSON.stringify(v)); return {b: 2} "
                              "}).then(v => notes.add(v.b))";

    const auto page = first.run(source);
    const auto other = second.run(source);

    QTRY_COMPARE(notes.texts.size(), 4);
    QCOMPARE(notes.texts.count(QStringLiteral("{\"a\":[1]}")), 2);
    QCOMPARE(notes.texts.count(QStringLiteral("2")), 2);
}

void TestQmlTask::aPlainEngineWillDo()
{
    Notes notes;
    QJSEngine engine;
    Backend backend(&notes);
    QJSEngine::setObjectOwnership(&backend, QJSEngine::CppOwnership);
    QJSEngine::setObjectOwnership(&notes, QJSEngine::CppOwnership);
    engine.globalObject().setProperty(QStringLiteral("backend"), engine.newQObject(&backend));
    engine.globalObject().setProperty(QStringLiteral("notes"), engine.newQObject(&notes));
    const LoggedMessages log;

    const QJSValue value =
            engine.evaluate(QStringLiteral("backend.after(1, [1]).then(v => { notes.add(String(v)); none.such })\n"
                                           "backend.ownerless(1, 0).then(v => notes.add('not called'))"),
                            QStringLiteral("plain.js"));
    QVERIFY2(!value.isError(), qPrintable(value.toString()));

    QTRY_COMPARE(notes.ended, 2);
    QTRY_COMPARE(log.containing(QStringLiteral("plain.js:1: ReferenceError: none is not defined")).size(), 1);
    QCOMPARE(log.containing(QStringLiteral("not known to the engine")).size(), 1);
    QCOMPARE(notes.texts, QStringList(QStringLiteral("1")));
    const QJSValue keyword = engine.evaluate(QStringLiteral("(async function() { await backend.after(1, 0) })"));
    QVERIFY(keyword.isError()); // once it is none, the header can say so
}

void TestQmlTask::whatCannotBeginIsRejected()
{
    Notes notes;
    Application application(&notes);
    const LoggedMessages log;
    Task<int> none;
    application.backend->endedTask = QmlTask(application.backend, std::move(none));
    const auto page =
            application.run("backend.ended().then(v => notes.add('value'), e => notes.add(e.outcome + e.message))");
    QTRY_COMPARE(notes.texts.size(), 1);
    QVERIFY2(notes.texts[0].startsWith(QStringLiteral("Exceptionan empty task")), qPrintable(notes.texts[0]));

    notes.texts.clear();
    Bridge::current().close();
    const auto late = application.run("backend.after(1, 0).then(v => notes.add('value'), e => notes.add(e.outcome))");
    QTRY_COMPARE(notes.texts.size(), 1);
    QVERIFY2(notes.texts[0] == QStringLiteral("Exception"), qPrintable(notes.texts[0]));
    QCOMPARE(log.containing(QStringLiteral("a QmlTask of Backend did not begin")).size(), 1);
    Bridge::current();
}

void TestQmlTask::manyTasksAtOnce()
{
    Notes notes;
    Application application(&notes);
    QElapsedTimer clock;
    clock.start();
    const auto page = application.make("property int count: 0\n"
                                       "Component.onCompleted: { for (let i = 0; i < 2000; ++i)\n"
                                       "  backend.after(0, i).then(v => { ++count }) }");
    const qint64 begun = clock.elapsed();
    QTRY_COMPARE(page->property("count").toInt(), 2'000);
    qInfo("2,000 tasks: %lld ms to begin, %lld ms in all", begun, clock.elapsed());
}

INTERLOOP_TEST_MAIN(TestQmlTask)
#include "tst_qmltask.moc"
