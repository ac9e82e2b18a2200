// SPDX-License-Identifier: MIT
#include <interloop/task/timerqueue.h>

#include <algorithm>

namespace interloop {

TimePoint deadlineAfter(TimePoint now, std::chrono::nanoseconds delay) noexcept
{
    if (delay > TimePoint::max() - now)
        return TimePoint::max();
    return now + delay;
}

TimerQueue::~TimerQueue()
{
    for (const Entry &entry : m_heap)
        entry.timer->m_place = Timer::NotQueued;
}

void TimerQueue::put(std::size_t place, const Entry &entry) noexcept
{
    m_heap[place] = entry;
    entry.timer->m_place = place;
}

void TimerQueue::siftUp(std::size_t place, const Entry &entry) noexcept
{
    while (place > 0) {
        const std::size_t parent = (place - 1) / 4;
        if (!isBefore(entry, m_heap[parent]))
            break;
        put(place, m_heap[parent]);
        place = parent;
    }
    put(place, entry);
}

void TimerQueue::siftDown(std::size_t place, const Entry &entry) noexcept
{
    for (;;) {
        const std::size_t firstChild = 4 * place + 1;
        if (firstChild >= m_heap.size())
            break;
        const std::size_t lastChild = std::min(firstChild + 4, m_heap.size());
        std::size_t least = firstChild;
        for (std::size_t child = firstChild + 1; child < lastChild; ++child) {
            if (isBefore(m_heap[child], m_heap[least]))
                least = child;
        }
        if (!isBefore(m_heap[least], entry))
            break;
        put(place, m_heap[least]);
        place = least;
    }
    put(place, entry);
}

void TimerQueue::start(Timer &timer, TimePoint deadline)
{
    const Entry entry{deadline, m_sequence++, &timer};
    m_heap.push_back(entry);
    siftUp(m_heap.size() - 1, entry);
}

void TimerQueue::stop(Timer &timer) noexcept
{
    if (!timer.isActive())
        return;
    const std::size_t place = timer.m_place;
    timer.m_place = Timer::NotQueued;
    const Entry last = m_heap.back();
    m_heap.pop_back();
    if (last.timer == &timer)
        return;
    if (place > 0 && isBefore(last, m_heap[(place - 1) / 4]))
        siftUp(place, last);
    else
        siftDown(place, last);
}

void TimerQueue::shift(std::chrono::nanoseconds difference) noexcept
{
    for (Entry &entry : m_heap) {
        if (entry.deadline != TimePoint::max())
            entry.deadline = deadlineAfter(entry.deadline, difference);
    }
}

void TimerQueue::expireUntil(TimePoint now)
{
    const std::uint64_t limit = m_sequence;
    while (!m_heap.empty() && m_heap.front().deadline <= now && m_heap.front().sequence < limit) {
        Timer &timer = *m_heap.front().timer;
        stop(timer);
        timer.expire();
    }
}

} // namespace interloop
