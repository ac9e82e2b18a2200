// SPDX-License-Identifier: MIT
#include <tests/torture/monkey/monkey.h>

#include <tests/torture/monkey/handler.h>
#include <tests/torture/monkey/window.h>

#include <QTest>
#include <QWindow>
#include <qpa/qwindowsysteminterface.h>

#include <thread>

namespace interloop::monkey {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t mostWindows = 4;

Window *anyWindow(Dice &dice)
{
    const std::vector<Window *> &windows = Window::all();
    return windows.empty() ? nullptr : windows[std::size_t(dice.below(int(windows.size())))];
}

const char *nameOf(const QObject *object)
{
    return object ? object->metaObject()->className() : "nothing";
}

} // namespace

// The random numbers of one step.
class Monkey::Step
{
public:
    Step(quint64 seed, quint64 number) : number(number), m_random(seed * 1'000'003 + number), dice(m_random()) { }

    const quint64 number;

private:
    std::mt19937_64 m_random;

public:
    Dice dice;
};

void Monkey::play(Life &life, std::chrono::milliseconds duration)
{
    m_life = &life;
    m_duration = duration;
    m_life_time.start();
    while (Window::all().size() < 2)
        new Window(life, m_seed + ++m_nextWindow);
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    QObject::disconnect(&m_timer, nullptr, this, nullptr);
    QObject::connect(&m_timer, &QTimer::timeout, this, qOverload<>(&Monkey::act));
    m_timer.start(0);
}

void Monkey::act()
{
    if (!m_life || !m_life->isActing())
        return;
    Step step(m_seed, ++m_steps);
    const bool isResting = step.dice.oneIn(60); // what nests on top of each other gets a chance to return
    m_timer.start(isResting ? 250ms : std::chrono::milliseconds(1 + step.dice.below(11)));
    if (m_life_time.elapsed() > m_duration.count())
        endTheLife();
    else
        act(step);
}

void Monkey::act(Step &step)
{
    Journal &journal = Journal::instance();
    journal.count("actions");
    Dice &dice = step.dice;
    Life &life = *m_life;
    const int what = dice.below(100);
    const auto note = [&](const char *text) {
        journal.note("%llu depth %d parked %d waits %d: %s", static_cast<unsigned long long>(step.number),
                     Bridge::current().depth(), Bridge::current().parked(), life.waiting(), text);
    };
    if (what < 32) {
        click(step);
    } else if (what < 47) {
        press(step);
    } else if (what < 52) {
        reshape(step);
    } else if (what < 55) {
        closeAWindow(step);
    } else if (what < 57) {
        deleteAWindow(step);
    } else if (what < 59) {
        openAWindow(step);
    } else if (what < 63) {
        if (Window *window = anyWindow(dice)) {
            note("delete a widget, add another");
            if (window->deleteAWidget(dice))
                journal.count("deleted widgets");
            window->addAWidget(dice);
        }
    } else if (what < 66) {
        if (Window *window = anyWindow(dice)) {
            note("change a model");
            window->changeTheModel(dice);
        }
    } else if (what < 69) {
        note("replace an emitter");
        life.replaceAnEmitter(dice);
        journal.count("deleted emitters");
    } else if (what < 73) {
        note("replace a context");
        life.replaceAContext(dice);
        journal.count("deleted contexts");
    } else if (what < 77) {
        note("cancel a task");
        if (life.cancelATask(dice))
            journal.count("cancelled tasks");
    } else if (what < 80) {
        note("cancel a connection");
        if (life.cancelAConnection(dice))
            journal.count("cancelled connections");
    } else if (what < 81) {
        note("disconnect");
        life.disconnectSomething(dice);
    } else if (what < 89) {
        note("emit");
        life.emitSomething(dice, 2);
    } else if (what < 93) {
        note("spawn");
        life.spawnSomething(dice);
    } else if (what < 96) {
        note("post");
        life.postSomething(dice);
    } else if (what < 97) {
        if (Window *window = anyWindow(dice)) {
            note("post an event");
            QCoreApplication::postEvent(window, new QEvent(QEvent::User));
        }
    } else if (what < 98) {
        if (life.form() == Form::Mixed) {
            note("switch parking");
            Bridge::current().setParking(dice.oneIn(2));
        }
    } else if (what < 99) {
        if (dice.oneIn(4)) {
            note("replace a thread");
            life.replaceAWorker(dice);
            journal.count("ended threads");
        }
    } else {
        note("run a dialog");
        if (life.mayBeginMore())
            life.runADialog(dice, 1);
    }
}

