// SPDX-License-Identifier: MIT
#include <demo/app/settings.h>
#include <demo/app/window.h>
#include <demo/server/server.h>
#include <tests/demo/inspection.h>
#include <tests/testmain.h>
#include <tests/windows.h>

#include <interloop/interloop.h>

#include <QAccessible>
#include <QSettings>
#include <QTemporaryDir>
#include <QTranslator>

/*
 * The demo's window for people who cannot use a mouse, see little, or read no English; and for those with small screens.
 */

class TestWindow : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup();

    void tabReachesEveryControl_data() { everyPage(); }
    void tabReachesEveryControl();
    void aKeyLeadsToEveryControl_data() { everyPage(); }
    void aKeyLeadsToEveryControl();
    void noTwoMnemonicsAreTheSame_data() { everyPage(); }
    void noTwoMnemonicsAreTheSame();
    void eachControlHasAnAccessibleName_data() { everyPage(); }
    void eachControlHasAnAccessibleName();
    void eachControlHasANameOfItsOwnForScripts();
    void textsStandOut_data();
    void textsStandOut();
    void nothingIsCutOffAndNothingOverlaps_data();
    void nothingIsCutOffAndNothingOverlaps();
    void everyTextCanBeTranslated_data() { everyPage(); }
    void everyTextCanBeTranslated();
    void settingsAreKept();

private:
    void everyPage();
    void turnTo(const QString &page);

    QTemporaryDir m_folder;
    std::unique_ptr<Server> m_server;
    std::unique_ptr<Window> m_window;
};

void TestWindow::initTestCase()
{
    interloop::test::prepareWindows();
    QSettings::setDefaultFormat(QSettings::IniFormat);
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, m_folder.path());
    m_server = std::make_unique<Server>();
}

void TestWindow::init()
{
    m_window.reset(); // there is never more than one
    m_window = std::make_unique<Window>(*m_server, m_server->url(), 5);
    m_window->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    // Asked again and again: an X server without a window manager forgets what is asked too early.
    QTRY_VERIFY((m_window->activateWindow(), m_window->isActiveWindow()));
}

void TestWindow::cleanup()
{
    interloop::Bridge::current().close();
    m_window.reset();
    applyTheme(Theme::System);
}

void TestWindow::everyPage()
{
    QTest::addColumn<QString>("page");
    for (const char *page : {"workbench", "console", "inside", "breaking", "threads"})
        QTest::newRow(page) << page;
}

void TestWindow::turnTo(const QString &page)
{
    QVERIFY2(m_window->page(page), qPrintable(page));
    m_window->turnTo(m_window->page(page));
    QTest::qWait(0);
}

void TestWindow::tabReachesEveryControl()
{
    QFETCH(QString, page);
    turnTo(page);
    // given: all that a user may press or type into
    const QStringList wanted = namesOf(controlsIn(*m_window));
    QVERIFY(wanted.size() > 6);
    // then: Tab walks through all of it and comes back, and so does Shift+Tab
    QCOMPARE(walk(*m_window, Qt::Key_Tab), wanted);
    QCOMPARE(walk(*m_window, Qt::Key_Backtab), wanted);
}

void TestWindow::aKeyLeadsToEveryControl()
{
    QFETCH(QString, page);
    // given: another page, which hides what had the focus; then the focus outside of both
    m_window->turnTo(m_window->page(page == QLatin1String("console") ? QStringLiteral("workbench") : QStringLiteral("console")));
    const int place = int(m_window->pages().indexOf(m_window->page(page)));
    m_window->findChild<QWidget *>(QStringLiteral("waits"))->setFocus();
    // then: the page's digit leads to the control that it is there for, and the views' to theirs
    QTest::keyClick(m_window.get(), Qt::Key(Qt::Key_1 + place), Qt::AltModifier);
    QCOMPARE(m_window->page()->objectName(), page);
    QTRY_COMPARE(m_window->focusWidget(), m_window->page()->firstFocus());
    for (const auto &[digit, view] : {std::pair(Qt::Key_7, "taskTree"), std::pair(Qt::Key_6, "timeline")}) {
        QTest::keyClick(m_window.get(), digit, Qt::AltModifier);
        QTRY_COMPARE(m_window->focusWidget()->objectName(), view);
        // and: every other control has a key of its own, or stands beside a button that has one
        for (const QWidget *control : controlsIn(*m_window))
            QVERIFY2(control == m_window->focusWidget() || !directKeyOf(control).isEmpty(), qPrintable(nameOf(control)));
    }
}

void TestWindow::noTwoMnemonicsAreTheSame()
{
    QFETCH(QString, page);
    turnTo(page);
    QStringList seen;
    for (const QString &text : mnemonicTextsIn(*m_window)) {
        const QString key = QKeySequence::mnemonic(text).toString();
        if (key.isEmpty())
            continue;
        QVERIFY2(!seen.contains(key), qPrintable(QStringLiteral("%1: \"%2\"").arg(key, text)));
        seen << key;
    }
    QVERIFY(seen.size() >= 8);
}

void TestWindow::eachControlHasAnAccessibleName()
{
    QFETCH(QString, page);
    turnTo(page);
    for (QWidget *control : controlsIn(*m_window)) {
        QAccessibleInterface *accessible = QAccessible::queryAccessibleInterface(control);
        QVERIFY(accessible);
        QVERIFY2(!accessible->text(QAccessible::Name).isEmpty(), qPrintable(nameOf(control)));
    }
}

