// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>
#include <interloop/test/leakcheck.h>
#include <tests/testmain.h>

#include <QImage>
#include <QJSEngine>
#include <QLibraryInfo>
#include <QPainter>
#include <QPainterPath>
#include <QProcess>
#include <QProcessEnvironment>
#include <QQmlComponent>
#include <QQmlEngine>
#include <QRegularExpression>
#include <QTest>
#include <QTimer>
#include <QVersionNumber>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>

/*
 * Parts of Qt that use much stack, or have an idea of their own where it lies and ends, in the body of a slot that can
 * be parked. JavaScript that recurses too deeply is tried in processes of its own, as it may end them.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

// From a fiber: whether a wait parks it, and how many waits nest meanwhile.
class LookAround
{
public:
    int parked = 0;
    int depth = 0;
};

LookAround lookAround()
{
    LookAround found;
    Future<void> done;
    QTimer::singleShot(0, QCoreApplication::instance(), [&found, done]() mutable {
        found.parked = Bridge::current().parked();
        found.depth = Bridge::current().depth();
        done.setResult();
    });
    runSync(done);
    return found;
}

// Runs `body` in a slot that can be parked, and waits for it.
void runInSlot(const std::function<void()> &body)
{
    QTimer source;
    source.setSingleShot(true);
    bool hasEnded = false;
    interloop::connect(&source, &QTimer::timeout, QCoreApplication::instance(), [&body, &hasEnded] {
        body();
        hasEnded = true;
    });
    source.start(0);
    QTRY_VERIFY_WITH_TIMEOUT(hasEnded, 30'000);
}

// As above, with the stacks of a new bridge, and says how much of one was used.
void runInSlot(const char *what, const std::function<void()> &body)
{
    Bridge::current().close();
    Bridge::current().setParking(true);
    runInSlot([&body] {
        body();
        QCOMPARE(lookAround().parked, 1);
    });
    const std::size_t used = Bridge::current().stackHighWaterMark();
    QVERIFY(used > 0);
    std::printf("stack used by %s: %zu KiB\n", what, used / 1024);
}

QImage picture()
{
    QImage image(320, 200, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::white);
    QPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(QFont(QStringLiteral("DejaVu Sans"), 20));
    painter.drawText(image.rect(), Qt::AlignTop | Qt::TextWordWrap, QStringLiteral("Text that is wrapped, in a slot"));
    QPainterPath outlines;
    outlines.addText(10, 180, painter.font(), QStringLiteral("outlines"));
    painter.fillPath(outlines, QBrush(QRadialGradient(100, 150, 90)));
    return image;
}

// Recursion by brackets, and a search that goes back often.
QStringList matches()
{
    QRegularExpression nested(QStringLiteral("\\((?:[^()]|(?R))*\\)"));
    QRegularExpression greedy(QStringLiteral("(?:a|b|ab)*?(?:ba)+x$"));
    nested.optimize();
    greedy.optimize();
    const QString brackets = QString(5'000, QLatin1Char('(')) + QString(5'000, QLatin1Char(')'));
    const QString letters = QStringLiteral("ab").repeated(5'000) + QStringLiteral("ax");
    return {QString::number(nested.match(brackets).capturedLength()),
            QString::number(greedy.match(letters).capturedStart())};
}

constexpr const char *recursion = "let calls = 0;"
                                  "function walk(list) { ++calls; return list.map(item => walk([item])).length; }"
                                  "let error = 'none';"
                                  "try { walk([1]); } catch (caught) { error = caught.name; }"
                                  "error";

// A process of its own: recurses in JavaScript on stacks of `kibibytes`.
int recurse(int kibibytes)
{
    Bridge::current().setStackSize(std::size_t(kibibytes) * 1024);
    Bridge::current().setParking(true);
    runInSlot([] {
        QJSEngine engine;
        std::printf("%s\n", qPrintable(engine.evaluate(QString::fromLatin1(recursion)).toString()));
        std::printf("parked %d\n", lookAround().parked);
    });
    std::printf("stack used by recursion in JavaScript: %zu KiB\n", Bridge::current().stackHighWaterMark() / 1024);
    return 0;
}

class Recursion
{
public:
    // `callDepth`: the number of calls that the engine allows; empty: its own choice.
    Recursion(int kibibytes, const QString &callDepth)
    {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.remove(QStringLiteral("QV4_MAX_CALL_DEPTH"));
        if (!callDepth.isEmpty())
            environment.insert(QStringLiteral("QV4_MAX_CALL_DEPTH"), callDepth);
        QProcess process;
        process.setProcessEnvironment(environment);
        process.start(QCoreApplication::applicationFilePath(),
                      {QStringLiteral("--recurse"), QString::number(kibibytes)});
        if (process.waitForFinished(60'000))
            exitCode = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
        output = process.readAllStandardOutput();
    }

    int exitCode = -1;
    QByteArray output;
};

} // namespace

class PageWaiter : public QObject
{
    Q_OBJECT

public:
    LookAround found;
    Q_INVOKABLE void wait() { found = lookAround(); }
};

class PageThing : public QObject
{
    Q_OBJECT
    Q_PROPERTY(int count MEMBER count NOTIFY countChanged)

public:
    int count = 0;

Q_SIGNALS:
    void countChanged();
};

class TestEngines : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_leaks.begin(); }
    void cleanup() { m_leaks.check(); }

    void javaScriptRunsInSlots();
    void anEngineIsUsedFromSeveralStacks();
    void waitsInsideJavaScriptNest();
    void qmlComponentsAreMadeInSlots();
    void textIsPaintedInSlots();
    void regularExpressionsMatchInSlots();
    void tooDeepRecursionInJavaScriptIsARangeError_data();
    void tooDeepRecursionInJavaScriptIsARangeError();
    void withoutEitherItEndsTheProcess();

private:
    LeakCheck m_leaks;
};

void TestEngines::javaScriptRunsInSlots()
{
    QString result;
    runInSlot("JavaScript", [&result] {
        QJSEngine engine;
        result = engine.evaluate(QStringLiteral("let words = [];"
                                                "for (let i = 0; i < 2000; ++i) words.push(JSON.stringify({ n: i }));"
                                                "words.filter(word => /^.*[05]}$/.test(word)).sort().length"))
                         .toString();
    });
    QCOMPARE(result, QStringLiteral("400"));
}

void TestEngines::anEngineIsUsedFromSeveralStacks()
{
    QStringList results;
    runInSlot("JavaScript between waits", [&results] {
        QJSEngine engine;
        const auto next = [&engine, &results] {
            results += engine.evaluate(QStringLiteral("var n = typeof n === 'number' ? n + 1 : 1; gc(); n")).toString();
        };
        engine.installExtensions(QJSEngine::GarbageCollectionExtension);
        next();
        Future<void> done;
        QTimer::singleShot(0, QCoreApplication::instance(), [&next, done]() mutable {
            next(); // on the thread's own stack
            done.setResult();
        });
        runSync(done);
        next();
    });
    QCOMPARE(results, QStringList({QStringLiteral("1"), QStringLiteral("2"), QStringLiteral("3")}));
}

void TestEngines::waitsInsideJavaScriptNest()
{
    PageWaiter waiter;
    QJSEngine::setObjectOwnership(&waiter, QJSEngine::CppOwnership);
    QString result;
    runInSlot("a wait inside JavaScript", [&waiter, &result] {
        QJSEngine engine;
        engine.globalObject().setProperty(QStringLiteral("waiter"), engine.newQObject(&waiter));
        result = engine.evaluate(QStringLiteral("waiter.wait(); 'gone on'")).toString();
    });
    QCOMPARE(result, QStringLiteral("gone on"));
    QCOMPARE(waiter.found.parked, 0);
    QCOMPARE(waiter.found.depth, 1);
}

void TestEngines::qmlComponentsAreMadeInSlots()
{
    qmlRegisterType<PageThing>("Interloop.Test", 1, 0, "Thing");
    QVariant total;
    QString errors;
    runInSlot("a QML component", [&total, &errors] {
        QQmlEngine engine;
        QQmlComponent component(&engine);
        component.setData("import Interloop.Test 1.0\n"
                          "Thing {\n"
                          "    function sum(n) { return n > 0 ? n + sum(n - 1) : 0 }\n"
                          "    property Thing inner: Thing { count: 100 }\n"
                          "    property int total: sum(inner.count) + count\n"
                          "    count: 1\n"
                          "}\n",
                          QUrl());
        const std::unique_ptr<QObject> object(component.create());
        errors = component.errorString();
        if (object) {
            object->setProperty("count", 2);
            total = object->property("total");
        }
    });
    QCOMPARE(errors, QString());
    QCOMPARE(total, QVariant(5'052));
}

void TestEngines::textIsPaintedInSlots()
{
    QImage image;
    runInSlot("a QPainter", [&image] { image = picture(); });
    QCOMPARE(image, picture());
    QImage empty(image.size(), image.format());
    empty.fill(Qt::white);
    QVERIFY(image.copy(0, 0, 320, 60) != empty.copy(0, 0, 320, 60));
}

void TestEngines::regularExpressionsMatchInSlots()
{
    QStringList found;
    runInSlot("regular expressions", [&found] { found = matches(); });
    QCOMPARE(found, matches());
    QCOMPARE(found, QStringList({QStringLiteral("10000"), QStringLiteral("0")}));
}

// What "Nest or park" in bridge/README.md advises: larger stacks, or fewer calls on top of each other.
void TestEngines::tooDeepRecursionInJavaScriptIsARangeError_data()
{
    QTest::addColumn<int>("kibibytes");
    QTest::addColumn<QString>("callDepth");
    QTest::newRow("larger stacks") << 4'096 << QString();
    QTest::newRow("fewer calls") << 1'024 << QStringLiteral("400");
}

void TestEngines::tooDeepRecursionInJavaScriptIsARangeError()
{
    QFETCH(int, kibibytes);
    QFETCH(QString, callDepth);
    const Recursion recursion(kibibytes, callDepth);
    std::printf("%s", recursion.output.constData());
    QCOMPARE(recursion.exitCode, 0);
    QVERIFY2(recursion.output.contains("RangeError\nparked 1\n"), recursion.output.constData());
}

void TestEngines::withoutEitherItEndsTheProcess()
{
    if (QLibraryInfo::version() >= QVersionNumber(6, 5))
        QSKIP("the engine measures the stack");
    const Recursion recursion(1'024, QString());
    QVERIFY(recursion.exitCode != 0);
    QVERIFY2(!recursion.output.contains("RangeError"), recursion.output.constData());
}

int main(int argc, char **argv)
{
    const auto application = interloop::test::makeApplication(argc, argv);
    if (argc == 3 && std::strcmp(argv[1], "--recurse") == 0)
        return recurse(std::atoi(argv[2]));
    TestEngines test;
    QTEST_SET_MAIN_SOURCE_PATH
    return interloop::test::underOrderFromEnvironment([&] { return QTest::qExec(&test, argc, argv); });
}

#include "tst_engines.moc"