// Popups first, as a user would: nothing else can be hit while one is open.
QWindow *Monkey::target(Step &step) const
{
    if (QWidget *popup = QApplication::activePopupWidget(); popup && !step.dice.oneIn(4))
        return popup->windowHandle();
    QList<QWindow *> windows;
    for (QWindow *window : QGuiApplication::topLevelWindows()) {
        if (window->isVisible())
            windows += window;
    }
    return windows.isEmpty() ? nullptr : windows[step.dice.below(int(windows.size()))];
}

void Monkey::click(Step &step)
{
    const QPointer<QWindow> window = target(step);
    if (!window)
        return;
    QPoint point(step.dice.below(window->width()), step.dice.below(window->height()));
    const auto *top = QApplication::topLevelAt(window->mapToGlobal(point));
    if (auto *own = qobject_cast<const Window *>(top); own && own->windowHandle() == window) {
        if (const QWidget *widget = own->anyWidget(step.dice); widget && widget->isVisible() && widget->window() == own)
            point = widget->mapTo(own, widget->rect().center());
    }
    const Qt::MouseButton button = step.dice.oneIn(10) ? Qt::RightButton : Qt::LeftButton;
    const bool isDouble = step.dice.oneIn(8);
    const bool isDrag = step.dice.oneIn(10);
    Journal::instance().note("%llu depth %d parked %d: click %d %s at %d,%d",
                             static_cast<unsigned long long>(step.number), Bridge::current().depth(),
                             Bridge::current().parked(), int(button), nameOf(top), point.x(), point.y());
    const QPointF global = window->mapToGlobal(QPointF(point));
    const auto send = [&](Qt::MouseButtons state, Qt::MouseButton changed, QEvent::Type type, QPointF by = {}) {
        QWindowSystemInterface::handleMouseEvent(window, QPointF(point) + by, global + by, state, changed, type);
    };
    for (int n = 0; n < (isDouble ? 2 : 1); ++n) {
        send(button, button, QEvent::MouseButtonPress);
        if (isDrag)
            send(button, Qt::NoButton, QEvent::MouseMove, QPointF(20, 10));
        send(Qt::NoButton, button, QEvent::MouseButtonRelease, isDrag ? QPointF(20, 10) : QPointF());
    }
}

void Monkey::press(Step &step)
{
    static constexpr int keys[] = {Qt::Key_Tab, Qt::Key_Tab, Qt::Key_Backtab, Qt::Key_Escape, Qt::Key_Space,
                                   Qt::Key_Space, Qt::Key_Return, Qt::Key_Return, Qt::Key_Down, Qt::Key_Up,
                                   Qt::Key_Left, Qt::Key_Right, Qt::Key_Delete, Qt::Key_F2, Qt::Key_A, Qt::Key_1, Qt::Key_Home, Qt::Key_F10};
    const int key = keys[step.dice.below(int(std::size(keys)))];
    const bool isMnemonic = step.dice.oneIn(6);
    QWindow *focused = QGuiApplication::focusWindow();
    const QPointer<QWindow> window = focused && !step.dice.oneIn(3) ? focused : target(step);
    if (!window)
        return;
    Journal::instance().note("%llu depth %d parked %d: key %#x%s", static_cast<unsigned long long>(step.number),
                             Bridge::current().depth(), Bridge::current().parked(), unsigned(key),
                             isMnemonic ? ", a mnemonic" : "");
    if (isMnemonic) {
        static constexpr char letters[] = "GSLWFOTEC";
        QWidget *widget = QApplication::activeWindow();
        if (widget && Handler::isNone())
            return;
        if (widget)
            QTest::keyClick(widget, letters[step.dice.below(9)],
                            step.dice.oneIn(4) ? Qt::ControlModifier : Qt::AltModifier);
        return;
    }
    const QString text = key == Qt::Key_A ? QStringLiteral("a") : key == Qt::Key_1 ? QStringLiteral("1")
            : key == Qt::Key_Space ? QStringLiteral(" ") : QString();
    QWindowSystemInterface::handleKeyEvent(window, QEvent::KeyPress, key, Qt::NoModifier, text);
    QWindowSystemInterface::handleKeyEvent(window, QEvent::KeyRelease, key, Qt::NoModifier, text);
}