void TestWindow::eachControlHasANameOfItsOwnForScripts()
{
    QStringList names;
    for (QWidget *widget : m_window->findChildren<QWidget *>()) {
        if (!isControl(widget))
            continue;
        QVERIFY2(!widget->objectName().isEmpty(), qPrintable(nameOf(widget)));
        QVERIFY2(!names.contains(widget->objectName()), qPrintable(widget->objectName()));
        names << widget->objectName();
    }
    QVERIFY(names.size() > 40);
}

void TestWindow::textsStandOut_data()
{
    QTest::addColumn<Theme>("theme");
    QTest::newRow("light") << Theme::Light;
    QTest::newRow("dark") << Theme::Dark;
}

void TestWindow::textsStandOut()
{
    QFETCH(Theme, theme);
    const QPalette palette = paletteOf(theme);
    const std::pair<QPalette::ColorRole, QPalette::ColorRole> pairs[] = {
            {QPalette::WindowText, QPalette::Window},    {QPalette::Text, QPalette::Base},
            {QPalette::Text, QPalette::AlternateBase},   {QPalette::ButtonText, QPalette::Button},
            {QPalette::PlaceholderText, QPalette::Base}, {QPalette::ToolTipText, QPalette::ToolTipBase},
            {QPalette::Link, QPalette::Window},          {QPalette::HighlightedText, QPalette::Highlight},
    };
    for (const QPalette::ColorGroup group : {QPalette::Active, QPalette::Inactive, QPalette::Disabled}) {
        for (const auto &[text, ground] : pairs) {
            const double ratio = contrast(palette.color(group, text), palette.color(group, ground));
            QVERIFY2(ratio >= 4.5, qPrintable(QStringLiteral("role %1 on %2 in group %3: %4").arg(text).arg(ground).arg(group).arg(ratio)));
        }
    }
    // what has the focus is framed in the highlight's colour
    QVERIFY(contrast(palette.color(QPalette::Highlight), palette.color(QPalette::Base)) >= 3);
}

void TestWindow::nothingIsCutOffAndNothingOverlaps_data()
{
    QTest::addColumn<QString>("page");
    QTest::addColumn<QSize>("size");
    for (const char *page : {"workbench", "console", "inside", "breaking", "threads"}) {
        QTest::addRow("%s", page) << page << QSize();
        QTest::addRow("%s, small", page) << page << QSize(1000, 700);
    }
}

void TestWindow::nothingIsCutOffAndNothingOverlaps()
{
    QFETCH(QString, page);
    QFETCH(QSize, size);
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
        m_window->setTheme(theme);
        turnTo(page);
        if (size.isValid()) {
            m_window->resize(size);
            QTRY_COMPARE(m_window->size(), size);
        }
        QTest::qWait(10);
        const QStringList cut = cutOffIn(*m_window);
        QVERIFY2(cut.isEmpty(), qPrintable(cut.join(QStringLiteral("; "))));
        const QStringList overlaps = overlapsIn(*m_window);
        QVERIFY2(overlaps.isEmpty(), qPrintable(overlaps.join(QStringLiteral("; "))));
    }
}

namespace {

// Translates everything into itself, marked.
class MarkingTranslator final : public QTranslator
{
public:
    bool isEmpty() const override { return false; }
    QString translate(const char *, const char *text, const char *, int) const override
    {
        return mark + QString::fromUtf8(text);
    }

    static constexpr QChar mark = u'\u00a7';
};

} // namespace

void TestWindow::everyTextCanBeTranslated()
{
    QFETCH(QString, page);
    MarkingTranslator translator;
    m_window.reset();
    QCoreApplication::installTranslator(&translator);
    init();
    turnTo(page);
    int texts = 0;
    for (const auto &[where, text] : textsIn(*m_window)) {
        QVERIFY2(text.contains(MarkingTranslator::mark), qPrintable(QStringLiteral("%1: \"%2\"").arg(where, text)));
        ++texts;
    }
    QVERIFY(texts > 20);
}

void TestWindow::settingsAreKept()
{
    m_window->turnTo(m_window->page(QStringLiteral("console")));
    m_window->setTheme(Theme::Dark);
    m_window->resize(1100, 777);
    QTRY_COMPARE(m_window->size(), QSize(1100, 777));
    const auto splitter = [this](const char *name) { return m_window->findChild<QSplitter *>(QLatin1String(name)); };
    splitter("halves")->setSizes({300, 700});
    splitter("lower")->setSizes({400, 600});
    const QByteArray halves = splitter("halves")->saveState();
    const QByteArray lower = splitter("lower")->saveState();
    Settings().save(*m_window);
    // when: another window begins with them
    m_window = nullptr;
    m_window = std::make_unique<Window>(*m_server, m_server->url(), 5);
    QCOMPARE(m_window->page()->objectName(), "workbench");
    Settings().restore(*m_window);
    m_window->show();
    QTRY_VERIFY((m_window->activateWindow(), m_window->isActiveWindow()));
    QCOMPARE(m_window->page()->objectName(), "console");
    QCOMPARE(m_window->focusWidget(), m_window->page()->firstFocus());
    QCOMPARE(m_window->size(), QSize(1100, 777));
    QCOMPARE(splitter("halves")->saveState(), halves);
    QCOMPARE(splitter("lower")->saveState(), lower);
    QCOMPARE(Settings().theme(), Theme::Dark);
}

INTERLOOP_TEST_MAIN(TestWindow)
#include "tst_window.moc"
