// SPDX-License-Identifier: MIT
#include <demo/http/http.h>
#include <demo/parts/waits.h>
#include <demo/workbench/actions.h>

#include <interloop/loop/runsync.h>

#include <QLocale>

using interloop::runSync;

QString pageText(const HttpReply &reply)
{
    constexpr qsizetype longest = 100000; // more would be slow to show, and nobody would read it
    const QLocale locale;
    QString sentence = Action::tr("The server answered %1 %2: %3 bytes in %4 s")
                               .arg(reply.status)
                               .arg(reply.reason, locale.toString(reply.body.size()))
                               .arg(double(reply.duration.count()) / 1000, 0, 'f', 2);
    if (reply.body.size() > longest)
        sentence += Action::tr(", the first %1 are shown").arg(locale.toString(longest));
    return sentence + QStringLiteral(".\n\n") + QString::fromUtf8(reply.body.left(longest));
}

//! [code]
QString fetchPage(Wait &wait, const QString &url, std::chrono::seconds timeout)
{
    // A plain function that blocks: runSync returns when libcurl,
    // on this thread's own loop, has the page. The window stays alive,
    // and `wait` shows how far it is and lets Cancel end it.
    const HttpReply reply = runSync(wait.watch(httpGet(url, timeout)));

    if (!reply.isSuccess())
        throw HttpError(pageText(reply));
    return pageText(reply);
}
//! [code]
