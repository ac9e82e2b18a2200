// SPDX-License-Identifier: MIT
#include <interloop/task/progress.h>

#include <interloop/task/scheduler.h>
#include <interloop/task/tasklocal.h>

#include <algorithm>

namespace interloop {

class ProgressState
{
public:
    // Sets a field, and tells the listener, who may be replaced by what it does.
    template<typename T>
    void change(T &field, T value)
    {
        if (field == value)
            return;
        field = std::move(value);
        tell();
    }

    void tell() const
    {
        if (const std::function<void()> listener = changed)
            listener();
    }

    // The nearest value that the range allows.
    int bounded(int wanted) const noexcept
    {
        return minimum == 0 && maximum == 0 ? wanted : std::clamp(wanted, minimum, maximum);
    }

    int minimum = 0;
    int maximum = 0;
    int value = 0;
    std::string text;
    std::function<void()> changed;
};

namespace {

using Local = TaskLocal<std::shared_ptr<ProgressState>>;

const Local &local()
{
    static const Local local;
    return local;
}

} // namespace

Progress::Progress() : m_state(std::make_shared<ProgressState>())
{
}

Progress Progress::current()
{
    return Progress(local().value());
}

void Progress::setRange(int minimum, int maximum)
{
    if (!m_state)
        return;
    ProgressState &state = *m_state;
    maximum = std::max(minimum, maximum);
    if (state.minimum == minimum && state.maximum == maximum)
        return;
    state.minimum = minimum;
    state.maximum = maximum;
    state.value = state.bounded(state.value);
    state.tell();
}

void Progress::setValue(int value)
{
    if (m_state)
        m_state->change(m_state->value, m_state->bounded(value));
}

void Progress::setText(std::string text)
{
    if (m_state)
        m_state->change(m_state->text, std::move(text));
}

int Progress::minimum() const noexcept
{
    return m_state ? m_state->minimum : 0;
}

int Progress::maximum() const noexcept
{
    return m_state ? m_state->maximum : 0;
}

int Progress::value() const noexcept
{
    return m_state ? m_state->value : 0;
}

std::string Progress::text() const
{
    return m_state ? m_state->text : std::string();
}

void Progress::setListener(std::function<void()> changed)
{
    if (m_state)
        m_state->changed = std::move(changed);
}

Progress::Following::Following(const Progress &progress)
    : m_before(local().value()), m_chain(currentScheduler().currentChain())
{
    local().set(progress.m_state);
}

Progress::Following::~Following()
{
    const Scheduler *here = existingScheduler();
    if (here && here->currentChain() == m_chain) // not when the task is destroyed where it waits
        local().set(std::move(m_before));
}

} // namespace interloop
