// SPDX-License-Identifier: MIT
#include <tests/cleanupcheck.h>
#include <tests/testmain.h>

#include <interloop/loop/bridge.h>

#include <QGuiApplication>
#include <QHash>
#include <QProcess>

#include <array>
#include <deque>
#include <utility>
#include <vector>

/*
 * The Q rows' accidents, and how three ways to wait in a slot come out of them: Interloop, QCoro's waitFor (0.8.0) and
 * a bare QEventLoop. Each cell is a process of its own, waitcell.cpp; what never ends is ended by it.
 */

using interloop::Bridge;

namespace {

enum Column { Interloop, QCoro, QEventLoopAlone };
const std::array<QString, 3> columnNames = {QStringLiteral("interloop"), QStringLiteral("qcoro"),
                                            QStringLiteral("qeventloop")};

// An accident, and what each way to wait makes of it. "-": there is nothing like it.
class Row
{
public:
    Row(QStringList cell, std::array<QString, 3> expected) : m_cell(std::move(cell)), m_expected(std::move(expected))
    {
    }

    QString name() const { return m_cell.join(' '); }
    QStringList arguments(Column column) const { return QStringList(columnNames[column]) + m_cell; }
    QString expected(Column column) const { return m_expected[column]; }
    bool isToRun(Column column) const;

private:
    QStringList m_cell;
    std::array<QString, 3> m_expected;
};

// The controls run once: in the first environment, without sanitizers.
bool Row::isToRun(Column column) const
{
#ifndef INTERLOOP_TEST_QCORO
    if (column == QCoro)
        return false;
#endif
    if (column == Interloop)
        return true;
    return expected(column) != "-" && !interloop::test::isSanitized && QGuiApplication::platformName() == "offscreen"
            && !qEnvironmentVariableIsSet("QT_NO_GLIB");
}

// Runs programs, several at a time as most of them wait, and keeps what each printed.
class Programs
{
public:
    void add(const QStringList &arguments) { m_pending.push_back(arguments); }

    void run()
    {
        for (int n = 0; n < 8; ++n)
            startNext();
        if (m_running > 0)
            m_loop.exec();
    }

    QString printed(const QStringList &arguments) const { return m_printed.value(arguments.join('|')); }

private:
    void startNext()
    {
        if (m_pending.empty()) {
            if (m_running == 0)
                m_loop.quit();
            return;
        }
        const QStringList arguments = m_pending.front();
        m_pending.pop_front();
        ++m_running;
        auto *process = new QProcess(&m_loop);
        QObject::connect(process, &QProcess::finished, &m_loop, [=, this](int code, QProcess::ExitStatus status) {
            QStringList lines = QString::fromUtf8(process->readAllStandardOutput()).split('\n', Qt::SkipEmptyParts);
            if (status == QProcess::CrashExit || code != 0) {
                lines += "crashes";
                if (arguments.first() == columnNames[Interloop])
                    lines += QString::fromUtf8(process->readAllStandardError());
            }
            m_printed[arguments.join('|')] = lines.join(", ");
            process->deleteLater();
            --m_running;
            startNext();
        });
        process->start(QStringLiteral(INTERLOOP_WAITCELL), arguments);
    }

    QEventLoop m_loop;
    std::deque<QStringList> m_pending;
    QHash<QString, QString> m_printed;
    int m_running = 0;
};

// In which form connected slots wait.
bool isParking()
{
    return Bridge::current().isParking();
}

QString times(int count, const char *text)
{
    return QStringList(count, text).join(", ");
}

} // namespace

class TestQCoro : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();

    void N03_theTaskItselfThrows_data() { addRows("N03"); }
    void N03_theTaskItselfThrows() { compare(); }
    void N04_aShortWaitBeneathALongOne_data() { addRows("N04"); }
    void N04_aShortWaitBeneathALongOne() { compare(); }
    void Q01a_toldToEndInExec_data() { addRows("Q01a"); }
    void Q01a_toldToEndInExec() { compare(); }
    void Q01b_toldToExitOutsideExec_data() { addRows("Q01b"); }
    void Q01b_toldToExitOutsideExec() { compare(); }
    void Q01c_toldToQuitOutsideExec_data() { addRows("Q01c"); }
    void Q01c_toldToQuitOutsideExec() { compare(); }
    void Q01d_theLastWindowIsClosedBeforeTheWait_data() { addRows("Q01d"); }
    void Q01d_theLastWindowIsClosedBeforeTheWait() { compare(); }
    void Q02_objectsAndThreadsDie_data() { addRows("Q02"); }
    void Q02_objectsAndThreadsDie() { compare(); }
    void Q03_theSenderDies_data() { addRows("Q03"); }
    void Q03_theSenderDies() { compare(); }
    void Q04_theFutureHasNoResult_data() { addRows("Q04"); }
    void Q04_theFutureHasNoResult() { compare(); }
    void Q05_aStrangerThrows_data() { addRows("Q05"); }
    void Q05_aStrangerThrows() { compare(); }
    void Q06_anotherThreadAnswersAsTheLoopBegins_data() { addRows("Q06"); }
    void Q06_anotherThreadAnswersAsTheLoopBegins() { compare(); }
    void Q07_tripleClick_data() { addRows("Q07"); }
    void Q07_tripleClick() { compare(); }
    void Q09_aTaskFailsAndNobodyLooks_data() { addRows("Q09"); }
    void Q09_aTaskFailsAndNobodyLooks() { compare(); }
    void Q10_deleteLaterBeforeTheWait_data() { addRows("Q10"); }
    void Q10_deleteLaterBeforeTheWait() { compare(); }