void Monkey::reshape(Step &step)
{
    const QPointer<Window> window = anyWindow(step.dice);
    if (!window)
        return;
    Journal::instance().note("%llu: resize, hide or show", static_cast<unsigned long long>(step.number));
    switch (step.dice.below(5)) {
    case 0:
        window->hide();
        break;
    case 1:
        window->show();
        break;
    case 2:
        window->move(step.dice.below(600), step.dice.below(400));
        break;
    case 3:
        window->activateWindow();
        break;
    default:
        window->resize(100 + step.dice.below(500), 100 + step.dice.below(400));
        break;
    }
}

void Monkey::closeAWindow(Step &step)
{
    const QPointer<Window> window = anyWindow(step.dice);
    if (!window)
        return;
    Journal::instance().note("%llu depth %d: close a window", static_cast<unsigned long long>(step.number),
                             Bridge::current().depth());
    Journal::instance().count("closed windows");
    window->setAttribute(Qt::WA_DeleteOnClose); // it may have been hidden instead the last time
    window->close();
    if (m_life && m_life->isActing() && Window::all().size() < 2)
        new Window(*m_life, m_seed + ++m_nextWindow);
}

void Monkey::deleteAWindow(Step &step)
{
    const QPointer<Window> window = anyWindow(step.dice);
    if (!window)
        return;
    if (step.dice.oneIn(2) && Handler::mayDelete(window)) {
        Journal::instance().note("%llu depth %d: delete a window", static_cast<unsigned long long>(step.number),
                                 Bridge::current().depth());
        Journal::instance().count("deleted windows");
        delete window;
    } else if (Handler::mayDeleteLater(window)) {
        Journal::instance().note("%llu depth %d: delete a window later", static_cast<unsigned long long>(step.number),
                                 Bridge::current().depth());
        Journal::instance().count("deleted windows");
        window->deleteLater();
    }
    openAWindow(step);
}

void Monkey::openAWindow(Step &step)
{
    if (Window::all().size() >= mostWindows)
        return;
    Journal::instance().note("%llu: open a window", static_cast<unsigned long long>(step.number));
    new Window(*m_life, m_seed + ++m_nextWindow);
}

void Monkey::endTheLife()
{
    Dice dice(m_seed * 31 + m_steps);
    m_told.start();
    m_expectedCode = 0;
    const int way = m_isLast ? 5 : dice.below(6);
    Journal::instance().note("%llu depth %d parked %d: end, way %d", static_cast<unsigned long long>(m_steps),
                             Bridge::current().depth(), Bridge::current().parked(), way);
    Journal::instance().count("end way " + std::to_string(way));
    m_life->setPhase(way == 5 ? Life::Phase::Closing : Life::Phase::Quitting);
    if (way != 5) {
        // quit() asks the windows, and a dialog may refuse.
        QTimer::singleShot(500, m_life, [this] {
            if (m_life->phase() == Life::Phase::Quitting)
                QCoreApplication::exit(m_expectedCode);
        });
    }
    switch (way) {
    case 0:
        QCoreApplication::quit();
        break;
    case 1:
        m_expectedCode = 7;
        QCoreApplication::exit(7);
        break;
    case 2:
        std::thread([] { QCoreApplication::quit(); }).detach();
        break;
    case 3:
        QCoreApplication::postEvent(QCoreApplication::instance(), new QEvent(QEvent::Quit));
        break;
    case 4: // by a task that is on a stack of its own
        spawn([]() -> Task<> {
            runSync(sleepFor(1ms));
            QCoreApplication::quit();
            co_return;
        }());
        break;
    default:
        m_life->closeTheBridge();
        endWhenTheBridgeHas();
        break;
    }
}

void Monkey::endWhenTheBridgeHas()
{
    if (QWidget *popup = QApplication::activePopupWidget())
        popup->close(); // Qt's own exec() of a context menu may be on top of a wait
    if (Bridge::exists())
        QTimer::singleShot(5, this, &Monkey::endWhenTheBridgeHas);
    else
        QCoreApplication::exit(); // quit() asks the windows, and a modal dialog may refuse
}

} // namespace interloop::monkey
