// SPDX-License-Identifier: MIT
#include <demo/inside/insidepage.h>

#include <demo/inside/handlers.h>
#include <demo/inside/httpserver.h>
#include <demo/parts/errorsentence.h>
#include <demo/parts/waits.h>

#include <interloop/interloop.h>

#include <QLocale>
#include <QPointer>

#include <algorithm>

using namespace std::chrono_literals;
using Fate = RequestLoad::Fate;

namespace {

QString inMilliseconds(double time)
{
    return InsidePage::tr("%1 ms").arg(QLocale().toString(time, 'f', time < 10 ? 1 : 0));
}

// The latency of so many percent, or a dash.
QString latencyText(const RequestLoad &load, int percent)
{
    if (load.count(Fate::Served) == 0)
        return QStringLiteral("–");
    return inMilliseconds(std::chrono::duration<double, std::milli>(load.latency(percent)).count());
}

} // namespace

InsidePage::InsidePage(Waits &waits) : m_waits(waits)
{
    m_refresh.setSingleShot(true);
    m_refresh.setInterval(40ms);
    connect(&m_refresh, &QTimer::timeout, this, &InsidePage::refresh);
    connect(count, &QSpinBox::valueChanged, this, &InsidePage::setLoadText);
    connect(stop, &QPushButton::clicked, this, [this] { m_loading.cancel(); });
    m_loading = interloop::connect(load, &QPushButton::clicked, this, &InsidePage::sendLoad);
    m_loading.onRunningChanged(this, [this](bool isLoading) { setLoading(isLoading); });
    setLoadText();
    showNote();
    summary->setText(tr("No load yet. The button sends all requests at once; each one then waits in its handler."));
    listen();
    refresh();
}

InsidePage::~InsidePage() = default;

void InsidePage::listen()
{
    try {
        m_server = std::make_unique<HttpServer>();
        addHandlers(*m_server);
        m_server->setListener([this] { refreshSoon(); });
        address->setText(QStringLiteral("curl %1/report").arg(m_server->url()));
    } catch (const std::system_error &) {
        address->setText(tr("no server"));
        summary->setText(errorSentence(std::current_exception()));
        load->setEnabled(false);
    }
}

void InsidePage::sendLoad()
{
    const QPointer<InsidePage> page(this); // which may go while this slot waits
    const auto changed = [page] {
        if (page)
            page->refreshSoon();
    };
    m_load = std::make_shared<RequestLoad>(addresses(), changed);
    m_server->restartFigures();
    m_probe.emplace();
    m_sinceLoad.start();
    Wait wait(m_waits, tr("Load of the server inside"));
    try {
        interloop::runSync(wait.watch(RequestLoad::run(m_load)));
    } catch (...) {
        if (page)
            page->endLoad();
        throw;
    }
    if (page)
        page->endLoad();
}

QStringList InsidePage::addresses() const
{
    const QStringList paths = path->currentData().toStringList();
    QStringList all;
    for (int i = 0; i < count->value(); ++i)
        all << m_server->url() + paths[i % paths.size()];
    return all;
}

void InsidePage::setLoading(bool isLoading)
{
    const bool hadFocus = (isLoading ? load : stop)->hasFocus();
    (isLoading ? stop : load)->setEnabled(true);
    if (hadFocus)
        (isLoading ? stop : load)->setFocus();
    (isLoading ? load : stop)->setEnabled(false);
}

void InsidePage::endLoad()
{
    m_longestPause = m_probe->record()->ownSinceReset().maximum;
    m_probe.reset();
    const int waiting = m_load->count(Fate::Waiting);
    const int failures = m_load->count(Fate::Failed);
    QString sentence = tr("%1 of %2 requests were answered in %3 s.")
                               .arg(m_load->count(Fate::Served))
                               .arg(m_load->fates().size())
                               .arg(QLocale().toString(double(m_sinceLoad.elapsed()) / 1000, 'f', 2));
    if (waiting > 0)
        sentence += ' ' + tr("Stopped: the client hung up on the other %1.").arg(waiting);
    if (failures > 0)
        sentence += ' ' + tr("Failed: %1, the first one with: %2").arg(failures).arg(m_load->firstFailure());
    summary->setText(sentence);
    if (failures > 0)
        Q_EMIT complained(sentence);
    else
        Q_EMIT said(sentence);
    showNote();
    refresh();
}

void InsidePage::refreshSoon()
{
    if (!m_refresh.isActive())
        m_refresh.start();
}

void InsidePage::refresh()
{
    const ServerFigures figures = m_server ? m_server->figures() : ServerFigures();
    open->setNum(figures.open);
    mostAtOnce->setNum(figures.mostAtOnce);
    served->setNum(figures.served);
    failed->setNum(figures.failed);
    if (!m_load)
        return;
    strip->showFates(m_load->fates());
    median->setText(latencyText(*m_load, 50));
    slowest->setText(latencyText(*m_load, 99));
    pause->setText(inMilliseconds(m_probe ? m_probe->record()->ownSinceReset().maximum : m_longestPause));
    if (!m_probe)
        return;
    summary->setText(tr("The slot of the button waits: %1 of %2 requests have ended.")
                             .arg(m_load->fates().size() - m_load->count(Fate::Waiting))
                             .arg(m_load->fates().size()));
}

void InsidePage::showNote()
{
    const bool isParking = interloop::Bridge::current().isParking();
    note->setText(
            tr("Parking is off (INTERLOOP_PARKING=0), so waits nest: the handlers lie on top of each other on one "
               "stack, each is held back until those above it are done, and some 60 at once are all there may be."));
    note->setHidden(isParking);
}

void InsidePage::setLoadText()
{
    load->setText(count->value() == 1 ? tr("&Load with one request")
                                      : tr("&Load with %1 requests").arg(count->value()));
}
