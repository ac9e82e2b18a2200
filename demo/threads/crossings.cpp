// SPDX-License-Identifier: MIT
#include <demo/threads/crossings.h>

#include <chrono>
#include <utility>

qint64 Crossings::now()
{
    using namespace std::chrono;
    return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

Crossing Crossings::depart(Direction direction, const QString &what)
{
    Crossing crossing;
    crossing.direction = direction;
    crossing.what = what;
    const std::lock_guard lock(m_mutex);
    crossing.id = ++m_last;
    crossing.posted = now();
    add(crossing);
    return crossing;
}

void Crossings::arrive(Crossing crossing)
{
    crossing.ran = now();
    const std::lock_guard lock(m_mutex);
    add(crossing);
}

void Crossings::add(const Crossing &crossing)
{
    m_news.push_back(crossing);
    if (m_news.size() == 1 && m_tell)
        m_tell();
}

std::vector<Crossing> Crossings::takeNews()
{
    const std::lock_guard lock(m_mutex);
    return std::exchange(m_news, {});
}

void Crossings::setListener(std::function<void()> tell)
{
    const std::lock_guard lock(m_mutex);
    m_tell = std::move(tell);
}

bool cross(const interloop::BridgeRemote &bridge, const std::shared_ptr<Crossings> &crossings,
           Crossing::Direction direction, const QString &what, std::function<void()> function)
{
    const auto arrive = [crossings, crossing = crossings->depart(direction, what), function = std::move(function)] {
        crossings->arrive(crossing);
        function();
    };
    return bridge.postThreadSafe(arrive);
}
