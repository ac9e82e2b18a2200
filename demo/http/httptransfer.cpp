// SPDX-License-Identifier: MIT
#include <demo/http/httptransfer.h>

#include <algorithm>
#include <new>
#include <utility>

namespace {

// "host:port:address,address", CURLOPT_RESOLVE's form.
QByteArray resolvedEntry(const QUrl &url, const QList<interloop::SocketAddress> &addresses)
{
    QStringList hosts;
    for (const interloop::SocketAddress &address : addresses)
        hosts << (address.host().contains(':') ? '[' + address.host() + ']' : address.host());
    const QString host = url.host(QUrl::FullyEncoded);
    return QStringLiteral("%1:%2:%3").arg(host).arg(addresses.first().port()).arg(hosts.join(',')).toUtf8();
}

} // namespace

HttpTransfer::HttpTransfer(const QUrl &url, const QList<interloop::SocketAddress> &addresses)
    : m_url(url), m_loop(CurlLoop::current())
{
    m_easy.reset(curl_easy_init());
    if (!m_easy)
        throw std::bad_alloc();
    setOptions(addresses);
    m_clock.start();
    m_loop->add(m_easy.get(), *this);
}

HttpTransfer::~HttpTransfer()
{
    m_loop->remove(m_easy.get());
}

void HttpTransfer::setOptions(const QList<interloop::SocketAddress> &addresses)
{
    CURL *easy = m_easy.get();
    if (!m_url.host().contains(':')) // IPv6 addresses need no resolving
        m_addresses.reset(curl_slist_append(nullptr, resolvedEntry(m_url, addresses).constData()));
    curl_easy_setopt(easy, CURLOPT_RESOLVE, m_addresses.get());
    curl_easy_setopt(easy, CURLOPT_URL, m_url.toEncoded(QUrl::RemoveFragment).constData());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); // its name would have to be resolved too
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "interloop-demo");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, m_explanation);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpTransfer::bodyCame);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpTransfer::headerCame);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
}

interloop::Future<> HttpTransfer::news()
{
    if (m_news.isDone() && !m_isDone)
        m_news = interloop::Future<>();
    m_piece = 0;
    if (std::exchange(m_isPaused, false)) {
        const CURLcode result = curl_easy_pause(m_easy.get(), CURLPAUSE_CONT); // hands over what it has kept
        if (result != CURLE_OK)
            transferEnded(result);
    }
    return m_news;
}

qint64 HttpTransfer::expected() const
{
    curl_off_t length = -1;
    curl_easy_getinfo(m_easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length;
}

long HttpTransfer::systemError() const
{
    long error = 0;
    curl_easy_getinfo(m_easy.get(), CURLINFO_OS_ERRNO, &error);
    return error;
}

QString HttpTransfer::explanation() const
{
    return QString::fromUtf8(m_explanation[0] ? m_explanation : curl_easy_strerror(m_result));
}

HttpReply HttpTransfer::reply()
{
    long status = 0;
    curl_easy_getinfo(m_easy.get(), CURLINFO_RESPONSE_CODE, &status);
    const char *contentType = nullptr; // libcurl's
    curl_easy_getinfo(m_easy.get(), CURLINFO_CONTENT_TYPE, &contentType);
    m_reply.status = static_cast<int>(status);
    m_reply.contentType = QString::fromUtf8(contentType);
    m_reply.duration = std::chrono::milliseconds(m_clock.elapsed());
    return std::move(m_reply);
}

void HttpTransfer::transferEnded(CURLcode result)
{
    m_result = result;
    m_isDone = true;
    m_news.setResult();
}

std::size_t HttpTransfer::bodyCame(char *data, std::size_t, std::size_t count, void *self)
{
    auto *transfer = static_cast<HttpTransfer *>(self);
    if (transfer->m_piece >= largestPiece) {
        transfer->m_isPaused = true;
        return CURL_WRITEFUNC_PAUSE; // these bytes come again when it goes on
    }
    QByteArray &body = transfer->m_reply.body;
    if (body.isEmpty())
        body.reserve(static_cast<qsizetype>(std::clamp<qint64>(transfer->expected(), 0, largestBody)));
    if (body.size() + static_cast<qsizetype>(count) > largestBody)
        return 0; // ends the transfer with CURLE_WRITE_ERROR
    body.append(data, static_cast<qsizetype>(count));
    transfer->m_piece += count;
    transfer->m_news.setResult();
    return count;
}

// Line by line; the first is "HTTP/1.1 200 OK".
std::size_t HttpTransfer::headerCame(char *data, std::size_t, std::size_t count, void *self)
{
    const QByteArray line = QByteArray::fromRawData(data, static_cast<qsizetype>(count)).trimmed();
    if (line.startsWith("HTTP/"))
        static_cast<HttpTransfer *>(self)->m_reply.reason = QString::fromUtf8(line.split(' ').mid(2).join(' '));
    return count;
}
