// SPDX-License-Identifier: MIT
#include <demo/inside/requestload.h>

#include <demo/http/http.h>

#include <interloop/interloop.h>

#include <QCoreApplication>

#include <algorithm>

using interloop::Progress;
using interloop::Task;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

RequestLoad::RequestLoad(QStringList addresses, std::function<void()> changed)
    : m_addresses(std::move(addresses)), m_changed(std::move(changed)), m_fates(m_addresses.size(), Fate::Waiting)
{
}

Task<> RequestLoad::run(std::shared_ptr<RequestLoad> load)
{
    Progress::current().setRange(0, int(load->m_addresses.size()));
    std::vector<Task<>> all;
    for (int number = 0; number < load->m_addresses.size(); ++number)
        all.push_back(fetch(load, number));
    co_await interloop::gather(std::move(all));
}

Task<> RequestLoad::fetch(std::shared_ptr<RequestLoad> load, int number)
{
    const auto begin = steady_clock::now();
    Fate fate = Fate::Failed;
    try {
        // Its bytes are not this load's progress.
        const HttpReply reply = co_await Progress().follow(httpGet(load->m_addresses[number], 30s));
        if (reply.isSuccess())
            fate = Fate::Served;
        else if (load->m_firstFailure.isEmpty())
            load->m_firstFailure = QString::fromUtf8(reply.body).trimmed();
    } catch (const HttpError &error) {
        if (load->m_firstFailure.isEmpty())
            load->m_firstFailure = error.sentence();
    }
    if (fate == Fate::Served)
        load->m_latencies << std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin);
    load->end(number, fate);
}

void RequestLoad::end(int number, Fate fate)
{
    m_fates[number] = fate;
    const int ended = int(m_fates.size()) - count(Fate::Waiting);
    Progress progress = Progress::current();
    progress.setValue(ended);
    progress.setText(
            QCoreApplication::translate("RequestLoad", "%1 of %2").arg(ended).arg(m_fates.size()).toStdString());
    m_changed();
}

std::chrono::microseconds RequestLoad::latency(int percent) const
{
    if (m_latencies.isEmpty())
        return 0us;
    QList<std::chrono::microseconds> sorted = m_latencies;
    std::sort(sorted.begin(), sorted.end());
    return sorted[std::max<qsizetype>((sorted.size() * percent + 99) / 100 - 1, 0)];
}
