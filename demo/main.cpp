// SPDX-License-Identifier: MIT
#include "options.h"
#include "player.h"
#include "server.h"
#include "window.h"

#include <interloop/interloop.h>

#include <QApplication>
#include <QFile>

#include <cstdio>
#include <optional>

namespace {

int fail(const QString &sentence, int status)
{
    std::fprintf(stderr, "interloop-demo: %s\n", qPrintable(sentence));
    return status;
}

int conclude(const Report &report, const QString &fileName)
{
    if (!fileName.isEmpty()) {
        QFile file(fileName);
        const QByteArray json = report.toJson();
        if (!file.open(QIODevice::WriteOnly) || file.write(json) != json.size())
            return fail(QStringLiteral("the report %1 cannot be written: %2").arg(fileName, file.errorString()), 1);
    }
    return report.firstError().isEmpty() ? 0 : fail(report.firstError(), 1);
}

int runDemo(QApplication &application, const Options &options)
{
    const QList<Step> steps = options.script.isEmpty() ? QList<Step>() : readScript(options.script);
    const Server server;
    Window window(options.url.isEmpty() ? server.url() + QStringLiteral("/slow?ms=3000") : options.url);
    window.timeout->setValue(options.timeout);
    window.show();

    interloop::Bridge &bridge = interloop::Bridge::current();
    bridge.setUnhandledErrorHandler(
            [&window](const QString &where, std::exception_ptr error) { window.showFailure(where, error); });
    bridge.setHeldBackThreshold(std::chrono::hours(1)); // the window itself shows what is held back

    std::optional<Player> player;
    if (!steps.isEmpty()) {
        player.emplace(window, steps, server.url(), options.screenshot);
        player->start();
    }
    const int status = application.exec();
    interloop::Bridge::current().close();
    return player ? conclude(player->finish(), options.report) : status;
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication::setApplicationName(QStringLiteral("interloop-demo"));
    QCoreApplication::setApplicationVersion(QStringLiteral(INTERLOOP_VERSION));
    const Options options = Options::fromCommandLine(argc, argv);
    if (options.isHeadless)
        qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    try {
        return runDemo(application, options);
    } catch (const ScriptError &error) {
        return fail(QString::fromUtf8(error.what()), 2);
    } catch (const std::exception &error) {
        return fail(QString::fromUtf8(error.what()), 1);
    }
}
