// SPDX-License-Identifier: MIT
#include <demo/workbench/runner.h>

#include <demo/http/http.h>
#include <demo/parts/errorsentence.h>
#include <demo/parts/waits.h>

#include <interloop/loop/bridge.h>
#include <interloop/task/errors.h>

#include <memory>

using namespace std::chrono_literals;

namespace {

// For waits that nest: the result may have been there long before the slot got it.
QString withHeldBack(QString result, std::chrono::duration<double> heldBack)
{
    if (heldBack > 50ms) {
        const qsizetype end = result.contains('\n') ? result.indexOf('\n') : result.size();
        result.insert(end,
                      Action::tr(" The slot got it %1 s later: what waited on top had to end first.")
                              .arg(heldBack.count(), 0, 'f', 1));
    }
    return result;
}

} // namespace

ActionRunner::ActionRunner(Waits &waits) : m_waits(waits), m_actions(workbenchActions()) { }

void ActionRunner::run(int action, const QString &inputs)
{
    try {
        const QString result = perform(action, inputs);
        Q_EMIT finished(action, withHeldBack(result, interloop::Bridge::current().lastHeldBack()));
    } catch (const interloop::Cancelled &cancellation) {
        if (cancellation.outcome() != interloop::Outcome::ContextDestroyed) // else there is nobody left to tell it
            Q_EMIT cancelled(action);
        throw;
    } catch (const HttpError &error) {
        Q_EMIT failed(action, error.sentence());
    } catch (...) {
        Q_EMIT failed(action, errorSentence(std::current_exception()));
    }
}

QString ActionRunner::perform(int action, const QString &inputs)
{
    const Action &what = m_actions.at(action);
    Wait wait(m_waits, what.title);
    Q_EMIT started(action, wait.id());
    return what.function(wait, inputs.split('\n'), outputOf(action));
}

Output ActionRunner::outputOf(int action)
{
    const auto left = std::make_shared<qsizetype>(100000);
    return [this, action, left](const QString &text) {
        if (*left > 0)
            Q_EMIT output(action, text.left(*left));
        if (*left > 0 && text.size() >= *left)
            Q_EMIT output(action, QStringLiteral("\n") + Action::tr("The rest is not shown.") + '\n');
        *left -= text.size();
    };
}