private:
    void makeTable();
    void addRows(const char *row) const;
    void compare() const;

    std::vector<std::pair<QString, Row>> m_table;
    Programs m_programs;
};

void TestQCoro::makeTable()
{
    const auto add = [this](const char *row, const QStringList &cell, const QString &ours, const QString &qcoro,
                            const QString &eventLoop) {
        m_table.emplace_back(row, Row(cell, {ours, qcoro, eventLoop}));
    };

    add("N03", {"task throws"}, "out of the wait comes its own exception", "hangs", "-");
    add("N04", {"overlap"}, isParking() ? "Value, short, Value, long" : "Value, long, Value, short",
        "Value, long, Value, short", "Value, long, Value, short");

    for (const int depth : {1, 5}) {
        for (const char *way : {"quit", "exit", "otherthread", "windowclosed"}) {
            const QString exec = qstrcmp(way, "exit") == 0 ? ", exec 7, " : ", exec 0, ";
            add("Q01a", {"quit inside", way, QString::number(depth)}, times(depth, "Quit") + exec + "Value",
                times(depth, "no value") + exec + "writes into a dead frame",
                times(depth, "no value") + exec + "Value");
        }
        add("Q01a", {"quit inside", "postedquit", QString::number(depth)}, times(depth, "Quit") + ", exec 0, Value",
            times(depth, "Value") + ", hangs", times(depth, "Value") + ", hangs");
    }

    add("Q01b", {"quit outside", "before exec", "exit"}, "Quit, Value, exec 5",
        "no value, no value, writes into a dead frame", "no value, no value, exec 5");
    add("Q01b", {"quit outside", "before exec", "exit before"}, "Value, Value, exec 5",
        "no value, no value, writes into a dead frame", "no value, no value, exec 5");
    add("Q01b", {"quit outside", "aboutToQuit", "exit"}, "Quit, Value, exec 5", "no value, no value, exec 5",
        "no value, no value, exec 5");
    add("Q01b", {"quit outside", "aboutToQuit", "exit before"}, "Value, Value, exec 5", "no value, no value, exec 5",
        "no value, no value, exec 5");
    add("Q01b", {"quit outside", "after exec", "exit"}, "exec 5, Quit, Value", "exec 5, no value, no value",
        "exec 5, no value, no value");
    add("Q01b", {"quit outside", "after exec", "exit before"}, "exec 5, Value, Value", "exec 5, no value, no value",
        "exec 5, no value, no value");

    // All three are right.
    for (const char *place : {"before exec", "aboutToQuit", "after exec"}) {
        const QString ignored = qstrcmp(place, "after exec") == 0 ? "exec 5, Value, Value" : "Value, Value, exec 5";
        add("Q01c", {"quit outside", place, "quit"}, ignored, ignored, ignored);
    }

    add("Q01d", {"next window"}, "Quit", "Value, goes on", "Value, goes on");

    const QString dead = "Value, the slot goes on in a dead object";
    add("Q02", {"object dies", "deleted"}, "ContextDestroyed", dead, dead);
    add("Q02", {"object dies", "window closed"}, "ContextDestroyed", dead, dead);
    add("Q02", {"thread ends"}, "Quit, all unwound", "no value, not all unwound", "no value, all unwound");
    add("Q02", {"application destroyed"}, "all unwound", "not all unwound", "-");

    add("Q03", {"sender dies"}, "SenderDestroyed, came back", "hangs", "hangs");
    add("Q03", {"timer dies"}, "SenderDestroyed, came back", "hangs", "hangs");

    add("Q04", {"future", "cancelled before"}, "Cancelled", "hangs", "hangs");
    add("Q04", {"future", "cancelled"}, "Cancelled", "hangs", "hangs");
    add("Q04", {"future", "dropped"}, "Cancelled", "crashes", "crashes"); // as Qt sees it

    add("Q05", {"stranger throws"}, "the hook has a stranger's exception, Value",
        "out of the wait comes a stranger's exception", "out of the wait comes a stranger's exception");
    add("Q06", {"other thread"}, "none is lost", "hangs", "hangs");
    const QString threeDeep = "1+, 2+, 3+, Value, 3-, Value, 2-, Value, 1-";
    add("Q07", {"triple click"}, "1+, 1-", threeDeep, threeDeep);
    add("Q09", {"nobody looks"}, "task 'job' failed and nobody looked at its result: its own, end", "end", "-");
    // They are right, too: who nests keeps it.
    add("Q10", {"deleteLater"}, isParking() ? "Value, gone" : "Value, kept", "Value, kept", "Value, kept");
}

void TestQCoro::initTestCase()
{
    makeTable();
    for (const auto &[name, row] : m_table) {
        for (const Column column : {Interloop, QCoro, QEventLoopAlone}) {
            if (row.isToRun(column))
                m_programs.add(row.arguments(column));
        }
    }
    m_programs.run();
}

void TestQCoro::addRows(const char *row) const
{
    QTest::addColumn<int>("index");
    for (std::size_t index = 0; index < m_table.size(); ++index) {
        if (m_table[index].first == row)
            QTest::newRow(qPrintable(m_table[index].second.name())) << int(index);
    }
}

void TestQCoro::compare() const
{
    QFETCH(int, index);
    const Row &row = m_table[std::size_t(index)].second;
    for (const Column column : {Interloop, QCoro, QEventLoopAlone}) {
        if (row.isToRun(column))
            QCOMPARE(columnNames[column] + ": " + m_programs.printed(row.arguments(column)),
                     columnNames[column] + ": " + row.expected(column));
    }
}

INTERLOOP_TEST_MAIN(TestQCoro)
#include "tst_qcoro.moc"
