// SPDX-License-Identifier: MIT
#pragma once

#include <tests/torture/monkey/life.h>

#include <QElapsedTimer>
#include <QPointer>
#include <QTimer>

#include <random>

/*
 * Does random things to an application, some 100 a second: what a user does, by events that go the way that a
 * platform's events go (so that modal dialogs, popups and Input::Exclude keep them back), and what an application's own
 * code may do at any time.
 *
 * What step n of a seed is does not depend on what the application did before; what it hits does.
 *
 * It obeys Qt's rules and ours: an object is deleted at once only when no event handler of its is on a stack, and later
 * only where Qt's handlers stand it (handler.h); objects whose code is not on any stack - emitters, contexts,
 * connections' receivers, threads - at any time. Models are not changed while they tell of a change. Nobody waits in a
 * menu's aboutToShow(): the menu may be closed meanwhile, and QMenuBar uses it behind that; nor in a model's signals, when
 * some of its views have not heard of the change yet.
 */

QT_BEGIN_NAMESPACE
class QWindow;
QT_END_NAMESPACE

namespace interloop::monkey {

class Monkey : public QObject
{
    Q_OBJECT

public:
    explicit Monkey(quint64 seed) : m_seed(seed) { }

    // From now on, until the life is told to end after `duration`.
    void play(Life &life, std::chrono::milliseconds duration);

    // How long ago the application was told to end.
    std::chrono::milliseconds sinceTold() const { return std::chrono::milliseconds(m_told.elapsed()); }

    int expectedCode() const noexcept { return m_expectedCode; }

    // The last life ends with the bridge.
    void setIsLast(bool isLast) noexcept { m_isLast = isLast; }

private:
    class Step;

    void act();
    void act(Step &step);
    void click(Step &step);
    void press(Step &step);
    void reshape(Step &step);
    void closeAWindow(Step &step);
    void deleteAWindow(Step &step);
    void openAWindow(Step &step);
    void endTheLife();
    void endWhenTheBridgeHas();
    QWindow *target(Step &step) const;

    quint64 m_seed;
    quint64 m_steps = 0;
    quint64 m_nextWindow = 0;
    QPointer<Life> m_life;
    QTimer m_timer;
    QElapsedTimer m_life_time;
    std::chrono::milliseconds m_duration{0};
    QElapsedTimer m_told;
    int m_expectedCode = 0;
    bool m_isLast = false;
};

} // namespace interloop::monkey
