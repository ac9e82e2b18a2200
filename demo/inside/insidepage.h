// SPDX-License-Identifier: MIT
#pragma once

#include <demo/inside/insideform.h>
#include <demo/monitor/lagprobe.h>

#include <interloop/qt/connection.h>

#include <QElapsedTimer>
#include <QTimer>

#include <memory>
#include <optional>

/*
 * "Served from inside": an HTTP server on this thread's bridge whose handlers block, and a load of many requests at
 * once, which one slot waits for. The server lives as long as the page.
 */

class HttpServer;
class Waits;

class InsidePage final : public InsideForm
{
    Q_OBJECT

public:
    explicit InsidePage(Waits &waits); // which must outlive the slots of this page, and so the page
    ~InsidePage() override;

private:
    void listen();
    void sendLoad(); // blocks
    QStringList addresses() const; // one for each request of the next load
    void setLoading(bool isLoading);
    void endLoad(); // all have ended, or were stopped

    void refreshSoon(); // not for each of a thousand changes
    void refresh();
    void showNote();
    void setLoadText();

    Waits &m_waits;
    std::unique_ptr<HttpServer> m_server; // nullptr: it could not listen
    std::shared_ptr<RequestLoad> m_load; // the last one; null: there was none
    std::optional<LagProbe> m_probe; // while there is a load
    double m_longestPause = 0; // of Qt's event loop during the last load, in ms
    QElapsedTimer m_sinceLoad;
    interloop::Connection m_loading;
    QTimer m_refresh;
};
